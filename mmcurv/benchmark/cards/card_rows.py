# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which runs of the kept collections stand for a config and its twin."""
import posixpath
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from mmcurv.benchmark.matrices.spec_config import key_hash
from mmcurv.engine.config_options import UsageError
from .metafile import ConfigEntry

Run = Dict[str, Any]
# How often a run measures, saves and prints, its seed and where it lies:
# what it learns does not depend on these.
NOT_THE_RECIPE = ('default_hooks.evaluation', 'default_hooks.geometry',
                  'default_hooks.checkpoint', 'default_hooks.logger',
                  'train_cfg.val_interval', 'randomness.seed', 'work_dir')


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
    """Finished runs of a config as it is.

    They are of its file, or of the one that adds CR to it, with the same
    further files; and with all options but those of ``NOT_THE_RECIPE`` their
    config is that of the entry, whether ``--cr`` or the file adds CR, and
    whether an option repeats what the file says.

    Args:
        entry (ConfigEntry, optional): The config; None has no runs.
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[dict]: The first one of each seed.

    Raises:
        UsageError: If the config of the entry cannot be read.
    """
    found: Dict[int, Run] = {}
    for run in collection['runs']:
        if (entry and run['state'] == 'done'
                and _plain_file(run['config']) == _plain_file(entry.config)
                and tuple(run['with_files']) == entry.with_files
                and _recipe_hash(run) == key_hash(entry.config, entry.options,
                                                  entry.with_files,
                                                  entry.cr_switch)):
            found.setdefault(run['seed'], run)
    return list(found.values())


def run_hash(run: Run) -> str:
    """Hash of what the config of a run, with switches and options, is today.
    """
    return key_hash(run['config'], run['options'], run['with_files'],
                    run['cr_switch'])


def _plain_file(config: str) -> str:
    return posixpath.normpath(config).replace('_cr.py', '.py')


def _recipe_hash(run: Run) -> Optional[str]:
    options = {
        key: value
        for key, value in run['options'].items()
        if not any(f'{key}.'.startswith(f'{known}.')
                   for known in NOT_THE_RECIPE)
    }
    try:
        return run_hash(dict(run, options=options))
    except UsageError:  # an option has no place in the config any more
        return None


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
