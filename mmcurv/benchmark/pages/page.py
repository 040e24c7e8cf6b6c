# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A benchmark as one HTML page that needs nothing else."""
import shlex
from typing import Any, Dict, List

from markupsafe import Markup

from mmcurv.audit.report.numbers import clean
from mmcurv.audit.report.page import inline_svg, render
from mmcurv.benchmark.figures.figures import BenchmarkFigure, benchmark_figures
from mmcurv.benchmark.paper.verdict import RULE as PAPER_RULE
from mmcurv.files import write_text
from .collection_warnings import collection_warnings
from .glance import RULE, glance_columns, glance_rows, headline
from .missing_runs import missing_runs
from .number_tables import number_tables, varied
from .paper_rows import paper_groups, verdict_counts
from .provenance_rows import provenance_rows
from .run_facts import protocol_rows, run_cells
from .run_rows import run_rows

SCALE = 1.3  # of a figure's points on the page; its text becomes 10 px


def write_page(collection: Dict[str, Any], summary: Dict[str, Any],
               path: str) -> str:
    """Write a page that opens offline in any browser.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.
        path (str): Path of the page; its folder is made if it is missing.

    Returns:
        str: The same path.
    """
    content = page_content(collection, summary)
    write_text(path, render('benchmark.html.j2', **content))
    return path


def page_content(collection: Dict[str, Any],
                 summary: Dict[str, Any]) -> Dict[str, object]:
    """Every variable of the benchmark's template.

    Args:
        collection (dict): Runs of a matrix with their records.
        summary (dict): Of the same collection.

    Returns:
        dict: Texts, lists of texts and finished drawings.
    """
    matrix = collection['matrix']
    glanced = glance_rows(summary)
    figures = benchmark_figures(collection, summary)
    return dict(
        kind='Benchmark',
        title=clean(matrix['title']),
        about=_paragraphs(matrix.get('about')),
        made=clean(collection['created'])[:16].replace('T', ' '),
        cells=run_cells(collection),
        protocol=protocol_rows(collection),
        warnings=collection_warnings(collection, summary),
        headline=headline(summary),
        rule=RULE,
        glanced=glanced,
        outcomes=glance_columns(glanced),
        tables=number_tables(summary),
        several_models=varied(summary, 'model'),
        several_variants=varied(summary, 'variant'),
        verdicts=verdict_counts(summary['paper'], summary['paper_gains']),
        paper=paper_groups(summary['paper']),
        gains=paper_groups(summary['paper_gains'], gains=True),
        paper_models=len({cell['model']
                          for cell in summary['paper']}) > 1,
        paper_rule=PAPER_RULE,
        figures=[_drawing(name, figure) for name, figure in figures.items()],
        missing=missing_runs(collection),
        runs=run_rows(collection),
        provenance=provenance_rows(collection),
        commands=_commands(collection),
        table=None)  # the script of an audit's table has nothing to do


def _paragraphs(text: Any) -> List[str]:
    found = str(text or '').split('\n\n')
    # The lines of a paragraph run on, as in Markdown.
    return [
        clean(' '.join(part.split()), 2000) for part in found if part.strip()
    ]


def _commands(collection: Dict[str, Any]) -> List[str]:
    matrix = shlex.quote(str(collection['matrix']['file']))
    given = [f'tools/benchmark.py run {matrix}', collection['command']]
    return [f'python {clean(text, 1000)}' for text in given if text]


def _drawing(name: str, drawn: BenchmarkFigure) -> Dict[str, object]:
    width = 72 * drawn.figure.get_size_inches()[0]
    svg = inline_svg(drawn.figure, name, drawn.caption)
    return dict(
        caption=drawn.caption,
        svg=Markup(svg),  # escaped by the XML writer
        width=round(SCALE * width))
