# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The figures of the paper: what each is measured by and drawn by."""
import difflib
from importlib import import_module
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from .histories import AUDIT, COLLECTION, RUN, kind_of


class PaperFigure(NamedTuple):
    """One figure.

    Attributes:
        caption (str): What it shows.
        kind (str, optional): Of the records that ``measure`` reads, see
            :func:`~mmcurv.paper_figures.histories.kind_of`; None if it
            reads none.
        measure (Callable): Paths to a record.
        plot (Callable): Record to (figure, axes).
    """
    caption: str
    kind: Optional[str]
    measure: Callable[[Sequence[str]], Dict[str, Any]]
    plot: Callable[[Dict[str, Any]], Any]


def _of(place: str) -> Callable:
    """A function 'module.name' of this room, imported when it is called, so
    that the figures are listed without Matplotlib and torch."""
    module, name = place.split('.')

    def call(*args):
        return getattr(import_module(f'.{module}', __name__), name)(*args)

    return call


def _closed(place: str) -> Callable:
    """A measure that reads nothing."""
    return lambda paths: _of(place)()


FIGURES = dict(
    fig1=PaperFigure('bias of methods without and with CR', COLLECTION,
                     _of('over_runs.measure_runs'),
                     _of('over_runs.plot_bias_of_methods')),
    fig3=PaperFigure('separation of two spheres', None,
                     _closed('closed_forms.measure_spheres'),
                     _of('closed_forms.plot_spheres')),
    fig4=PaperFigure('correlation of several models on several data sets',
                     COLLECTION, _of('over_runs.measure_runs'),
                     _of('over_runs.plot_model_correlation')),
    fig5=PaperFigure('curvature of bending surfaces', None,
                     _closed('closed_forms.measure_surfaces'),
                     _of('closed_forms.plot_surfaces')),
    fig6=PaperFigure('correlation at several layers', AUDIT,
                     _of('over_runs.measure_layers'),
                     _of('over_runs.plot_layers')),
    fig7=PaperFigure('separation over epochs', RUN, _of('histories.measure'),
                     _of('over_epochs.plot_separation')),
    fig8=PaperFigure('curvature over epochs', RUN, _of('histories.measure'),
                     _of('over_epochs.plot_curvature')),
    fig9=PaperFigure('loss and imbalance of curvature over epochs', RUN,
                     _of('histories.measure'),
                     _of('over_epochs.plot_imbalance')),
    fig10=PaperFigure('correlations with accuracy over epochs', RUN,
                      _of('histories.measure'),
                      _of('over_epochs.plot_correlation')),
    fig11=PaperFigure('correlation of curvature over epochs, all runs', RUN,
                      _of('histories.measure'),
                      _of('over_epochs.plot_curvature_correlation')),
    fig12=PaperFigure('the rejected loss and its slope', None,
                      _closed('closed_forms.measure_rejected'),
                      _of('closed_forms.plot_losses')),
    fig13=PaperFigure('the implemented loss and its slope', None,
                      _closed('closed_forms.measure_used'),
                      _of('closed_forms.plot_losses')),
    fig14=PaperFigure('accuracy over tau', COLLECTION,
                      _of('over_runs.measure_runs'),
                      _of('over_runs.plot_tau')),
    fig15=PaperFigure('bias of models without and with CR', COLLECTION,
                      _of('over_runs.measure_runs'),
                      _of('over_runs.plot_bias_of_models')),
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


def choose_records(names: Sequence[str],
                   paths: Sequence[str]) -> Dict[str, List[str]]:
    """Which of the given records each figure is drawn from.

    Args:
        names (Sequence[str]): Of figures.
        paths (Sequence[str]): Of records, also as ``NAME=PATH``.

    Returns:
        dict[str, list[str]]: Figure to the records of its kind.

    Raises:
        FileNotFoundError: If a path holds no record.
        ValueError: If a record serves none of the figures.
    """
    kinds = [kind_of(path) for path in paths]
    wanted = {find_figure(name).kind for name in names} - {None}
    for path, kind in zip(paths, kinds):
        if kind is None:
            raise FileNotFoundError(
                'expected the work folder of a run with geometry/epoch_*.json '
                'in it, an audit.json, a file of run histories, or the '
                f'collection.json of a benchmark, got {path!r}.')
        if kind not in wanted:
            readers = [
                n for n, figure in FIGURES.items() if figure.kind == kind
            ]
            raise ValueError(
                f'expected records for {", ".join(names)}, got {path!r}, '
                f'which is a record of kind {kind!r}. Leave it out, or draw '
                f'{", ".join(readers)} from it.')
    return {
        name: [p for p, k in zip(paths, kinds) if k == find_figure(name).kind]
        for name in names
    }
