# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math
import re

import numpy as np
import pytest

from mmcurv.audit.compare import compare
from mmcurv.audit.report.compare_page import (comparison_sentences,
                                              write_comparison)
from mmcurv.audit.report.figures import (plot_before_after, plot_moved,
                                         plot_sorted_change)
from .example_audit import bare_audit, example_audit, set_correct
from .page_reader import Page

NAMES = ['<script>alert(1)</script>', '<b>bold</b>', '</svg>'
         ] + [f'class {c}' for c in range(3, 12)]


def comparison_of(names=NAMES, fingerprint='a' * 64, correct=(95, 5)):
    a = example_audit(12, names=list(names))
    b = example_audit(12, names=list(names), fingerprint=fingerprint)
    set_correct(a, (50, 50))
    set_correct(b, correct)
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
    assert NAMES[0] in page.data['names']


def test_who_gained_and_who_paid_is_said_with_points(tmp_path):
    text = page_of(comparison_of(), tmp_path).text
    assert '1 class gained, 1 paid.' in text
    assert 'Gained, in points: <script>alert(1)</script> (+45.0).' in text
    assert 'Paid: <b>bold</b> (−45.0).' in text
    assert "McNemar's exact test" in text and 'Benjamini-Hochberg' in text
    assert 'paired on the same 1,200 test images' in text


def test_classes_that_newly_fail_are_named():
    comparison = dict(
        comparison_of(),
        newly_failing=['class 3'],
        no_longer_failing=[f'class {c}' for c in range(4, 12)])
    text = ' '.join(comparison_sentences(comparison))
    assert 'Failing in B and not in A: class 3. ' in text
    assert ('Failing in A and no longer in B: class 4, class 5, class 6, '
            'class 7, class 8 and 3 more.') in text


def test_outcomes_are_words_with_a_filter_each(tmp_path):
    page = page_of(comparison_of(), tmp_path)
    words = [
        text.strip() for path, text in page.texts if path[-2:] == ('tr', 'td')
    ]
    assert words.count('paid') == words.count('gained') == 1
    assert 'Only classes that paid (1)' in page.text
    assert 'Only classes that gained (1)' in page.text
    assert page.data['marked'].count('paid') == 1


def test_losses_stand_first_and_unknown_changes_last(tmp_path):
    comparison = comparison_of()
    comparison['classes'][5].update(
        change=math.nan,
        low=math.nan,
        high=math.nan,
        q_value=None,
        outcome=None)
    page = page_of(comparison, tmp_path)
    heads = [text for path, text in page.texts if path[-2:] == ('tr', 'th')]
    heads = heads[heads.index('Class'):]
    changes = page.data['sort'][heads.index('Change, points')]
    assert changes[0] == pytest.approx(-0.45) and changes[-1] is None
    assert changes[:-1] == sorted(changes[:-1])
    assert page.data['marked'][0] == 'paid'


def test_bars_lie_between_their_ends_around_zero(tmp_path):
    page = page_of(comparison_of(), tmp_path)
    bars = [a['style'] for tag, a in page.tags if tag == 'i']
    assert len(bars) == 12
    for bar in bars:
        low, value, high, line = (
            float(number) for number in re.findall(r':([-\d.]+)%', bar))
        assert 0 <= low <= value <= high <= 100 and line == 50
    assert float(re.search(r'--v:([\d.]+)', bars[0])[1]) < 50


def test_other_test_set_is_the_first_thing_on_the_page(tmp_path):
    page = page_of(comparison_of(fingerprint='b' * 64), tmp_path)
    loud = [a for _, a in page.tags if a.get('class') == 'warning loud']
    assert len(loud) == 1
    assert page.text.index('different images') < page.text.index('1 paid.')


def test_page_says_why_images_cannot_be_paired(tmp_path):
    text = page_of(comparison_of(fingerprint='b' * 64), tmp_path).text
    assert ('cannot be paired, because they were tested on different images. '
            'The two tests are taken as independent') in text
    assert "Fisher's exact test" in text and 'McNemar' not in text


def test_every_fact_of_both_audits_stands_side_by_side(tmp_path):
    text = page_of(comparison_of(fingerprint='b' * 64), tmp_path).text
    assert f'geometry split {"9" * 64} {"9" * 64}' in text
    assert f'accuracy split {"a" * 64} {"b" * 64}' in text


def test_unknown_numbers_are_dashes(tmp_path):
    page = page_of(comparison_of(), tmp_path)
    assert not re.search(r'\b(nan|None|NaN)\b', page.text)


@pytest.mark.parametrize('size, known', [(1, True), (1, False), (5, False)])
def test_degenerate_comparisons_give_a_page(tmp_path, size, known):
    audit = bare_audit(size, known=known)
    page = page_of(compare(audit, audit, permutations=20), tmp_path)
    assert len(page.data['names']) == size


def test_figures_show_every_class_where_it_is():
    comparison = comparison_of()
    dots = [(x, y) for xs, ys, _ in plot_before_after(comparison).dots
            for x, y in zip(xs, ys)]
    assert sorted(dots) == sorted((row['accuracy_a'], row['accuracy_b'])
                                  for row in comparison['classes'])
    assert (np.diff(plot_sorted_change(comparison).lines[0].y) >= 0).all()
    names = [
        name for _, name, _ in plot_moved(comparison, 'log_curvature').names
    ]
    assert '<b>bold</b>' in names
