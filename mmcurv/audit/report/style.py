# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How the figures that Matplotlib draws look: of the paper, of benchmarks.

Their colours are fixed values, so that a page can find them in a drawing and
replace them by those of the reader's light or dark theme.
"""
import io
import math
import os
import os.path as osp
import re
import xml.etree.ElementTree as ElementTree
from typing import List, Tuple

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK = '#1e232b'
MUTED = '#667080'
RULE = '#d8dce2'
ACCENT = '#2f6c9e'
ALERT = '#b4462a'

THEME = {
    INK: 'var(--ink)',
    MUTED: 'var(--muted)',
    RULE: 'var(--rule)',
    ACCENT: 'var(--accent)',
    ALERT: 'var(--alert)',
}

METADATA = dict(png={'Software': None}, svg={'Date': None, 'Creator': None})


def panel(width: float, height: float) -> Tuple[Figure, Axes]:
    """An empty figure in the quiet style that all of them share.

    Args:
        width (float): In inches.
        height (float): In inches.

    Returns:
        tuple: Figure, at 72 dots per inch so that a dot is an SVG unit, and
        its axes.
    """
    figure = Figure(figsize=(width, height), dpi=72, layout='constrained')
    axes = figure.subplots()
    quiet(axes)
    return figure, axes


def quiet(axes: Axes) -> None:
    """Take away what distracts.

    Args:
        axes (Axes): Of any figure.
    """
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    for side in ('left', 'bottom'):
        axes.spines[side].set_color(RULE)
    axes.grid(color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(which='both', colors=MUTED, length=0, labelsize=8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=MUTED, fontsize=8.5)


def set_heading(axes: Axes, text: str, note: str = '') -> None:
    """Title at the left, taken literally (no mathematics between dollars).

    Args:
        axes (Axes): Of a :func:`panel`.
        text (str): The title.
        note (str): Smaller lines between title and drawing. Defaults to ''.
    """
    lines = len(note.splitlines())
    axes.set_title(
        text,
        loc='left',
        color=INK,
        fontsize=10,
        parse_math=False,
        pad=6 + 11 * lines)
    if note:
        written = axes.annotate(
            note, (0, 1),
            xytext=(0, 4),
            xycoords='axes fraction',
            textcoords='offset points',
            va='bottom',
            color=MUTED,
            fontsize=8,
            linespacing=1.3,
            parse_math=False)
        written.set_in_layout(False)  # a long line must not narrow the axes


def set_legend(axes: Axes, place: str = 'best') -> None:
    """Legend without a frame, if anything has a label.

    Args:
        axes (Axes): Of a :func:`panel`.
        place (str): As ``loc`` of Matplotlib. Defaults to 'best'.
    """
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc=place, labelcolor=MUTED, fontsize=8)


def save_figure(figure: Figure, folder: str, name: str) -> List[str]:
    """Write a figure as PNG and SVG; the same record gives the same files.

    Args:
        figure (Figure): Any figure.
        folder (str): Made if it is missing; no file is written elsewhere.
        name (str): File name without ending.

    Returns:
        list[str]: Paths of the two files.
    """
    os.makedirs(folder, exist_ok=True)
    paths = []
    for ending in ('png', 'svg'):
        path = osp.join(folder, f'{safe_file_name(name)}.{ending}')
        with matplotlib.rc_context({'svg.hashsalt': name}):
            figure.savefig(path, dpi=200, metadata=METADATA[ending])
        paths.append(path)
    return paths


def safe_file_name(name: str) -> str:
    """A name without what could lead out of its folder.

    Args:
        name (str): Any text.

    Returns:
        str: Letters, digits, hyphens and underscores only, at most 80.
    """
    return re.sub(r'[^A-Za-z0-9_-]+', '_', name)[:80]


SERIES = ('#2f6c9e', '#b4462a', '#3b8457', '#8a5aa8', '#b08a1e', '#4a9fb0',
          '#c05c8e', '#6b6f78', '#7fa33a', '#22405c')


def panels(rows: int,
           columns: int,
           width: float = 3.6,
           height: float = 2.8) -> Tuple[Figure, np.ndarray]:
    """An empty figure.

    Args:
        rows (int): Rows of axes.
        columns (int): Columns of axes.
        width (float): Of one panel, in inches. Defaults to 3.6.
        height (float): Of one panel, in inches. Defaults to 2.8.

    Returns:
        tuple: Figure, and axes of shape (rows, columns).
    """
    figure = Figure(
        figsize=(width * columns, height * rows), dpi=72, layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        quiet(axis)
    return figure, axes


def wrapped_panels(number: int,
                   widest: int,
                   width: float = 3.6,
                   height: float = 2.8) -> Tuple[Figure, np.ndarray]:
    """An empty figure whose axes go on in the next row.

    Args:
        number (int): Of axes.
        widest (int): Axes in a row, at most.
        width (float): Of one panel, in inches. Defaults to 3.6.
        height (float): Of one panel, in inches. Defaults to 2.8.

    Returns:
        tuple: Figure, and axes of shape (rows, columns); what the last row
        has beyond ``number`` is not shown.
    """
    rows = math.ceil(number / widest)
    columns = math.ceil(number / rows)  # 4 are 2 by 2, not 3 and 1
    figure, axes = panels(rows, columns, width, height)
    for axis in axes.flat[number:]:
        axis.set_visible(False)
    return figure, axes


def color(number: int) -> str:
    """Colour of the n-th series, starting again after the tenth."""
    return SERIES[number % len(SERIES)]


def outer_legend(figure: Figure,
                 handles: List[Artist],
                 labels: List[str],
                 place: str,
                 columns: int = 1) -> None:
    """One legend for all panels, in a margin of the figure.

    Args:
        figure (Figure): Of :func:`panels`.
        handles (list[Artist]): What is named.
        labels (list[str]): The names.
        place (str): As ``loc`` of Matplotlib, such as 'outside right upper'.
        columns (int): Of the legend. Defaults to 1.
    """
    figure.legend(
        handles,
        labels,
        loc=place,
        ncols=columns,
        frameon=False,
        labelcolor=MUTED,
        fontsize=8)


def literal(text: str) -> str:
    """A label as it stands, without mathematics between dollars."""
    return text.replace('$', r'\$')


def epoch_axis(axis: Axes) -> None:
    """Whole epochs from left to right."""
    axis.set_xlabel('epoch')
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


SVG = 'http://www.w3.org/2000/svg'
LINK = 'http://www.w3.org/1999/xlink'
REFERENCE = re.compile(r'url\(#')
FAMILY = re.compile(r'font-family:[^;]*;?')
FONT = re.compile(r'font:[^;]*?(\d[\d.]*px)[^;]*')  # older Matplotlib


def inline_svg(figure,
               name: str,
               title: str = '',
               description: str = '') -> str:
    """Draw a figure as one ``<svg>`` element in the colours of the page.

    Args:
        figure (Figure): Drawn with the colours of the palette.
        name (str): Unique in the page; in front of every id, since two
            drawings would otherwise share theirs.
        title (str): What it is. Defaults to ''.
        description (str): What it shows, for those who cannot see it.
            Defaults to ''.

    Returns:
        str: The element; all text in it is escaped.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    buffer = io.StringIO()
    settings = {'svg.fonttype': 'none', 'svg.hashsalt': name}
    with matplotlib.rc_context(settings):
        papers = [part.patch for part in (figure, *figure.axes)]
        for paper in papers:
            paper.set_visible(False)  # the page is behind it
        # Not by savefig, which would draw everything twice.
        FigureCanvasSVG(figure).print_svg(
            buffer,
            metadata=dict.fromkeys(('Date', 'Creator', 'Format', 'Type')))
        for paper in papers:
            paper.set_visible(True)
    ElementTree.register_namespace('', SVG)
    ElementTree.register_namespace('xlink', LINK)
    root = ElementTree.fromstring(buffer.getvalue())
    root.attrib.pop('width')
    root.attrib.pop('height')
    root.set('role', 'img')
    root.set('aria-label', f'{title}. {description}' if description else title)
    for parent in list(root.iter()):
        for style in parent.findall(f'{{{SVG}}}style'):
            parent.remove(style)  # it would hold for the whole page
    for element in root.iter():
        _adopt(element, name)
    return ElementTree.tostring(root, encoding='unicode')


def _adopt(element, name: str) -> None:
    for key, value in element.attrib.items():
        if key == 'id':
            value = f'{name}-{value}'
        elif key == f'{{{LINK}}}href' and value.startswith('#'):
            value = f'#{name}-{value[1:]}'
        elif key == 'clip-path':
            value = REFERENCE.sub(f'url(#{name}-', value)
        elif key == 'style':
            for color, variable in THEME.items():
                value = value.replace(color, variable)
            # The page has a font of its own.
            value = FAMILY.sub('', FONT.sub(r'font-size: \1', value))
        element.set(key, value)
