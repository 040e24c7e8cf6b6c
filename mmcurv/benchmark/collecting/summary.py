# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the runs of a collection say together."""
from typing import Any, Callable, Dict, Sequence

from mmcurv.audit.report.numbers import is_known
from mmcurv.benchmark.paper.paper_comparison import paper_gains, paper_values
from mmcurv.benchmark.states.run_state import KINDS
from .alike import check_alike, plain_key, runs_by_cell
from .metrics import ACCURACIES, METRICS, evaluation_metrics, run_metrics
from .paired_statistics import holm, paired_statistics
from .provenance_warnings import provenance_warnings
from .statistics import mean_interval

Run = Dict[str, Any]


def summarize(collection: Dict[str, Any]) -> Dict[str, Any]:
    """Means over seeds, paired differences, and what the paper prints.

    Args:
        collection (dict): Runs of a matrix with their records.

    Returns:
        dict: ``cells``, each with ``states`` (how many seeds stand how),
        ``reasons`` and ``metrics``: of every number ``mean``, ``low``,
        ``high``, ``n``, ``values``, ``seeds``; ``best_metrics`` has the same
        of the best evaluation. ``pairs``: with CR minus without CR and
        variant, see ``paired_statistics``; ``p_holm``
        is corrected for all pairs of the collection. ``paper`` and
        ``paper_gains``: the paper's numbers beside ours, empty if the matrix
        names no table. ``warnings``: texts. nan stands for absent.

    Raises:
        ValueError: If runs of a cell or a pair are unlike, or the matrix
            names a table that the paper does not have.
    """
    check_alike(collection)
    runs = runs_by_cell(collection['runs'])
    cells = [_cell(own) for own in runs.values()]
    pairs = [
        _pair(runs[plain_key(key)], own) for key, own in runs.items()
        if own[0]['cr'] and plain_key(key) in runs
    ]
    for name in METRICS:
        entries = [pair['metrics'][name] for pair in pairs]
        for entry, p in zip(entries, holm([each['p'] for each in entries])):
            entry['p_holm'] = p
    return dict(
        cells=cells,
        pairs=pairs,
        paper=paper_values(collection, cells),
        paper_gains=paper_gains(collection, cells, pairs),
        warnings=provenance_warnings(collection['runs']))


def _cell(runs: Sequence[Run]) -> Dict[str, Any]:
    states = dict.fromkeys(KINDS, 0)
    for run in runs:
        states[run['state']] += 1
    reasons = [
        f'seed {run["seed"]}: {run["reason"]}' for run in runs
        if run['reason'] and run['state'] != 'done'
    ]
    kept = ('method', 'cr', 'dataset', 'imbalance_factor', 'model', 'variant',
            'tau')
    return dict({name: runs[0][name]
                 for name in kept},
                states=states,
                reasons=reasons,
                metrics=_means(runs, METRICS, run_metrics),
                best_metrics=_means(
                    runs, ACCURACIES,
                    lambda record: evaluation_metrics(record, 'best')))


def _means(runs: Sequence[Run], names: Sequence[str],
           measure: Callable) -> Dict[str, dict]:
    found = _by_seed(runs, measure)
    means = {}
    for name in names:
        known = {
            seed: numbers[name]
            for seed, numbers in found.items() if is_known(numbers[name])
        }
        means[name] = dict(
            mean_interval(list(known.values()))._asdict(),
            values=list(known.values()),
            seeds=list(known))
    return means


def _pair(plain: Sequence[Run], changed: Sequence[Run]) -> Dict[str, Any]:
    first, second = (_by_seed(runs, run_metrics) for runs in (plain, changed))
    seeds = [seed for seed in second if seed in first]
    metrics = {}
    for name in METRICS:
        both = [
            seed for seed in seeds
            if is_known(first[seed][name]) and is_known(second[seed][name])
        ]
        found = paired_statistics([first[seed][name] for seed in both],
                                  [second[seed][name] for seed in both])
        metrics[name] = dict(found._asdict(), seeds=both)
    kept = ('method', 'dataset', 'imbalance_factor', 'model', 'variant', 'tau')
    return dict({name: changed[0][name] for name in kept}, metrics=metrics)


def _by_seed(runs: Sequence[Run], measure: Callable) -> Dict[int, dict]:
    return {
        run['seed']: measure(run['record'])
        for run in runs if run['state'] == 'done'
    }
