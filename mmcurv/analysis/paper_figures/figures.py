# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Name of each figure, what it is measured by and drawn by."""
import difflib
from typing import Any, Callable, Dict, NamedTuple, Sequence

from . import (compared_runs, curvature_of_surfaces, epoch_curves,
               layer_correlation, regularization_loss, run_collection,
               run_history, separation_of_spheres)


class PaperFigure(NamedTuple):
    """One figure.

    Attributes:
        caption (str): What it shows.
        inputs (str): What ``measure`` reads; empty if nothing.
        measure (Callable): Paths to a record.
        plot (Callable): Record to (figure, axes).
    """
    caption: str
    inputs: str
    measure: Callable[[Sequence[str]], Dict[str, Any]]
    plot: Callable[[Dict[str, Any]], Any]


def _closed(measure: Callable) -> Callable:
    """A measure that reads nothing, and says so if it is given a path."""

    def without_inputs(paths: Sequence[str]) -> Dict[str, Any]:
        if paths:
            raise ValueError('expected no inputs for a figure of closed '
                             f'forms, got {list(paths)}. Leave them out.')
        return measure()

    return without_inputs


RUNS = 'work folders of runs, or a file of run histories'
COLLECTION = 'a collection of runs'
FIGURES = dict(
    fig1=PaperFigure('bias of methods without and with CR', COLLECTION,
                     run_collection.measure,
                     compared_runs.plot_bias_of_methods),
    fig3=PaperFigure('separation of two spheres', '',
                     _closed(separation_of_spheres.measure),
                     separation_of_spheres.plot),
    fig4=PaperFigure('correlation of several models on several data sets',
                     COLLECTION, run_collection.measure,
                     compared_runs.plot_model_correlation),
    fig5=PaperFigure('curvature of bending surfaces', '',
                     _closed(curvature_of_surfaces.measure),
                     curvature_of_surfaces.plot),
    fig6=PaperFigure('correlation at several layers', 'audits',
                     layer_correlation.measure, layer_correlation.plot),
    fig7=PaperFigure('separation over epochs', RUNS, run_history.measure,
                     epoch_curves.plot_separation),
    fig8=PaperFigure('curvature over epochs', RUNS, run_history.measure,
                     epoch_curves.plot_curvature),
    fig9=PaperFigure('loss and imbalance of curvature over epochs', RUNS,
                     run_history.measure, epoch_curves.plot_imbalance),
    fig10=PaperFigure('correlations with accuracy over epochs', RUNS,
                      run_history.measure, epoch_curves.plot_correlation),
    fig11=PaperFigure('correlation of curvature over epochs, all runs', RUNS,
                      run_history.measure,
                      epoch_curves.plot_curvature_correlation),
    fig12=PaperFigure('the rejected loss and its slope', '',
                      _closed(regularization_loss.measure_rejected),
                      regularization_loss.plot),
    fig13=PaperFigure('the implemented loss and its slope', '',
                      _closed(regularization_loss.measure_used),
                      regularization_loss.plot),
    fig14=PaperFigure('accuracy over tau', COLLECTION, run_collection.measure,
                      compared_runs.plot_tau),
    fig15=PaperFigure('bias of models without and with CR', COLLECTION,
                      run_collection.measure,
                      compared_runs.plot_bias_of_models),
)


def find_figure(name: str) -> PaperFigure:
    """The figure of that name.

    Args:
        name (str): Such as 'fig7'.

    Returns:
        PaperFigure: How to measure and draw it.

    Raises:
        ValueError: If there is none, with the nearest names.
    """
    if name in FIGURES:
        return FIGURES[name]
    near = difflib.get_close_matches(name, FIGURES, 1, cutoff=0.5)
    hint = f' Did you mean {near[0]!r}?' if near else ''
    raise ValueError(f'expected one of {", ".join(FIGURES)}, got '
                     f'{name!r}.{hint}')
