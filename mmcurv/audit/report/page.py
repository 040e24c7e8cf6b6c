# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What every page of an audit is built from: template, drawings, warnings."""
import base64
import hashlib
import io
import os.path as osp
import re
import xml.etree.ElementTree as ElementTree
from typing import Dict, List, Optional, Sequence

import jinja2
import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .numbers import clean, is_known
from .style import THEME

TEMPLATES = osp.join(osp.dirname(osp.abspath(__file__)), 'templates')
ROWS_WITHOUT_SCRIPT = 50


def render(template: str, **content) -> str:
    """Fill a template with texts that are escaped, and the shared style.

    The page loads nothing: its security policy forbids it, and lets no script
    run but its own, whatever the names of classes and paths hold.

    Args:
        template (str): File in ``templates``.
        **content: Its variables.

    Returns:
        str: The page.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    environment.policies['json.dumps_kwargs'] = dict(allow_nan=False)
    script, style = (_own_text(name) for name in ('page.js', 'page.css'))
    digest = hashlib.sha256(script.encode()).digest()
    return environment.get_template(template).render(
        script=Markup(script),
        style=Markup(style),
        script_hash=base64.b64encode(digest).decode(),
        rows_without_script=ROWS_WITHOUT_SCRIPT,
        **content)


def drawing(drawn: tuple, name: str) -> Markup:
    """A figure as it stands in a page.

    Args:
        drawn (tuple): Figure and its axes.
        name (str): Unique in the page.

    Returns:
        Markup: The ``<svg>`` element.
    """
    figure, axes = drawn
    title = axes.get_title(loc='left')
    return Markup(inline_svg(figure, name, title))  # escaped by the XML writer


def panel_scale(drawn: tuple, label: str, values: np.ndarray,
                heights: str) -> dict:
    """What the script needs to find and to mark a class in a drawing.

    Args:
        drawn (tuple): Figure, already drawn, and its axes.
        label (str): Of the horizontal axis.
        values (np.ndarray): (C,) horizontal places in the order of the rows.
        heights (str): Name of the vertical places.

    Returns:
        dict: Scales of the axes, ``label``, ``values``, ``heights``.
    """
    return dict(
        axis_scales(*drawn),
        label=label,
        values=short(values),
        heights=heights)


def short(values: Sequence[float]) -> list:
    """Numbers with four digits for the script; None for what is not known."""
    return [
        float(f'{value:.4g}') if is_known(value) else None for value in values
    ]


def page_warnings(record: dict) -> List[Dict[str, object]]:
    """Warnings of a record with the names of their classes.

    Args:
        record (dict): Its ``warnings`` name classes by number or by name.

    Returns:
        list[dict]: ``message``, ``loud``, and ``classes``: the names, if the
        message does not hold them all.
    """
    names = {row.get('class'): row['name'] for row in record['classes']}
    found = []
    for warning in record.get('warnings') or []:
        message = clean(warning['message'], 600)
        classes = [
            clean(names.get(c, c), 60) for c in warning.get('classes') or []
        ]
        if all(name in message for name in classes):
            classes = []  # said already
        found.append(
            dict(
                message=message,
                loud=bool(warning.get('loud')),
                classes=classes))
    return found


def _own_text(name: str) -> str:
    with open(osp.join(TEMPLATES, name), encoding='utf-8') as file:
        return file.read()


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


LARGEST_FILE = 32 * 2**20  # bytes; a test image is smaller
# Formats that Pillow decodes itself: for EPS it would start another program.
FORMATS = ('BMP', 'GIF', 'JPEG', 'PNG', 'PPM', 'TIFF', 'WEBP')
SIDE = 112  # pixels, twice what the page shows for dense screens


def thumbnail(path: str) -> Optional[str]:
    """Read an image and shrink it.

    Args:
        path (str): Of an image file; seen from the working directory if it
            is relative.

    Returns:
        str or None: A ``data:`` address with a PNG of at most ``SIDE`` pixels
        a side, without the file's metadata; None if there is no such file or
        it is no image of the usual formats.
    """
    from PIL import Image  # comes with Matplotlib, slow to import
    try:
        if not osp.isfile(path) or osp.getsize(path) > LARGEST_FILE:
            return None
        with Image.open(path, formats=FORMATS) as image:
            small = image.convert('RGB')
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # Pillow's ways to say that it is no image
    small.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    small.save(buffer, format='PNG', optimize=True)
    text = base64.b64encode(buffer.getvalue()).decode('ascii')
    return f'data:image/png;base64,{text}'
