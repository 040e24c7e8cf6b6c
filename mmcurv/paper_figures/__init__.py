# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The figures of the paper, each from a record."""
from .figures import FIGURES, PaperFigure, choose_records, find_figure

__all__ = ['FIGURES', 'PaperFigure', 'choose_records', 'find_figure']
