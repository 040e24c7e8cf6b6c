# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which files, code and commands the numbers of a card come from."""
from typing import Any, Dict, List, Sequence

from mmcurv.audit.report.numbers import clean, listing, plural
from mmcurv.benchmark.pages.provenance_rows import code_text
from .card_rows import CardRow


def card_sources(rows: Sequence[CardRow],
                 collections: Dict[str, Dict[str, Any]]) -> List[str]:
    """Say for each kept file what was taken from it, and how to make it anew.

    Args:
        rows (Sequence[CardRow]): Of a card.
        collections (dict): Path of each kept file to its collection.

    Returns:
        list[str]: A sentence or two in Markdown for each file that was used.
    """
    used: Dict[str, list] = {}
    for row in rows:
        for kept in (row.plain_runs, row.cr_runs):
            if kept.runs:
                used.setdefault(kept.file, []).extend(kept.runs)
    return [
        _source(file, used[file], collections[file]) for file in sorted(used)
    ]


def _source(file: str, runs: Sequence[Dict[str, Any]],
            collection: Dict[str, Any]) -> str:
    seeds = sorted({run['seed'] for run in runs})
    codes = dict.fromkeys(code_text(run['record']) for run in runs)
    words = 'seed' if len(seeds) == 1 else 'seeds'
    commands = [
        f'tools/benchmark.py run {collection["matrix"]["file"]}',
        collection['command']
    ]
    return (f'`{file}`: {plural(len(runs), "run")}, {words} '
            f'{listing(map(str, seeds))}, of {listing(codes)}. Commands: ' +
            ', then '.join(f'`{clean(text, 2000)}`'
                           for text in commands if text) + '.')
