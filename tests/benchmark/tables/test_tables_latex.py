# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import re

import pytest

from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.tables.tables_latex import (escaped, latex_table,
                                                  latex_tables)
from mmcurv.benchmark.tables.text_table import TextTable
from tests.benchmark.synthetic_runs import example_collection, small_specs

SPECS = small_specs()
COLLECTION = example_collection(
    SPECS, {SPECS[0].name: ('failed', 'a_b & 5 % of $x {y} \\z')})


@pytest.mark.parametrize('text, latex', [
    ('67.3 ± 2.4', r'67.3 $\pm$ 2.4'),
    ('−0.53', r'$-$0.53'),
    ('–', '--'),
    ('a_b & c % d # e', r'a\_b \& c \% d \# e'),
    ('$x^2 ~ {y}', r'\$x\textasciicircum{}2 \textasciitilde{} \{y\}'),
    ('\\n', r'\textbackslash{}n'),
    ('p < 0.01 > | †', r'p $<$ 0.01 $>$ \textbar{} $\dagger$'),
    ('it is "not run" ("x")', "it is ``not run'' (``x'')"),
    ('95\u00a0%', r'95~\%'),
    ('two\nlines', 'two lines'),
])
def test_texts_are_printed_as_they_are(text, latex):
    assert escaped(text) == latex


def test_a_table_is_in_the_style_of_booktabs():
    table = TextTable('T_1', ['A', 'B', 'C'], [['a', '1', 'why']], 'lrw', 'N.')
    assert latex_table(table).splitlines() == [
        r'\begin{table}', r'\centering', r'\caption{T\_1}',
        r'\begin{tabular}{lrp{5cm}}', r'\toprule', r'A & B & C \\',
        r'\midrule', r'a & 1 & why \\', r'\bottomrule', r'\end{tabular}',
        r'\par\smallskip\footnotesize N.', r'\end{table}'
    ]


def test_environments_braces_and_columns_fit():
    text = latex_tables(COLLECTION, summarize(COLLECTION), best=True)
    assert text.startswith('% Needs ')
    for name in ('table', 'tabular'):
        begun = text.count(rf'\begin{{{name}}}')
        assert begun == text.count(rf'\end{{{name}}}') == 10
    plain = re.sub(r'\\[{}]', '', text)
    assert plain.count('{') == plain.count('}')
    for body in re.findall(r'\\toprule(.*?)\\bottomrule', text, re.DOTALL):
        rows = [line for line in body.splitlines() if line.endswith(r'\\')]
        counts = {len(re.findall(r'(?<!\\)&', row)) for row in rows}
        assert len(counts) == 1
    assert r'a\_b \& 5 \% of \$x \{y\} \textbackslash{}z' in text


def test_nothing_is_left_that_latex_could_not_print():
    text = latex_tables(COLLECTION, summarize(COLLECTION))
    assert text.isascii()
