# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A document of a study, whose tables are made of kept records."""
import json
import os.path as osp
import re
from typing import Any, Dict, List

from mmcurv.benchmark.collecting.collection import read_collection
from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.pages.provenance_rows import code_text
from mmcurv.benchmark.tables.baseline_tables import baseline_tables
from mmcurv.benchmark.tables.gradient_table import gradient_table
from mmcurv.benchmark.tables.pair_tables import pair_tables
from mmcurv.benchmark.tables.refresh_tables import agreement_tables, cost_table
from mmcurv.benchmark.tables.result_tables import detail_tables
from mmcurv.benchmark.tables.study_table import study_table
from mmcurv.benchmark.tables.tables_markdown import markdown_table
from mmcurv.benchmark.tables.text_table import TextTable
from mmcurv.engine.config_options import UsageError
from .marked_part import replace_part

# Tables of the records that are no collections of runs, by schema.
TABLES = {
    'mmcurv.cr_gradient': lambda record: [gradient_table(record)],
    'mmcurv.refresh_cost': lambda record: [cost_table(record)],
    'mmcurv.refresh_agreement': agreement_tables,
}
MARK = re.compile(r'^<!-- (\S+\.json): begin -->$', re.MULTILINE)


def fill_study(text: str, path: str) -> str:
    """Write the table of every record that a document names.

    Args:
        text (str): Markdown. ``<!-- records/a.json: begin -->`` and the line
            that ends the part name a record relative to the document: a kept
            collection, or what ``cr_gradient.py``, ``refresh_cost.py`` or
            ``refresh_agreement.py`` of ``benchmarks`` wrote.
        path (str): Of the document.

    Returns:
        str: All else as it was.

    Raises:
        UsageError: If the document names no record, or one that is missing
            or cannot be read, or a part does not end.
    """
    names = MARK.findall(text)
    if not names:
        raise UsageError(
            f'{path}: expected lines such as "<!-- records/a.json: begin -->" '
            'and "<!-- records/a.json: end -->", found none')
    for name in names:
        record = osp.join(osp.dirname(path), name)
        part = f'\n{_table_of(record)}\n'
        text = replace_part(text, part, path, name)
    return text


def _table_of(path: str) -> str:
    try:
        with open(path, encoding='utf-8') as file:
            record = json.load(file)
        if record.get('schema') in TABLES:
            return '\n\n'.join(_titled(TABLES[record['schema']](record)))
        collection = read_collection(path)
        return _of_collection(collection)
    except (OSError, ValueError, AttributeError) as error:
        raise UsageError(f'{path}: expected a kept collection or a record of '
                         f'{", ".join(TABLES)}, but {error}') from error


def _of_collection(collection: Dict[str, Any]) -> str:
    codes = dict.fromkeys(
        code_text(run['record']) for run in collection['runs']
        if run['state'] == 'done')
    made = (f'Runs of {", ".join(codes)}. Trained by `tools/benchmark.py run '
            f'{collection["matrix"]["file"]}`.')
    return '\n\n'.join([*_titled(_tables(collection)), made])


def _titled(tables: List[TextTable]) -> List[str]:
    if len(tables) == 1:  # the document's own heading is enough
        return [_blocks(tables[0])]
    return [
        f'**{markdown_table(table)[0].removeprefix("## ")}**\n\n'
        f'{_blocks(table)}' for table in tables
    ]


def _tables(collection: Dict[str, Any]) -> List[TextTable]:
    """Of settings of one method, or of several methods."""
    summary = summarize(collection)
    if len({run['method'] for run in collection['runs']}) == 1:
        return [study_table(collection, summary)]
    return [
        *detail_tables(collection, summary), *baseline_tables(summary),
        *pair_tables(summary)
    ]


def _blocks(table: Any) -> str:
    # The document has headings of its own.
    return '\n\n'.join(markdown_table(table)[1:])
