# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A figure as SVG inside an HTML page, in the colours of the page."""
import io
import re
import xml.etree.ElementTree as ElementTree
from typing import Dict

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .palette import THEME

SVG = 'http://www.w3.org/2000/svg'
LINK = 'http://www.w3.org/1999/xlink'
COLOR = re.compile('|'.join(THEME))
REFERENCE = re.compile(r'url\(#')
FAMILY = re.compile(r'font-family:[^;]*;?')
FONT = re.compile(r'font:[^;]*?(\d[\d.]*px)[^;]*')  # older Matplotlib


def inline_svg(figure: Figure, name: str, description: str = '') -> str:
    """Draw a figure as one ``<svg>`` element.

    Args:
        figure (Figure): Drawn with the colours of the palette.
        name (str): Unique in the page; in front of every id, since two
            drawings would otherwise share theirs.
        description (str): For those who cannot see it. Defaults to ''.

    Returns:
        str: The element; all text in it is escaped.
    """
    buffer = io.StringIO()
    settings = {'svg.fonttype': 'none', 'svg.hashsalt': name}
    with matplotlib.rc_context(settings):
        figure.savefig(
            buffer,
            format='svg',
            transparent=True,
            metadata=dict.fromkeys(('Date', 'Creator', 'Format', 'Type')))
    ElementTree.register_namespace('', SVG)
    ElementTree.register_namespace('xlink', LINK)
    root = ElementTree.fromstring(buffer.getvalue())
    root.attrib.pop('width')
    root.attrib.pop('height')
    root.set('role', 'img')
    root.set('aria-label', description)
    for parent in list(root.iter()):
        for style in parent.findall(f'{{{SVG}}}style'):
            parent.remove(style)  # it would hold for the whole page
    for element in root.iter():
        _adopt(element, name)
    return ElementTree.tostring(root, encoding='unicode')


def axis_scales(figure: Figure, axes: Axes) -> Dict[str, float]:
    """Where a value lies in the drawing, for marks put on it later.

    Args:
        figure (Figure): Already drawn, so that its layout is settled.
        axes (Axes): Linear, or logarithmic to the base of 10.

    Returns:
        dict: ``x = x0 + xs * value`` and ``y = y0 + ys * value`` in units of
        the SVG; ``log`` is True if the x value is to be taken as log10.
    """
    log = axes.get_xscale() == 'log'
    height = figure.get_size_inches()[1] * figure.dpi
    one = axes.transData.transform((1, 0))
    zero = axes.transData.transform((10 if log else 0, 1))
    xs = zero[0] - one[0] if log else one[0] - zero[0]
    return dict(
        x0=float(one[0] if log else zero[0]),
        xs=float(xs),
        y0=float(height - one[1]),
        ys=float(one[1] - zero[1]),
        log=log)


def _adopt(element, name: str) -> None:
    for key, value in element.attrib.items():
        if key == 'id':
            value = f'{name}-{value}'
        elif key == f'{{{LINK}}}href' and value.startswith('#'):
            value = f'#{name}-{value[1:]}'
        elif key == 'clip-path':
            value = REFERENCE.sub(f'url(#{name}-', value)
        elif key == 'style':
            value = COLOR.sub(lambda match: THEME[match[0]], value)
            # The page has a font of its own.
            value = FAMILY.sub('', FONT.sub(r'font-size: \1', value))
        element.set(key, value)
