# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What every page is built from: templates, drawings, a table, warnings.

Sentences stand in the templates; Python brings them numbers.
"""
import base64
import functools
import hashlib
import io
import math
import os.path as osp
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import jinja2
import numpy as np
from markupsafe import Markup

from mmcurv import numbers
from mmcurv.numbers import clean, is_known
from .charts import Chart

TEMPLATES = osp.join(osp.dirname(osp.abspath(__file__)), 'templates')
END = '\x00'  # of a paragraph; no name holds it, see clean()
# How templates show numbers and names.
FILTERS = ('number', 'count', 'percent', 'points', 'signed', 'signed_number',
           'interval', 'probability', 'p_value', 'clean', 'plural', 'listing')


@functools.lru_cache(maxsize=None)
def _environment(escaped: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True)
    environment.policies['json.dumps_kwargs'] = dict(allow_nan=False)
    environment.filters.update(
        {name: getattr(numbers, name)
         for name in FILTERS})
    environment.filters['first_of'] = _first_of
    environment.tests['known'] = is_known
    environment.globals.update(
        MEASURES=numbers.MEASURES, show=vars(numbers), end=END)
    return environment


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
    script, style = (_own_text(name) for name in ('page.js', 'page.css'))
    digest = hashlib.sha256(script.encode()).digest()
    return _environment(True).get_template(template).render(
        script=Markup(script),
        style=Markup(style),
        script_hash=base64.b64encode(digest).decode(),
        **content)


def sentences(template: str, **content) -> List[str]:
    """Sentences about a record, the same for page and terminal.

    Args:
        template (str): File in ``templates``, its paragraphs ended by
            ``{{ end }}``, the first of them the headline.
        **content: Its variables.

    Returns:
        list[str]: Plain text, not escaped, each on one line.
    """
    text = _environment(False).get_template(template).render(**content)
    return [' '.join(part.split()) for part in text.split(END) if part.strip()]


def _first_of(texts: List[str], size: int) -> str:
    """'a, b and 3 more' of five; 'a and b' if they are all."""
    if size > len(texts):
        return f'{", ".join(texts)} and {size - len(texts):,} more'
    return numbers.listing(texts)


def _own_text(name: str) -> str:
    with open(osp.join(TEMPLATES, name), encoding='utf-8') as file:
        return file.read()


def panel_scale(chart: Chart, label: str, values: np.ndarray,
                heights: str) -> dict:
    """What the script needs to find and to mark a class in a drawing.

    Args:
        chart (Chart): The drawing.
        label (str): Of the horizontal axis.
        values (np.ndarray): (C,) horizontal places in the order of the rows.
        heights (str): Name of the vertical places.

    Returns:
        dict: Scales of the axes, ``label``, ``values``, ``heights``.
    """
    return dict(
        chart.scales(), label=label, values=short(values), heights=heights)


def short(values: Sequence[float]) -> list:
    """Numbers with four digits for the script; None for what is not known."""
    return [
        float(f'{value:.4g}') if is_known(value) else None for value in values
    ]


class Column(NamedTuple):
    """One column of the class table.

    Attributes:
        key (str): In the page, unique.
        label (str): Its heading.
        meaning (str): Its definition, below the table.
        show (Callable): Maps a row of the record to a text; a second line
            stands small below the first.
        sort (Callable): Maps a row to a number, a text or None (last).
        kind (str): 'text', 'word', 'mark' (coloured where the class stands
            out), 'number' or 'bar'. Defaults to 'number'.
    """
    key: str
    label: str
    meaning: str
    show: Callable[[dict], str]
    sort: Callable[[dict], Any]
    kind: str = 'number'


def field(key: str, label: str, meaning: str, show: Callable) -> Column:
    """A column of one number of the record, sorted by the number."""
    return Column(key, label, meaning, lambda row: show(row.get(key)),
                  lambda row: row.get(key))


def class_table(rows: List[dict], columns: Sequence[Column],
                marked: List[Optional[str]], bars: np.ndarray,
                line: Optional[float], filters: Dict[str, str]) -> dict:
    """The table of all classes as the page and its script need it.

    Args:
        rows (list[dict]): Of the record, as they stand at first.
        columns (Sequence[Column]): One of which no row knows anything is left
            out.
        marked (list[str or None]): (C,) a word of ``filters`` for classes
            that stand out.
        bars (np.ndarray): (C, 3) low, value and high in [0, 1] of the column
            of kind 'bar'; nan where unknown.
        line (float, optional): Mark in every bar.
        filters (dict): Word to the label of the switch that shows only those
            classes.

    Returns:
        dict: For ``class_table.html.j2``; ``script`` is what goes to the
        script.
    """
    shown = [
        column for column in columns if any(
            _compact(column.sort(row)) is not None for row in rows)
    ]
    return dict(
        columns=shown,
        rows=[[column.show(row).partition('\n')[::2] for column in shown]
              for row in rows],
        marked=marked,
        bars=[_bar(bar, line) for bar in bars],
        filters=[
            dict(key=key, label=label, count=marked.count(key))
            for key, label in filters.items() if key in marked
        ],
        script=dict(
            names=[clean(row['name']) for row in rows],
            sort=[[_compact(column.sort(row)) for row in rows]
                  for column in shown],
            marked=marked))


def _bar(bar: Sequence[float], line: Optional[float]) -> str:
    """The style of one bar: places in per cent of its width."""
    low, value, high = bar
    if not is_known(value):
        return ''
    if not (is_known(low) and is_known(high)):
        low = high = value
    places = [('l', low), ('v', value), ('h', high)]
    if is_known(line):
        places.append(('m', line))
    return ';'.join(f'--{key}:{100 * place:.4g}%' for key, place in places)


def _compact(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return float(f'{value:.6g}') if math.isfinite(value) else None
    return clean(value) if isinstance(value, str) else value


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
