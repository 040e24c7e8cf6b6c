# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which runs of the kept collections stand for a config and its twin."""
import posixpath
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .metafile import ConfigEntry
from .recipe_options import keeps_recipe

Run = Dict[str, Any]


class KeptRuns(NamedTuple):
    """The runs that stand for a config.

    Attributes:
        file (str): Path of their collection; '' if there are none.
        runs (list[dict]): One of each seed.
    """
    file: str
    runs: List[Run]


class CardRow(NamedTuple):
    """A config and its twin with CR; None stands for one that is missing.

    Attributes:
        plain (ConfigEntry, optional): Without CR.
        cr (ConfigEntry, optional): With CR.
        plain_runs (KeptRuns): Of the former.
        cr_runs (KeptRuns): Of the latter.
    """
    plain: Optional[ConfigEntry]
    cr: Optional[ConfigEntry]
    plain_runs: KeptRuns
    cr_runs: KeptRuns


def card_rows(entries: Sequence[ConfigEntry],
              collections: Dict[str, Dict[str, Any]]) -> List[CardRow]:
    """Put each config beside its twin, with the runs of both.

    Both take them from one collection if one has both, since a difference is
    that of CR only if all else is alike: from the one that has the most runs
    of the two, among equals from the newest.

    Args:
        entries (Sequence[ConfigEntry]): Of a metafile.
        collections (dict): Path of each kept file to its collection.

    Returns:
        list[CardRow]: In the order of the entries.
    """
    twins: Dict[str, Dict[bool, ConfigEntry]] = {}
    for entry in entries:
        twins.setdefault(entry.name.removesuffix('_cr'), {})[entry.cr] = entry
    return [
        _row(pair.get(False), pair.get(True), collections)
        for pair in twins.values()
    ]


def config_runs(entry: Optional[ConfigEntry],
                collection: Dict[str, Any]) -> List[Run]:
    """Finished runs of a config as it is: no option changes its recipe.

    Args:
        entry (ConfigEntry, optional): The config; None has no runs.
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[dict]: The first one of each seed.
    """
    found: Dict[int, Run] = {}
    for run in collection['runs']:
        if (entry and run['state'] == 'done' and keeps_recipe(run['options'])
                and posixpath.normpath(run['config']) == entry.config):
            found.setdefault(run['seed'], run)
    return list(found.values())


def _row(plain: Optional[ConfigEntry], cr: Optional[ConfigEntry],
         collections: Dict[str, Dict[str, Any]]) -> CardRow:
    known = {
        path: (config_runs(plain, collection), config_runs(cr, collection))
        for path, collection in collections.items()
    }

    def rank(path: str) -> tuple:
        both = known[path]
        return (all(both), sum(map(len,
                                   both)), collections[path]['created'], path)

    ranked = sorted(known, key=rank, reverse=True)
    kept = []
    for side in range(2):
        file = next((path for path in ranked if known[path][side]), '')
        kept.append(KeptRuns(file, known[file][side] if file else []))
    return CardRow(plain, cr, *kept)
