# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Code, versions, machines and training images of the finished runs."""
from typing import Any, Dict, List, Optional, Tuple

from mmcurv.audit.report.numbers import is_known, plural
from mmcurv.benchmark.figures.figure_runs import data_label
from .run_facts import distinct, done_records, texts_of


def provenance_rows(collection: Dict[str, Any]) -> List[Tuple[str, str]]:
    """Where the numbers come from.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[tuple]: Label, and the different values of the runs.
    """
    return texts_of([
        ('Matrix', [collection['matrix']['file']]),
        ('Collected', [collection['created']]),
        ('Code', distinct(collection, code_text)),
        ('Packages', distinct(collection, _packages)),
        ('Machine', distinct(collection, machine_text)),
    ] + [(f'Train split of {label}', splits)
         for label, splits in train_splits(collection).items()])


def train_splits(collection: Dict[str, Any]) -> Dict[str, List[str]]:
    """The different training images of each data set.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        dict: Data set with its imbalance factor to texts with fingerprints;
        more than one if its runs did not train on the same images.
    """
    found: Dict[str, List[str]] = {}
    for run, record in done_records(collection):
        label = data_label(run['dataset'], run['imbalance_factor'])
        texts = found.setdefault(label, [])
        text = _split_text(record.get('split'))
        if text not in texts:
            texts.append(text)
    return found


def code_text(record: Dict[str, Any]) -> str:
    """'mmcurv 0.1.0, commit 1234567', and whether files were changed.

    Args:
        record (dict): Of a run.

    Returns:
        str: With all 40 digits of the commit, if it is known.
    """
    code = record['code']
    text = f'mmcurv {code["version"]}'
    if not code.get('commit'):
        return f'{text}, commit not known'
    text += f', commit {code["commit"]}'
    return text if code.get('clean') else f'{text} with changed files'


def machine_text(record: Dict[str, Any]) -> str:
    """Processor, memory, accelerators, and what the run used of them.

    Args:
        record (dict): Of a run.

    Returns:
        str: One line.
    """
    machine = record['machine']
    parts = [str(machine.get('processor') or 'processor not known')]
    for key, one, many in (('cores', 'core', 'cores'), ('threads', 'thread',
                                                        'threads'),
                           ('processes', 'process', 'processes')):
        if is_known(machine.get(key)):
            parts.append(plural(machine[key], one, many))
    if is_known(machine.get('memory_bytes')):
        parts.append(f'{machine["memory_bytes"] / 2**30:.0f} GiB')
    parts += [str(name) for name in machine.get('accelerators') or []]
    return ', '.join(parts + [str(machine.get('system') or '')]).rstrip(', ')


def _packages(record: Dict[str, Any]) -> str:
    return ', '.join(f'{name} {version}'
                     for name, version in record['packages'].items())


def _split_text(split: Optional[dict]) -> str:
    if not split:
        return 'not recorded'
    counts = split['class_counts']
    return (f'{sum(counts):,} images of '
            f'{plural(len(counts), "class", "classes")}, {max(counts):,} to '
            f'{min(counts):,} each, fingerprint {split["fingerprint"]}')
