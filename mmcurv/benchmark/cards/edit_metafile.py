# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Puts targets and results into a ``metafile.yml``, and changes no more.

Only the lines of these two values are replaced, so that comments, order and
style of the file stay as their author wrote them.
"""
from typing import Any, Dict, List, NamedTuple, Optional

import yaml

from mmcurv.engine.config_options import UsageError

STYLE = ('write the list Models, its entries and their Metadata in block '
         'style: one key in each line, without braces')


class Generated(NamedTuple):
    """What of an entry is not written by hand.

    Attributes:
        target (dict, optional): Value of Target in its Metadata; None for no
            such key.
        results (list, optional): Value of its Results; None stands for null.
    """
    target: Optional[Dict[str, Any]]
    results: Optional[List[dict]]


class _Edit(NamedTuple):
    first: int  # line to replace
    end: int  # line after the last one to replace
    line: Optional[str]


def edit_metafile(text: str, generated: Dict[str, Generated],
                  path: str) -> str:
    """Set Target and Results of every entry.

    Args:
        text (str): Content of a metafile that
            :func:`~mmcurv.benchmark.cards.metafile.read_metafile` can read.
        generated (dict[str, Generated]): For the Name of each entry.
        path (str): Of the file, for messages.

    Returns:
        str: The same text where nothing changes.

    Raises:
        UsageError: If the file is written so that a value cannot be replaced
            line by line.
    """
    wanted = yaml.safe_load(text)
    edits: List[_Edit] = []
    nodes = _value(yaml.compose(text, yaml.SafeLoader), 'Models').value
    for model, node in zip(wanted['Models'], nodes):
        metadata = _value(node, 'Metadata')
        if node.flow_style or metadata.flow_style:
            raise UsageError(f'{path}: {model["Name"]}: {STYLE}')
        target, results = generated[model['Name']]
        if model['Metadata'].get('Target') != target:
            edits.append(_edit(metadata, 'Target', target))
            model['Metadata'].pop('Target', None)
            if target is not None:
                model['Metadata']['Target'] = target
        if 'Results' not in model or model['Results'] != results:
            edits.append(_edit(node, 'Results', results, null='null'))
            model['Results'] = results
    lines = text.split('\n')
    # From the end, so that the numbers of the lines before stay right; of
    # two edits at one place the first comes to stand first.
    for _, edit in sorted(enumerate(edits), key=_place, reverse=True):
        lines[edit.first:edit.end] = [] if edit.line is None else [edit.line]
    edited = '\n'.join(lines)
    if _load(edited) != wanted:
        raise UsageError(f'{path}: Target and Results could not be replaced; '
                         f'{STYLE}')
    return edited


def _place(numbered) -> tuple:
    number, edit = numbered
    return edit.first, edit.end, number


def _edit(mapping: yaml.MappingNode,
          key: str,
          value: Any,
          null: Optional[str] = None) -> _Edit:
    """Replace the lines of a key; add one at the end if there is none."""
    column = mapping.value[0][0].start_mark.column
    words = null if value is None else _flow(value)
    line = None if words is None else f'{" " * column}{key}: {words}'
    for known, node in mapping.value:
        if known.value == key:
            first = known.start_mark.line
            return _Edit(first, max(first, _last_line(node)) + 1, line)
    end = _last_line(mapping) + 1
    return _Edit(end, end, line)


def _flow(value: Any) -> str:
    """One line of YAML."""
    return yaml.safe_dump(
        value,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=float('inf')).strip()


def _last_line(node: yaml.Node) -> int:
    """Last line of a value; blocks end where the next token begins."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        # An alias has the place of what it stands for, above its key.
        return max(
            max(key.start_mark.line, _last_line(value))
            for key, value in node.value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return max(map(_last_line, node.value))
    mark = node.end_mark
    return mark.line - (mark.column == 0 and mark.line > node.start_mark.line)


def _value(node: yaml.MappingNode, key: str) -> yaml.Node:
    return next(value for known, value in node.value if known.value == key)


def _load(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
