# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every figure that a collection has the runs for."""
from typing import Any, Dict, List, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from mmcurv.audit.report.style import save_figure
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.paper_figures import over_runs
from .difference_figure import known_pairs, plot_differences
from .figure_runs import figure_runs
from .seed_figures import (measured_runs, plot_curvature_correlation,
                           plot_curvature_variance)


class BenchmarkFigure(NamedTuple):
    """A drawn figure.

    Attributes:
        caption (str): What it shows.
        figure (Figure): Drawn.
        axes (np.ndarray): Its axes.
    """
    caption: str
    figure: Figure
    axes: np.ndarray


def draw_figures(collection: Dict[str, Any], out_dir: str) -> List[str]:
    """Write the figures of a collection as PNG and SVG.

    Args:
        collection (dict): Runs of a matrix with their records.
        out_dir (str): Folder; made if it is missing.

    Returns:
        list[str]: Paths of the files; none if no run is done.
    """
    drawn = benchmark_figures(collection, summarize(collection))
    return [
        path for name, each in drawn.items()
        for path in save_figure(each.figure, out_dir, name)
    ]


def benchmark_figures(collection: Dict[str, Any],
                      summary: Dict[str, Any]) -> Dict[str, BenchmarkFigure]:
    """Draw what the finished runs allow, and nothing else.

    Fig. 1 needs several methods, Fig. 15 several models, Fig. 14 runs of a
    sweep over tau, Table 6 and 7 a measured curvature.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.

    Returns:
        dict: File name without ending to the figure.
    """
    record = figure_runs(collection)
    own = [run for run in record['runs'] if not run['variant']]
    swept = [run for run in record['runs'] if run['tau'] is not None]
    drawn = {}
    if known_pairs(summary):
        drawn['differences'] = BenchmarkFigure(
            'With CR minus without, paired by seed, with 95 % intervals.',
            *plot_differences(summary))
    if _several(own, 'method'):
        drawn['fig1'] = BenchmarkFigure(
            'As Fig. 1 of the paper: variance of class accuracy of each '
            'method; dots are seeds.',
            *over_runs.plot_bias_of_methods(_apart(own, 'model')))
    if _several(own, 'model'):
        drawn['fig15'] = BenchmarkFigure(
            'As Fig. 15 of the paper: variance of class accuracy of each '
            'model; dots are seeds.',
            *over_runs.plot_bias_of_models(_apart(own, 'method')))
    if _several(swept, 'tau'):
        drawn['fig14'] = BenchmarkFigure(
            'As Fig. 14 of the paper: accuracy over tau; dots are seeds.',
            *over_runs.plot_tau(_apart(swept, 'method', 'model')))
    if measured_runs(record):
        drawn['table6'] = BenchmarkFigure(
            'What Table 6 of the paper prints: how far the classes’ '
            'curvatures lie apart. Small dots are seeds, large ones their '
            'means.', *plot_curvature_variance(record))
        drawn['table7'] = BenchmarkFigure(
            'What Table 7 of the paper prints: correlation of the classes’ '
            'curvature and accuracy. Small dots are seeds, large ones their '
            'means.', *plot_curvature_correlation(record))
    return drawn


def _several(runs: List[dict], key: str) -> bool:
    return len({run[key] for run in runs}) > 1


def _apart(runs: List[dict], *keys: str) -> Dict[str, Any]:
    """Runs with what else differs in the name of the data set: runs of
    another model are no repetitions."""
    differing = [key for key in keys if _several(runs, key)]
    return dict(runs=[
        dict(
            run,
            dataset=', '.join([run['dataset']] +
                              [run[key] for key in differing]))
        for run in runs
    ])  # yapf: disable
