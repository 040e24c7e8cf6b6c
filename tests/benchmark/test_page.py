# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The page of a benchmark: whole, offline, without script but for sorting."""
import hashlib
import re
from base64 import b64encode

import pytest

from mmcurv.benchmark.collect import summarize
from mmcurv.benchmark.figures import draw_figures
from mmcurv.benchmark.page import page
from mmcurv.benchmark.tables import note
from tests.audit.page_reader import Page
from tests.benchmark.page_example import (FAILURE, MARKUP, mixed_example,
                                          models_example, study_example)
from tests.benchmark.synthetic_runs import example_collection, spec


def page_of(summary, figures=None):
    return Page(page(summary, figures or {}))


@pytest.fixture(scope='module')
def mixed():
    _, summary = mixed_example()
    return page_of(summary, draw_figures(summary))


def sections(page):
    return [a['id'] for tag, a in page.tags if tag == 'section']


def test_page_has_its_sections_and_nothing_from_outside(mixed):
    assert sections(mixed) == [
        'verdict', 'warnings', 'numbers', 'paper', 'figures', 'missing',
        'runs', 'provenance'
    ]
    assert all(target.startswith('#') for target in mixed.targets)
    assert {t[1:] for t in mixed.targets} <= set(mixed.ids)
    assert len(set(mixed.ids)) == len(mixed.ids)
    assert not re.search('https?:', mixed.text)


def test_only_the_page_s_own_script_may_run(mixed):
    (_, script), = mixed.scripts
    policy, = (a['content'] for tag, a in mixed.tags
               if a.get('http-equiv') == 'Content-Security-Policy')
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'")
    assert f"script-src 'sha256-{digest}'" in policy


def test_every_table_can_be_sorted_and_is_whole_without_the_script(mixed):
    tables = [a for tag, a in mixed.tags if tag == 'table']
    assert len(tables) > 5
    assert {a.get('class') for a in tables} == {'sortable'}
    assert 'button' not in {tag for tag, _ in mixed.tags}
    assert '69.57 ± 2.31 (n = 3)' in mixed.text_in('table')


def test_names_and_reasons_with_html_are_shown_as_text(mixed):
    assert 'b' not in {tag for tag, _ in mixed.tags}
    assert MARKUP in mixed.text_in('table')
    assert mixed.text.startswith('Benchmark: Table <1>')
    assert 'First & second.' in mixed.text
    assert FAILURE in mixed.text_in('table')  # its lines are lines


def test_what_was_run_stands_on_top(mixed):
    text = mixed.text
    assert text.index('12 of 36') < text.index('Clearly better')
    assert '6 failed, 6 not run, 12 no config' in text
    assert 'after the last epoch; no epoch was chosen' in text
    assert 'commit ' + 'a' * 40 in text and 'torch 2.6.0' in text
    assert 'A processor, 2 cores' in text


def tones(page):
    return {a.get('class') for tag, a in page.tags if tag == 'tr'}


def test_only_clear_differences_are_coloured(mixed):
    _, summary = mixed_example()
    summary.differences['outcome'] = 'only before correction'
    unclear = page_of(summary._replace(paper=summary.paper.iloc[:0]))
    assert 'better' in tones(mixed) and 'open' in tones(mixed)
    assert not tones(unclear) & {'better', 'worse'}


def bars(summary):
    return [
        a for tag, a in page_of(summary).tags
        if tag == 'span' and a.get('class') == 'bar'
    ]


def test_each_known_difference_has_a_bar():
    _, summary = study_example()
    shown = summary.differences[summary.differences.difference.notna()]
    assert len(bars(summary)) == len(shown) > 0


def headline(outcomes):
    _, summary = mixed_example()
    own = summary.differences.metric == 'overall'
    rows = summary.differences[own].iloc[:len(outcomes)].assign(
        outcome=outcomes)
    text = page_of(summary._replace(differences=rows)).text_in('h2')
    return re.search(r'\s(Overall|No comparison).*?\.\s', f' {text}',
                     re.S)[0].split()


@pytest.mark.parametrize('outcomes, words', [
    (['clearly better'] * 2 + ['clearly worse', 'not known'],
     'Overall accuracy with CR is clearly better in 2 and clearly worse in 1 '
     'of 3 comparisons.'),
    (['not clear', 'only before correction', 'no test'],
     'Overall accuracy with CR is clearly different in none of 3 comparisons; '
     '1 only before correction; 1 without a test.'),
    (['clearly better'], 'Overall accuracy with CR is clearly better in 1 and '
     'clearly worse in 0 of 1 comparison.'),
    (['not known'], 'No comparison with and without CR can be made yet: none '
     'has both runs with the same seed.'),
])
def test_headline_tells_clear_from_unclear(outcomes, words):
    found = ' '.join(headline(outcomes)).replace(' .', '.').replace(' ;', ';')
    assert found == words


def test_paper_stands_beside_ours_with_rule_and_counts(mixed):
    assert note('paper') in mixed.text
    assert 'Reproduced' in mixed.text
    assert 'and 0 of 24 gains by CR' in mixed.text


def test_page_tells_how_to_make_it_again(mixed):
    assert mixed.text_in('pre').endswith(
        'python tools/benchmark.py run small.yml\n'
        'python tools/benchmark.py collect small.yml')


def test_page_of_some_runs_trains_these_again():
    _, summary = mixed_example()
    some = ' small.yml --only method=CE seed=0'
    summary.matrix['command'] = f'tools/benchmark.py collect{some}'
    page = page_of(summary, {})
    assert page.text_in('pre').endswith(
        f'python tools/benchmark.py run{some}\n'
        f'python tools/benchmark.py collect{some}')


def test_first_table_is_shown_and_the_others_can_be_chosen(mixed):
    radios = [a for tag, a in mixed.tags if a.get('type') == 'radio']
    labels = [a['for'] for tag, a in mixed.tags if tag == 'label']
    assert [a['id'] for a in radios] == labels
    assert ['checked' in a for a in radios] == [True] + [False] * (
        len(radios) - 1)
    assert {'number-variance', 'number-cr_share'} < set(labels)
    assert 'number-tail' not in labels  # no class is in it


def test_nan_is_a_dash(mixed):
    assert not re.search(r'\b(nan|None|NaN)\b', mixed.text)


def test_figures_are_inside(mixed):
    drawn = [a for tag, a in mixed.tags if tag == 'svg']
    assert len(drawn) == 3
    assert all(a['aria-label'] for a in drawn)


def test_study_has_no_paper_and_models_are_told():
    page = page_of(study_example()[1])
    assert 'paper' not in sections(page)
    assert 'tau=10' in page.text_in('table')
    page = page_of(models_example()[1])
    assert 'ResNet-18' in page.text_in('table')
    assert 'Fewer than 3 seeds have ended in 8 of 8 cells' in page.text


def test_nothing_done_gives_a_page():
    one = spec()
    summary = summarize(
        example_collection([one], {one.name: ('missing', None)},
                           paper_table=None,
                           about=''))
    page = page_of(summary, draw_figures(summary))
    assert 'No comparison with and without CR can be made yet' in page.text
    assert 'not run' in page.text_in('table')
    assert 'figures' not in sections(page)


def test_same_collection_gives_the_same_page():
    first, second = (page(one, draw_figures(one))
                     for _, one in (mixed_example(), mixed_example()))
    assert first == second
