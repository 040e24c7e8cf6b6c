# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Drawings of the pages: SVG from data, in the colours of the page.

Written as text, because a drawing library takes longer to import, and to lay
out a dozen small panels, than the audit of ten classes takes. Whatever text
comes in is escaped here.
"""
import math
import os
import os.path as osp
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from markupsafe import Markup, escape

from mmcurv.files import write_text
from mmcurv.numbers import clean

INK, MUTED, RULE, ACCENT, ALERT = (f'var(--{name})'
                                   for name in ('ink', 'muted', 'rule',
                                                'accent', 'alert'))
# On white paper, where no page gives the colours.
ON_PAPER = {
    INK: '#1e232b',
    MUTED: '#667080',
    RULE: '#d8dce2',
    ACCENT: '#2f6c9e',
    ALERT: '#b4462a',
    'var(--paper)': '#ffffff'
}
LETTER = 4.6  # width of a letter of size 8.5, in units of the drawing
LINE = 12  # height of a line of text
TOO_NEAR = (0.35, 0.055)  # width and height of a name, fractions of a panel
NAMED = 6  # names that fit into a small panel
MANY = 1500  # dots or steps beyond which single ones are not seen
HIGH = str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹')


class Line(NamedTuple):
    """A line of a chart in its data, (n,) both; nan is a gap."""
    x: np.ndarray
    y: np.ndarray
    color: str
    label: str
    dashed: bool
    markers: bool


class Chart:
    """One drawing.

    Args:
        title (str): What it is, taken literally.
        x_label (str): Of the horizontal axis.
        y_label (str): Of the vertical axis.
        x (np.ndarray): What the horizontal axis has to reach.
        y (np.ndarray): What the vertical axis has to reach.
        note (str): Lines below the title. Defaults to ''.
        width (float): In units, about a pixel. Defaults to 290.
        height (float): Defaults to 232.
        log (bool): Whether the horizontal axis is logarithmic. Defaults to
            False.
        x_show (Callable, optional): Writes a tick. Defaults to None: as many
            digits as the step has.
        y_show (Callable, optional): Likewise.
        x_ticks (dict, optional): Places to texts. Defaults to None: round
            numbers.

    Attributes:
        words (str): What it shows, for those who cannot see it; set by who
            draws.
    """

    def __init__(self,
                 title: str,
                 x_label: str,
                 y_label: str,
                 x: np.ndarray,
                 y: np.ndarray,
                 note: str = '',
                 width: float = 290,
                 height: float = 232,
                 log: bool = False,
                 x_show: Optional[Callable[[float], str]] = None,
                 y_show: Optional[Callable[[float], str]] = None,
                 x_ticks: Optional[Dict[float, str]] = None) -> None:
        self.title, self.note, self.words = title, note, ''
        self.width, self.height, self.log = width, height, log
        self.labels = (x_label, y_label)
        self.lines: List[Line] = []
        self.bands: List[tuple] = []
        self.dots: List[tuple] = []
        self.names: List[tuple] = []
        self._x_ends = _ends(np.log10(x) if log else x)
        self._y_ends = _ends(y)
        self.x_ticks = x_ticks or (_log_ticks(*self._x_ends, x_show)
                                   if log else _ticks(*self._x_ends, x_show))
        self.y_ticks = _ticks(*self._y_ends, y_show)

    def line(self,
             x: Sequence[float],
             y: Sequence[float],
             color: str,
             label: str = '',
             dashed: bool = False,
             markers: bool = False) -> None:
        """A line through points; a legend has its label."""
        self.lines.append(
            Line(
                np.asarray(x, float), np.asarray(y, float), color, label,
                dashed, markers))

    def band(self, x, low, high, label: str) -> None:
        """The area between two lines, (n,) each."""
        self.bands.append((*np.asarray([x, low, high], float), label))

    def scatter(self, x: np.ndarray, y: np.ndarray, color: str) -> None:
        """Dots, (n,) both; those that are not known are left out."""
        known = np.isfinite(self._x(x) + y)
        self.dots.append((x[known], y[known], color))

    def name(self, x: float, y: float, text: str, color: str) -> None:
        """A name beside a dot, where there is room for it."""
        at = np.array([(self._x(x) - self._x_ends[0]) / np.ptp(self._x_ends),
                       (y - self._y_ends[0]) / np.ptp(self._y_ends)])
        near = any(
            (np.abs(at - other[0]) < TOO_NEAR).all() for other in self.names)
        if near or len(self.names) == NAMED or not np.isfinite(at).all():
            return
        self.names.append((at, clean(text, 18), color))

    def _x(self, x):
        with np.errstate(divide='ignore', invalid='ignore'):
            return np.log10(x) if self.log else x

    def _legend(self) -> List[Tuple[str, str, str]]:
        """Label, colour and kind of what has a label."""
        return [(band[3], ACCENT, 'band') for band in self.bands] + [
            (line.label, line.color, 'dashed' if line.dashed else 'line')
            for line in self.lines if line.label
        ]

    def box(self) -> Tuple[float, float, float, float]:
        """Left, top, right and bottom of what the axes enclose."""
        longest = max(map(len, self.y_ticks.values()), default=1)
        lines = len(self.note.splitlines()) + bool(self._legend())
        left = 21 + LETTER * longest + 5
        return left, 22 + LINE * lines, self.width - 8, self.height - 32

    def scales(self) -> Dict[str, float]:
        """Where a value lies, for marks put on the drawing later.

        Returns:
            dict: ``x = x0 + xs * value`` and ``y = y0 + ys * value``; ``log``
            is True if the x value is to be taken as log10.
        """
        left, top, right, bottom = self.box()
        (x_low, x_high), (y_low, y_high) = self._x_ends, self._y_ends
        xs = (right - left) / (x_high - x_low)
        ys = (top - bottom) / (y_high - y_low)
        return dict(
            x0=left - xs * x_low,
            xs=xs,
            y0=bottom - ys * y_low,
            ys=ys,
            log=self.log)

    def svg(self) -> Markup:
        """The ``<svg>`` element; all text in it is escaped."""
        scale = self.scales()

        def places(x, y) -> List[str]:
            x = scale['x0'] + scale['xs'] * self._x(np.asarray(x, float))
            y = scale['y0'] + scale['ys'] * np.asarray(y, float)
            return [f'{a:.1f} {b:.1f}' for a, b in zip(x, y)]

        parts = [*self._frame(scale)]
        for x, low, high, _ in self.bands:
            edge = places(x, high) + places(x[::-1], low[::-1])
            parts.append(f'<path fill="{ACCENT}" fill-opacity="0.22" '
                         f'd="M{"L".join(edge)}Z"/>')
        for line in self.lines:
            parts += _drawn_line(line, places)
        for x, y, color in self.dots:
            parts += _drawn_dots(places(x, y), color)
        left, top, right, bottom = self.box()
        for (across, up), text, color in self.names:
            x = left + across * (right - left)
            after = across <= 0.5
            parts.append(
                _text(x + (5 if after else -5),
                      bottom + up * (top - bottom) + 2.6, text, color, 8,
                      '' if after else 'end'))
        words = f'{self.title}. {self.words}' if self.words else self.title
        inside = ''.join(parts)
        return Markup(  # every text in it went through escape()
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
            f'viewBox="0 0 {self.width:g} {self.height:g}" '
            f'aria-label="{escape(clean(words, 4000))}">{inside}</svg>')

    def _frame(self, scale: dict) -> List[str]:
        """Headings, legend, grid and axes."""
        left, top, right, bottom = self.box()
        parts = [_text(left, 13, self.title, INK, 10.5)]
        for place, text in enumerate(self.note.splitlines()):
            parts.append(_text(left, 13 + LINE * (place + 1), text, MUTED))
        across, line = left, top - 9
        for label, color, kind in self._legend():
            style = dict(
                band='stroke-width="8" stroke-opacity="0.22"',
                dashed='stroke-dasharray="4 3"',
                line='stroke-width="1.5"')[kind]
            parts.append(f'<path d="M{across:.1f} {line - 3:.1f}h16" '
                         f'stroke="{color}" {style}/>')
            parts.append(_text(across + 20, line, label, MUTED))
            across += 34 + LETTER * len(label)
        grid, texts = [], []
        for value, text in self.x_ticks.items():
            x = scale['x0'] + scale['xs'] * value
            grid.append(f'M{x:.1f} {top:.1f}V{bottom:.1f}')
            texts.append(_text(x, bottom + 11, text, MUTED, 8.5, 'middle'))
        for value, text in self.y_ticks.items():
            y = scale['y0'] + scale['ys'] * value
            grid.append(f'M{left:.1f} {y:.1f}H{right:.1f}')
            texts.append(_text(left - 5, y + 3, text, MUTED, 8.5, 'end'))
        parts.append(f'<path d="{"".join(grid)}" stroke="{RULE}" '
                     'stroke-width="0.6" fill="none"/>')
        middle = (top + bottom) / 2
        parts += texts
        parts.append(
            _text((left + right) / 2, bottom + 26, self.labels[0], MUTED, 9,
                  'middle'))
        parts.append(
            _text(9, middle, self.labels[1], MUTED, 9, 'middle',
                  f' transform="rotate(-90 9 {middle:.1f})"'))
        return parts


def write_figures(charts: Dict[str, Chart], folder: str) -> List[str]:
    """Write charts as SVG files; the page needs no such files.

    Args:
        charts (dict): Name to chart.
        folder (str): Made if it is missing; no file is written elsewhere.

    Returns:
        list[str]: Paths of the files.
    """
    os.makedirs(folder, exist_ok=True)
    paths = []
    for name, chart in charts.items():
        text = str(chart.svg())
        for color, fixed in ON_PAPER.items():
            text = text.replace(color, fixed)
        safe = ''.join(c if c.isascii() and c.isalnum() or c in '-_' else '_'
                       for c in name)[:80]
        paths.append(osp.join(folder, f'{safe}.svg'))
        write_text(
            paths[-1],
            text.replace(' role=', ' font-family="sans-serif" role=', 1))
    return paths


def _text(x: float,
          y: float,
          text: str,
          color: str,
          size: float = 8.5,
          anchor: str = '',
          more: str = '') -> str:
    anchor = f' text-anchor="{anchor}"' if anchor else ''
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" '
            f'fill="{color}"{anchor}{more}>{escape(clean(text, 400))}</text>')


def _drawn_line(line: Line, places: Callable) -> List[str]:
    known = np.isfinite(line.x + line.y)
    parts = []
    # Each run of known points is a line of its own.
    for run in np.split(
            np.arange(len(known)),
            np.flatnonzero(np.diff(known.astype(int))) + 1):
        if len(run) and known[run[0]]:
            at = places(line.x[run], line.y[run])
            dash = ' stroke-dasharray="4 3"' if line.dashed else ''
            wide = 0.9 if line.color == MUTED else 1.5
            parts.append(f'<path fill="none" stroke="{line.color}" '
                         f'stroke-width="{wide}"{dash} d="M{"L".join(at)}"/>')
            if line.markers:
                parts += _drawn_dots(at, line.color, 5, 1)
    return parts


def _drawn_dots(at: List[str],
                color: str,
                size: float = 4.2,
                opacity: float = 0.75) -> List[str]:
    """Paths of dots; where many lie on each other they look darker."""
    if len(at) > MANY:
        size, opacity = 2., 0.4
    layers = min(len(at), 12)
    return [
        f'<path fill="none" stroke="{color}" stroke-width="{size}" '
        f'stroke-linecap="round" stroke-opacity="{opacity}" '
        f'd="{"".join(f"M{place}h0" for place in at[layer::layers])}"/>'
        for layer in range(layers)
    ]


def _ends(values: np.ndarray) -> Tuple[float, float]:
    """What an axis spans: the values and a little more."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0., 1.
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 0.05 * abs(low) or 0.5
    return low - room, high + room


def _ticks(low: float, high: float,
           show: Optional[Callable]) -> Dict[float, str]:
    """Three to six round numbers."""
    raw = (high - low) / 6
    size = 10.**math.floor(math.log10(raw))
    step = next(size * times for times in (1, 2, 5, 10)
                if size * times >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    values = [
        place * step for place in range(first,
                                        math.floor(high / step + 1e-9) + 1)
    ]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))

    def plain(value: float) -> str:
        if max(abs(low), abs(high)) >= 1e6 or decimals > 4:
            return f'{value:.3g}'.replace('-', '−')
        return f'{value:,.{decimals}f}'.replace('-', '−')

    return {value: (show or plain)(value) for value in values}


def _log_ticks(low: float, high: float,
               show: Optional[Callable]) -> Dict[float, str]:
    """Powers of ten, or 1, 2, 5 of each where they are few; by log10."""
    decades = range(math.ceil(low), math.floor(high) + 1)
    if len(decades) >= 3:
        step = math.ceil(len(decades) / 5)
        values = [float(10)**d for d in decades if d % step == 0]
    else:
        values = [
            times * 10.**d
            for d in range(math.floor(low),
                           math.ceil(high) + 1) for times in (1, 2, 5)
            if low <= math.log10(times) + d <= high
        ]
    if len(values) < 2:
        values = list(_ticks(10**low, 10**high, None))[::2]
        values = [value for value in values if value > 0]
    return {math.log10(value): (show or _power)(value) for value in values}


def _power(value: float) -> str:
    """'200', '0.05' or '2×10⁻⁷'."""
    if 1e-3 <= value < 1e6:
        return f'{value:,.6g}'
    digits, exponent = f'{value:.2e}'.split('e')
    power = f'10{str(int(exponent)).translate(HIGH)}'
    return power if float(digits) == 1 else f'{float(digits):g}×{power}'


def thinned(values: np.ndarray, low: np.ndarray,
            high: np.ndarray) -> Tuple[np.ndarray, ...]:
    """Steps and their intervals, (n,), of which no more than are seen.

    Returns:
        tuple: Places from 1 on, means, least of low and largest of high of
        neighbours together.
    """
    size = max(1, math.ceil(len(values) / MANY))
    starts = np.arange(0, len(values), size)
    if not len(values):
        return starts, values, low, high
    counts = np.diff(np.append(starts, len(values)))
    return (starts + (counts + 1) / 2,
            np.add.reduceat(values, starts) / counts,
            np.minimum.reduceat(low,
                                starts), np.maximum.reduceat(high, starts))


def steps(x: np.ndarray, y: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """A line that is level around each point, (n,) to (2 n,)."""
    if len(x) < 2:
        return np.array([0.5, 1.5])[:2 * len(x)], np.repeat(y, 2)
    edges = np.concatenate([[1.5 * x[0] - 0.5 * x[1]], (x[1:] + x[:-1]) / 2,
                            [1.5 * x[-1] - 0.5 * x[-2]]])
    return np.repeat(edges, 2)[1:-1], np.repeat(y, 2)
