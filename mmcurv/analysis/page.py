# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What every page of an audit is built from: template, drawings, warnings."""
import base64
import hashlib
import os.path as osp
from typing import Dict, List, Sequence

import jinja2
import numpy as np
from markupsafe import Markup

from .inline_svg import axis_scales, inline_svg
from .words import clean, is_known

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
