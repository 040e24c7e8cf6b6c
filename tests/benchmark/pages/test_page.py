# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import re

import pytest

from mmcurv.benchmark.pages.page import page_content, write_page
from mmcurv.benchmark.paper.verdict import RULE
from tests.audit.page_reader import Page
from tests.benchmark.page_example import (FAILURE, MARKUP, mixed_example,
                                          models_example, study_example,
                                          with_summary)
from tests.benchmark.synthetic_runs import example_collection, spec


def page_of(example, folder):
    path = write_page(*example, str(folder / 'made' / 'page.html'))
    with open(path, encoding='utf-8') as file:
        return Page(file.read())


@pytest.fixture(scope='module')
def mixed(tmp_path_factory):
    return page_of(mixed_example(), tmp_path_factory.mktemp('page'))


def sections(page):
    return [a['id'] for tag, a in page.tags if tag == 'section']


def test_page_has_its_sections_and_nothing_from_outside(mixed):
    assert sections(mixed) == [
        'verdict', 'warnings', 'numbers', 'paper', 'figures', 'missing',
        'runs', 'provenance'
    ]
    for target in mixed.targets:
        assert target.startswith('#'), target
    assert {t[1:] for t in mixed.targets} <= set(mixed.ids)
    assert len(set(mixed.ids)) == len(mixed.ids)
    policy, = (a['content'] for tag, a in mixed.tags
               if a.get('http-equiv') == 'Content-Security-Policy')
    assert policy.startswith("default-src 'none'")
    assert not re.search('https?:', mixed.text)


def test_names_and_reasons_with_html_are_shown_as_text(mixed):
    assert len(mixed.scripts) == 2  # the page's own, and its data
    assert 'b' not in {tag for tag, _ in mixed.tags}
    assert MARKUP in mixed.text_in('table')
    assert mixed.text.startswith('Benchmark: Table <1>')
    assert 'First & second.' in mixed.text
    assert FAILURE in mixed.text_in('pre')


def test_what_was_run_stands_on_top(mixed):
    text = mixed.text
    assert text.index('12 of 36') < text.index('Clearly better')
    assert '6 failed, 6 not run, 12 no config' in text
    assert 'after the last epoch; no epoch was chosen' in text
    assert 'commit ' + 'a' * 40 in text and 'torch 2.6.0' in text
    assert 'A processor, 2 cores' in text


def test_differences_stand_with_interval_p_signs_and_outcome(mixed):
    assert '+2.30 +2.05 to +2.55 0.0013 3 of 3 up clearly better' in mixed.text


def test_only_clear_differences_are_coloured(mixed, tmp_path):
    collection, summary = mixed_example()
    for pair in summary['pairs']:
        for entry in pair['metrics'].values():
            entry.update(p_holm=0.06)  # all of one sign, none of them clear
    unclear = page_of((collection, summary), tmp_path)
    for page, colours in ((mixed, {'better', 'clear'}), (unclear, set())):
        tones = {a.get('class') for tag, a in page.tags if tag == 'tr'}
        assert tones & {'better', 'worse', 'clear'} == colours
        assert 'open' in tones and '3 of 3 up' in page.text


def test_cells_that_are_not_there_say_why(mixed):
    absent = [
        text for path, text in mixed.texts
        if path[-1] == 'td' and text.strip() in ('failed', 'not run',
                                                 'no config')
    ]
    tables = sum(a.get('class') == 'pane' for _, a in mixed.tags)
    runs = 6 + 6 + 12  # in the list of all runs, one row each
    assert len(absent) >= tables * 2 * 4 + runs


def test_paper_stands_beside_ours_with_rule_and_counts(mixed):
    text = mixed.text
    assert RULE in text
    assert 'Reproduced' in text and 'and 0 of 24 gains by CR' in text
    assert re.search(r'Cross Entropy Accuracy, overall 70\.3 \d\d\.\d\d', text)
    assert 'not in the paper' in text and 'not printed' in text


def test_doubtful_numbers_of_the_paper_are_marked(tmp_path):
    collection, summary = mixed_example()
    summary['paper'][0]['doubtful'] = 'does not <add> up'
    page = page_of((collection, summary), tmp_path)
    assert '? does not <add> up' in page.text


def test_page_tells_how_to_make_it_again(mixed):
    assert mixed.text_in('pre').endswith(
        'python tools/benchmark.py run small.yml\n'
        'python tools/benchmark.py collect small.yml')


def test_first_table_is_shown_and_the_others_can_be_chosen(mixed):
    radios = [a for tag, a in mixed.tags if a.get('type') == 'radio']
    labels = [a['for'] for tag, a in mixed.tags if tag == 'label']
    assert [a['id'] for a in radios] == labels
    assert ['checked' in a for a in radios] == [True] + [False] * (
        len(radios) - 1)
    assert {
        'number-variance', 'number-log_curvature_variance',
        'number-correlation', 'number-cr_share'
    } < set(labels)
    assert 'number-tail' not in labels  # no class is in it


def test_nan_is_a_dash(mixed):
    assert not re.search(r'\b(nan|None|NaN)\b', mixed.text)


def test_figures_are_inside(mixed):
    drawn = [a for tag, a in mixed.tags if tag == 'svg']
    assert len(drawn) == 3
    assert all(a['aria-label'] for a in drawn)


def test_study_shows_its_variants_and_no_paper(tmp_path):
    page = page_of(study_example(('', 'tau=10', 'tau=<b>')[:2]), tmp_path)
    assert 'paper' not in sections(page)
    assert 'a variant is compared with the run without CR' in page.text
    assert 'tau=10' in page.text_in('table')


def test_models_are_told_where_there_are_several(tmp_path):
    page = page_of(models_example(), tmp_path)
    assert 'ResNet-18' in page.text_in('table')
    assert '2 seeds: too few' in page.text


def test_nothing_done_gives_a_page(tmp_path):
    one = spec()
    collection = example_collection([one], {one.name: ('missing', None)},
                                    paper_table=None,
                                    about='')
    page = page_of(with_summary(collection), tmp_path)
    assert 'No comparison with and without CR can be made yet' in page.text
    assert 'not run' in page.text_in('table')
    assert 'figures' not in sections(page)


def test_same_collection_gives_the_same_page(tmp_path):
    paths = [
        write_page(*mixed_example(), str(tmp_path / name)) for name in 'ab'
    ]
    first, second = (open(path, 'rb').read() for path in paths)
    assert first == second


def test_lines_of_a_paragraph_run_on():
    collection, summary = study_example()
    collection['matrix']['about'] = 'One line\nand the next.\n\nAnother.'
    assert page_content(collection, summary)['about'] == [
        'One line and the next.', 'Another.'
    ]
