# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math
import re

import numpy as np
import pytest

from mmcurv.audit.compare import compare
from mmcurv.audit.report.compare_page import write_comparison
from mmcurv.audit.report.figures import (plot_before_after, plot_moved,
                                         plot_sorted_change)
from .example_audit import bare_audit, example_audit
from .page_reader import Page

NAMES = ['<script>alert(1)</script>', '<b>bold</b>', '</svg>'
         ] + [f'class {c}' for c in range(3, 12)]


def comparison_of(names=NAMES, fingerprint='a' * 64, correct=(95, 5)):
    a = example_audit(12, names=list(names))
    b = example_audit(12, names=list(names), fingerprint=fingerprint)
    for row, value in zip(b['classes'], correct):
        row.update(correct=value, accuracy=value / 100)
    for row in a['classes'][:2]:
        row.update(correct=50, accuracy=0.5)
    for row in b['classes'][:-1]:
        row['log_curvature'] -= row['accuracy']
    return compare(a, b, permutations=50)


def page_of(comparison, folder):
    with open(
            write_comparison(comparison, str(folder)),
            encoding='utf-8') as file:
        return Page(file.read())


def test_page_has_its_sections_and_nothing_from_outside(tmp_path):
    page = page_of(comparison_of(), tmp_path)
    assert [a['id'] for tag, a in page.tags if tag == 'section'] == [
        'verdict', 'summary', 'classes', 'curve', 'geometry', 'provenance'
    ]
    for target in page.targets:
        assert target.startswith(('#', 'data:image/')), target
    assert {t[1:] for t in page.targets if t.startswith('#')} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_names_with_html_are_shown_as_text(tmp_path):
    page = page_of(comparison_of(), tmp_path)
    assert len(page.scripts) == 2
    assert 'b' not in {tag for tag, _ in page.tags}
    for name in NAMES[:3]:
        assert name in page.text_in('table')
    assert '<script>alert(1)</sc' not in page.text_in('svg')  # cut at 18
    assert '<b>bold</b>' in page.text_in('svg')
    assert NAMES[0] in {row[0] for row in page.data['rows']}


def test_who_gained_and_who_paid_is_said_with_points(tmp_path):
    text = page_of(comparison_of(), tmp_path).text
    assert '1 class clearly gained, 1 clearly paid.' in text
    assert 'Gained, in points: <script>alert(1)</script> (+45.0).' in text
    assert 'Paid: <b>bold</b> (−45.0).' in text


def test_losses_stand_first_and_unknown_changes_last(tmp_path):
    comparison = comparison_of()
    comparison['classes'][5].update(
        change=math.nan, low=math.nan, high=math.nan, outcome=None)
    page = page_of(comparison, tmp_path)
    key = [column['key'] for column in page.data['columns']].index('change')
    changes = [row[key] for row in page.data['sort']]
    assert changes[0] == pytest.approx(-0.45) and changes[-1] is None
    assert changes[:-1] == sorted(changes[:-1])
    assert page.data['marked'] == [True] + [False] * 11


def test_bars_lie_between_their_ends_around_zero(tmp_path):
    page = page_of(comparison_of(), tmp_path)
    for low, value, high in page.data['bars']:
        assert 0 <= low <= value <= high <= 1
    assert page.data['bars'][0][1] < page.data['line'] == 0.5


def test_other_test_set_is_the_first_thing_on_the_page(tmp_path):
    page = page_of(comparison_of(fingerprint='b' * 64), tmp_path)
    loud = [a for _, a in page.tags if a.get('class') == 'warning loud']
    assert len(loud) == 1
    assert page.text.index('different images') < page.text.index(
        'clearly gained')


def test_every_fact_of_both_audits_stands_side_by_side(tmp_path):
    text = page_of(comparison_of(fingerprint='b' * 64), tmp_path).text
    assert f'geometry split {"9" * 64} {"9" * 64}' in text
    assert f'accuracy split {"a" * 64} {"b" * 64}' in text


def test_unknown_numbers_are_dashes(tmp_path):
    page = page_of(comparison_of(), tmp_path)
    assert not re.search(r'\b(nan|None|NaN)\b', page.text)
    key = [c['key']
           for c in page.data['columns']].index('log_curvature_change')
    row, = [row for row in page.data['rows'] if row[0] == 'class 11']
    assert row[key] == '–'


@pytest.mark.parametrize('size, known', [(1, True), (1, False), (5, False)])
def test_degenerate_comparisons_give_a_page(tmp_path, size, known):
    audit = bare_audit(size, known=known)
    page = page_of(compare(audit, audit, permutations=20), tmp_path)
    assert len(page.data['rows']) == size


def test_figures_show_every_class_where_it_is():
    comparison = comparison_of()
    _, axes = plot_before_after(comparison)
    dots = axes.collections[0].get_offsets()
    np.testing.assert_allclose(dots, [(row['accuracy_a'], row['accuracy_b'])
                                      for row in comparison['classes']])
    _, axes = plot_sorted_change(comparison)
    assert (np.diff(axes.lines[0].get_ydata()) >= 0).all()
    _, axes = plot_moved(comparison, 'log_curvature')
    assert '<b>bold</b>' in [text.get_text() for text in axes.texts]
