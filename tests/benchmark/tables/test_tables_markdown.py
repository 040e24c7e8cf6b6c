# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import re

from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.paper.verdict import RULE
from mmcurv.benchmark.tables.tables_markdown import (markdown_table,
                                                     markdown_tables)
from mmcurv.benchmark.tables.text_table import TextTable
from tests.benchmark.synthetic_runs import example_collection, small_specs

SPECS = small_specs()
COLLECTION = example_collection(
    SPECS, {SPECS[0].name: ('failed', 'exit code 1: a | b\n*c* <d>')})
COLLECTION['runs'][1]['record']['code']['clean'] = False
SUMMARY = summarize(COLLECTION)


def test_a_table_has_heading_rule_rows_and_note():
    table = TextTable('T', ['A', 'B', 'C'], [['a', 'b', 'c']], 'lrw', 'N')
    assert markdown_table(table) == [
        '## T', '| A | B | C |\n| :-- | --: | :-- |\n| a | b | c |', 'N'
    ]


def test_texts_are_no_markup():
    table = TextTable('#', ['a|b'], [['x\ny *z* <i> [l](u) `c`']], 'l')
    heading, body = markdown_table(table)
    assert heading == r'## \#'
    assert body.splitlines() == [
        r'| a\|b |', '| :-- |', r'| x y \*z\* \<i\> \[l\](u) \`c\` |'
    ]


def test_all_tables_are_there_in_their_order():
    text = markdown_tables(COLLECTION, SUMMARY)
    assert re.findall('^#+ (.*)', text, re.MULTILINE) == [
        'A small matrix', 'Overall accuracy after the last epoch',
        'What CR changed: CIFAR-10-LT, imbalance 100',
        'What CR changed: CIFAR-10-LT, imbalance 10',
        'Table 1 of the paper: 7 not reproduced, 1 not comparable, 48 not run',
        'Gains by CR in Table 1: 2 reproduced, 1 not reproduced, 1 not '
        'comparable, 20 not run',
        'CIFAR-10-LT, imbalance 100, after the last epoch',
        'CIFAR-10-LT, imbalance 10, after the last epoch',
        'Runs that were begun and do not count'
    ]
    assert '| CE | 67.80 ± 2.54 (2 of 3 seeds) | 78.57 ± 2.35 (n = 3)' in text
    assert r'exit code 1: a \| b \*c\* \<d\>' in text
    assert text.count(RULE.replace('*', r'\*')) == 1  # both tables share it


def test_warnings_and_origin_stand_on_top():
    head = markdown_tables(COLLECTION, SUMMARY).split('## ')[0]
    assert '- Warning: There were uncommitted changes' in head
    assert 'Made by tools/benchmark.py collect small.yml, 2026-01-01' in head
    assert 'Two methods that can be run and one that cannot.' in head


def test_best_epoch_is_shown_on_request():
    words = 'after the best epoch, chosen on the test set by overall'
    assert words not in markdown_tables(COLLECTION, SUMMARY)
    assert words in markdown_tables(COLLECTION, SUMMARY, best=True)


def test_every_row_has_as_many_cells_as_its_heading():
    blocks = markdown_tables(COLLECTION, SUMMARY, best=True).split('\n\n')
    for block in blocks:
        if block.startswith('|'):
            counts = {
                len(re.findall(r'(?<!\\)\|', line))
                for line in block.splitlines()
            }
            assert len(counts) == 1, block
