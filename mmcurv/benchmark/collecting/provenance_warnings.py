# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What differs among the runs of a table that is no error."""
from typing import Any, Callable, Dict, List, Sequence

from mmcurv.audit.report.numbers import listing, plural

SHOWN = 3  # names of runs
UNREADABLE = ('unreadable', 'other run')


def provenance_warnings(runs: Sequence[Dict[str, Any]]) -> List[str]:
    """Say what a reader of the table should know about its runs.

    Args:
        runs (Sequence[dict]): Of a collection.

    Returns:
        list[str]: About records that do not count, several or unknown
        commits, uncommitted changes, versions of packages, and machines.
    """
    found = [
        f'{run["name"]} does not count ({run["state"]}): {run["reason"]}'
        for run in runs if run['state'] in UNREADABLE
    ]
    done = [run for run in runs if run['state'] == 'done']
    found += _several(done, 'The runs were trained with {} states of the code',
                      _code)
    unknown = [run for run in done if run['record']['code']['commit'] is None]
    if unknown:
        found.append('The commit of the code is not known of '
                     f'{_names(unknown)}.')
    unclean = [run for run in done if run['record']['code']['clean'] is False]
    if unclean:
        found.append('There were uncommitted changes in the code of '
                     f'{_names(unclean)}.')
    packages = {name for run in done for name in run['record']['packages']}
    for name in sorted(packages):
        found += _several(
            done,
            f'The runs were trained with {{}} versions of {name}',
            lambda run, name=name: run['record']['packages'].get(
                name, 'not installed'))
    found += _several(
        done, 'The runs were trained on {} kinds of machines, so their times '
        'do not compare', _machine)
    return found


def _code(run: Dict[str, Any]) -> str:
    code = run['record']['code']
    commit = code['commit']
    return code['version'] + (f' at {commit[:12]}' if commit else '')


def _machine(run: Dict[str, Any]) -> str:
    machine = run['record']['machine']
    parts = [str(machine.get('processor'))]
    for key, word in (('threads', 'thread'), ('processes', 'process')):
        if machine.get(key) is not None:
            many = 'processes' if word == 'process' else None
            parts.append(plural(machine[key], word, many))
    return ', '.join(parts + list(machine.get('accelerators') or []))


def _several(runs: Sequence[Dict[str, Any]], words: str,
             value: Callable) -> List[str]:
    counts: Dict[str, int] = {}
    for run in runs:
        counts[value(run)] = counts.get(value(run), 0) + 1
    if len(counts) < 2:
        return []
    parts = [f'{name} ({plural(n, "run")})' for name, n in counts.items()]
    return [f'{words.format(len(counts))}: {listing(parts)}.']


def _names(runs: Sequence[Dict[str, Any]]) -> str:
    names = [run['name'] for run in runs[:SHOWN]]
    more = len(runs) - len(names)
    if more:
        names.append(f'{more:,} more')
    return f'{plural(len(runs), "run")}: {"; ".join(names)}'
