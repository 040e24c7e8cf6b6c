# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import base64
import hashlib
import json
import math
import re

import pytest
from PIL import Image

from mmcurv.audit.report.page import page_warnings
from mmcurv.audit.report.report import (audit_sentences, subject, two_subjects,
                                        write_report)
from .example_audit import (bare_audit, example_audit, with_diagnosis,
                            with_layers)
from .page_reader import Page

NASTY = [
    '<script>alert(1)</script>', '<b>bold</b>', '</svg><img src=x onerror=y>',
    "'); alert(1); //", '&lt;i&gt;', '$\\frac{1}{2}$', '</script>',
    'two  blanks  twice', 'line\nbreak \x1b[31m', '"><a href="http://evil">'
]

GEOMETRY = ('curvature', 'log_curvature', 'curvature_rank', 'volume',
            'separation', 'radius', 'intrinsic_dimension', 'neighbor_purity',
            'relative_spread', 'off_trend', 'nearest_manifold', 'train_count')


def read(audit, folder):
    with open(write_report(audit, str(folder)), encoding='utf-8') as file:
        return file.read()


def page_of(audit, folder):
    return Page(read(audit, folder))


@pytest.fixture(scope='module')
def nasty_page(tmp_path_factory):
    audit = with_layers(with_diagnosis(example_audit(10, names=NASTY)))
    audit['provenance']['model'] = NASTY[0]
    audit['warnings'][0]['message'] = NASTY[2]
    audit['hardest_images'] = [
        dict([('class', 9), ('true', 9)],
             name=NASTY[9],
             path='</figure><script>alert(2)</script>.png',
             predicted=0,
             predicted_name=NASTY[2],
             score=0.9)
    ]
    audit['layers'][NASTY[1]] = audit['layers'].popitem()[1]
    return page_of(audit, tmp_path_factory.mktemp('nasty'))


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    """Text of the page of the example."""
    return read(example_audit(10), tmp_path_factory.mktemp('plain'))


@pytest.fixture(scope='module')
def plain_page(plain):
    return Page(plain)


def full_audit(counts=True):
    audit = with_layers(with_diagnosis(example_audit(10, counts=counts)))
    audit['hardest_images'] = [
        dict(
            name='class 9', path='a.png', predicted_name='class 0', score=0.9)
    ]
    return audit


@pytest.fixture(scope='module')
def full(tmp_path_factory):
    """Text of a page with every section."""
    return read(full_audit(), tmp_path_factory.mktemp('full'))


@pytest.fixture(scope='module')
def altered_page(tmp_path_factory):
    """Of the example with an unknown accuracy, another split, and numbers
    that can be looked for."""
    audit = example_audit(10)
    audit['classes'][4].update(accuracy=None, wilson_low=None)
    audit['provenance'].update(geometry_split=None)
    audit['correlation']['volume'] = dict(
        pearson=-0.214,
        pearson_p=0.0321,
        spearman=-0.3,
        spearman_p=0.0002,
        spearman_low=-0.5,
        spearman_high=0.1,
        holm_p=0.0016,
        partial_pearson=-0.111,
        partial_spearman=-0.222,
        partial_p=0.3,
        given=['train_count', 'separation'],
        p_floor=0.0002,
        entered=9,
        why=None)
    return page_of(audit, tmp_path_factory.mktemp('altered'))


def test_page_has_every_section_and_links_to_each(full):
    page = Page(full)
    sections = [a['id'] for tag, a in page.tags if tag == 'section']
    assert sections == [
        'verdict', 'warnings', 'classes', 'geometry', 'confusions', 'curve',
        'calibration', 'hardest', 'layers', 'diagnosis', 'provenance'
    ]
    links = [a['href'] for tag, a in page.tags if tag == 'a']
    assert links == [f'#{name}' for name in sections]


def test_ids_are_unique_although_many_drawings_share_a_page(nasty_page):
    assert len(set(nasty_page.ids)) == len(nasty_page.ids)


def test_page_points_at_nothing_outside_itself(nasty_page):
    assert nasty_page.targets
    for target in nasty_page.targets:
        assert target.startswith(('#', 'data:image/')), target
    assert not {'link', 'iframe', 'object', 'base'
                } & {tag
                     for tag, _ in nasty_page.tags}


def test_every_reference_inside_the_page_has_its_target(nasty_page):
    inner = {t[1:] for t in nasty_page.targets if t.startswith('#')}
    assert inner <= set(nasty_page.ids)


def test_names_with_html_are_shown_as_text(nasty_page):
    tags = {tag for tag, _ in nasty_page.tags}
    assert not tags & {'b', 'img'}
    assert len(nasty_page.scripts) == 2
    assert not any(
        name.startswith('on') for _, attributes in nasty_page.tags
        for name in attributes)
    for name in (NASTY[0], NASTY[1], NASTY[2], NASTY[4], NASTY[6]):
        assert name in nasty_page.text_in('table')


def test_names_with_html_are_shown_as_text_inside_drawings(nasty_page):
    drawn = nasty_page.text_in('svg')
    assert '<b>bold</b>' in drawn  # off the trend


def test_names_reach_the_script_unchanged(nasty_page):
    names = set(nasty_page.data['names'])
    assert set(NASTY) - names == {NASTY[8]}
    assert 'line\ufffdbreak \ufffd[31m' in names


def test_policy_lets_only_the_script_of_the_page_run(nasty_page):
    policy, = [
        a['content'] for tag, a in nasty_page.tags
        if tag == 'meta' and 'http-equiv' in a
    ]
    code, = [text for a, text in nasty_page.scripts if not a.get('type')]
    digest = hashlib.sha256(code.encode()).digest()
    assert f"script-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert "default-src 'none'" in policy


def test_table_is_worst_first_and_unknown_accuracies_come_last(altered_page):
    shown = altered_page.data['sort'][headings(altered_page).index('Accuracy')]
    assert shown[:-1] == sorted(shown[:-1])
    assert shown[-1] is None
    assert altered_page.data['names'][-1] == 'class 4'


def headings(page):
    """Of the class table, the first of the page."""
    texts = [text for path, text in page.texts if 'th' in path]
    return texts[:texts.index('Nearest manifold') + 1]


def test_table_has_the_columns_of_an_audit_and_defines_each(plain_page):
    shown = headings(plain_page)
    assert shown == [
        'Class', 'Fails', 'Train n', 'Test n', 'Accuracy', 'Precision',
        'Curvature', 'Separation', 'Purity', 'Spread', 'Volume, bits', 'Dim.',
        'Off trend', 'Most taken for', 'Nearest manifold'
    ]
    defined = [text for path, text in plain_page.texts if path[-1] == 'dt']
    assert set(shown) <= set(defined)


def test_nothing_is_said_only_to_a_pointer(full):
    assert not any('title' in a for _, a in Page(full).tags)


def test_every_drawing_says_in_words_what_it_shows(full):
    drawings = [a for tag, a in Page(full).tags if tag == 'svg']
    assert len(drawings) == 13
    for drawing in drawings:
        assert drawing['role'] == 'img'
        assert len(drawing['aria-label']) > 60


def test_what_scrolls_can_be_reached_by_keyboard_and_has_a_name(full):
    boxes = [a for tag, a in Page(full).tags if a.get('class') == 'scroll']
    assert len(boxes) == 7
    assert all(a['tabindex'] == '0' and a['role'] == 'region' for a in boxes)
    assert len({a['aria-label'] for a in boxes}) == len(boxes)


def test_unknown_numbers_are_dashes_and_no_nan_is_read(plain_page):
    page = plain_page
    i = page.data['names'].index('class 9')
    curvature = page.data['sort'][headings(page).index('Curvature')]
    assert curvature[i] is None
    assert not re.search(r'\b(nan|None|NaN|Undefined)\b', page.text)
    assert 'NaN' not in json.dumps(page.data)


def test_classes_that_fail_say_so_in_words_and_have_a_filter(plain_page):
    audit, page = example_audit(10), plain_page
    failing = {row['name'] for row in audit['classes'] if row['failing']}
    assert 0 < len(failing) < 10
    marked = {
        name
        for name, mark in zip(page.data['names'], page.data['marked'])
        if mark == 'failing'
    }
    assert marked == failing
    words = [
        text.strip() for path, text in page.texts if path[-2:] == ('tr', 'td')
    ]
    assert words.count('fails') == len(failing)
    assert f'Only failing classes ({len(failing)})' in page.text
    assert f'{len(failing)} of 10 classes fail' in page.text


def test_each_range_says_what_it_is_over(plain_page):
    audit = example_audit(10)
    mean = audit['summary']['class_mean']
    said = ' '.join(plain_page.text.replace('\u00a0', ' ').split())
    ends = f'{100 * mean["low"]:.1f} to {100 * mean["high"]:.1f} %'
    spread = mean['spread']
    classes = f'{100 * spread["q10"]:.1f} to {100 * spread["q90"]:.1f} %'
    assert f'{ends} over images classes: {classes}' in said
    assert said.count(f'{ends} over images') >= 1
    assert 'Variance of class accuracy 0.0' in said
    assert 'noise alone 0.00400' in said


def test_both_splits_are_stated(plain_page, altered_page):
    assert 'Geometry from split train' in plain_page.text
    assert 'Accuracy from split test' in plain_page.text
    assert 'Geometry from split not stated' in altered_page.text


def test_correlations_stand_beside_interval_p_value_and_partial(altered_page):
    assert (
        'Volume no −0.30 −0.50 to +0.10 < 0.0002 < 0.0016 −0.22 '
        'training images, separation 0.30 −0.21 0.032 9') in altered_page.text


def test_pairs_are_shown_both_ways(plain_page):
    assert 'class 0 class 1 20 10 30 15.0\u00a0%' in plain_page.text.replace(
        '15.0 %', '15.0\u00a0%')


def test_verdict_says_what_is_clear_and_what_curvature_adds():
    audit = example_audit(10)
    headline, *rest = audit_sentences(audit)
    assert headline.startswith('2 of 10 classes fail: clearly below')
    assert 'goes most clearly with class accuracy (Spearman +' in headline
    assert 'curvature adds nothing to the other measures.' in headline
    text = ' '.join(rest)
    assert 'Clear after Holm’s correction over 8 measures: ' in text
    assert 'Given training images and separation it is −0.12 (p = 0.60)' in (
        text)
    assert 'That the classes differ at all is clear (p < 0.0001).' in text


def test_verdict_says_when_no_measure_is_clear():
    audit = example_audit(10)
    audit['verdict'].update(answer='none_clear', clear=[])
    headline, *rest = audit_sentences(audit)
    assert 'No measure is clear' in headline
    assert 'none is clear; the strongest is' in ' '.join(rest)


def test_verdict_says_when_the_sign_turns_with_k():
    headline, *rest = audit_sentences(with_diagnosis(example_audit(10)))
    assert 'changes its sign with the number of neighbours k' in headline
    assert rest[-1] == ('The number cannot be trusted: its sign turns with k.')


def test_labels_and_predictions_alone_give_a_page_without_geometry(tmp_path):
    audit = example_audit(10)
    audit['provenance'].update(has_geometry=False, options=None)
    audit['verdict'].update(answer='no_geometry', best=None, clear=[])
    audit['correlation'] = {}
    for row in audit['classes']:
        row.update(dict.fromkeys(GEOMETRY), top_confusion=None)
    page = page_of(audit, tmp_path)
    sections = [a['id'] for tag, a in page.tags if tag == 'section']
    assert 'geometry' not in sections and 'confusions' in sections
    shown = [text for path, text in page.texts if 'th' in path]
    assert 'Curvature' not in shown and 'Fails' in shown


def test_record_of_an_earlier_version_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match='version 2 to draw, got version 1'):
        write_report(dict(example_audit(10), schema_version=1), str(tmp_path))


@pytest.mark.parametrize('words', ['explain', 'because', 'due to', 'predicts'])
def test_page_claims_no_cause(nasty_page, words):
    assert words not in nasty_page.text.replace('Predicting', '')


def test_images_are_inlined_and_missing_ones_are_said(tmp_path):
    path = tmp_path / 'there.png'
    Image.new('RGB', (300, 200), 'red').save(path)
    (tmp_path / 'broken.png').write_bytes(b'no image')
    audit = example_audit(10)
    audit['hardest_images'] = [
        dict(
            name='class 9',
            path=name and str(name),
            predicted=0,
            predicted_name='class 0',
            score=0.9) for name in (path, tmp_path / 'gone.png',
                                    tmp_path / 'broken.png', tmp_path, None)
    ]
    page = page_of(audit, tmp_path)
    images = [a for tag, a in page.tags if tag == 'img']
    assert len(images) == 1
    assert images[0]['src'].startswith('data:image/png;base64,')
    assert page.text.count('no image at this path') == 4
    assert 'as class 0 , 90.0 %' in page.text


def test_warnings_name_their_classes(plain_page):
    said = '1 class has too few images for the fit. class 9'
    assert said in plain_page.text


def test_layers_are_shown_with_their_numbers(full):
    assert 'backbone.layer2 −0.20' in Page(full).text


def test_diagnosis_is_one_table_that_answers_whether_to_trust(full):
    text = Page(full).text
    assert 'The number cannot be trusted: its sign turns with k.' in text
    assert 'Neighbours k 40 (default) 8 −0.40 −0.40 to −0.40 0 +0.80' in text
    assert 'Neighbours k 80 8 +0.10 +0.10 to +0.10 8 +0.80' in text
    assert full.count('aria-label="Table of the diagnosis"') == 1


def test_audit_of_bare_arrays_gives_a_page_without_the_absent_parts(tmp_path):
    page = page_of(bare_audit(3), tmp_path)
    sections = [a['id'] for tag, a in page.tags if tag == 'section']
    assert sections == [
        'verdict', 'classes', 'geometry', 'curve', 'provenance'
    ]
    shown = [text for path, text in page.texts if 'thead' in path]
    assert [t.strip() for t in shown
            if t.strip()] == ['Class', 'Accuracy', 'Curvature']
    assert 'cannot be told' in page.text


@pytest.mark.parametrize('known', [True, False])
def test_one_class_still_gives_a_page(tmp_path, known):
    page = page_of(bare_audit(1, known=known), tmp_path)
    assert len(page.data['names']) == 1
    assert 'Which classes fail cannot be told.' in page.text


def test_page_of_many_classes_holds_every_row_for_print(tmp_path):
    page = page_of(bare_audit(3000), tmp_path)
    assert len(page.data['names']) == 3000
    assert sum(tag == 'tr' for tag, _ in page.tags) == 3001
    assert sum(tag in ('use', 'path') for tag, _ in page.tags) < 500
    assert '#classes-table .away { display: table-row; }' in page.styles[0]


def with_nan(value):
    """The record as it is before it goes through JSON."""
    if isinstance(value, dict):
        return {
            key:
            item if key in ('spread', 'interval', 'why') else with_nan(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [with_nan(item) for item in value]
    return math.nan if value is None else value


@pytest.mark.parametrize('counts', [True, False])
def test_nan_in_a_record_is_read_like_null(tmp_path, full, counts):
    audit = full_audit(counts)
    live = dict(
        audit, **{
            key: with_nan(audit[key])
            for key in ('summary', 'correlation', 'layers')
        })
    live['classes'] = [
        dict(
            row, **{
                key: math.nan
                for key, value in row.items()
                if value is None and key not in ('top_confusion', 'failing',
                                                 'nearest_manifold', 'group')
            }) for row in audit['classes']
    ]
    drawn = full if counts else read(audit, tmp_path / 'b')
    assert read(live, tmp_path / 'a') == drawn


def test_same_record_gives_the_same_page(tmp_path, plain):
    assert read(example_audit(10), tmp_path) == plain


@pytest.mark.parametrize('facts, name', [
    (dict(config='configs/ce/ce_x.py', model='ResNet'), 'ce_x'),
    (dict(feature_file='data/a.npz', model='ResNet'), 'a.npz'),
    (dict(model='ResNet'), 'ResNet'),
    ({}, 'classifier'),
])
def test_audit_is_called_by_config_then_file_then_model(facts, name):
    assert subject(facts) == name


def test_two_configs_are_called_by_their_names():
    a, b = dict(config='c/ce.py'), dict(config='c/ce_cr.py')
    assert two_subjects(a, b) == ('ce', 'ce_cr')


def test_two_checkpoints_of_one_config_are_told_apart():
    a, b = (
        dict(config='ce.py', checkpoint=f'runs/{seed}/epoch_9.pth')
        for seed in (0, 1))
    assert two_subjects(a, b) == ('ce (0/epoch_9.pth)', 'ce (1/epoch_9.pth)')


def test_two_files_of_one_name_are_told_apart_by_their_folder():
    a, b = (dict(feature_file=f'data/{part}/f.npz') for part in 'xy')
    assert two_subjects(a, b) == ('f.npz (x/f.npz)', 'f.npz (y/f.npz)')


def test_nothing_known_leaves_one_name():
    assert two_subjects({}, {}) == ('classifier', 'classifier')


def record(message):
    rows = [{'class': c, 'name': name} for c, name in enumerate('xyz')]
    return dict(classes=rows, warnings=[dict(message=message, classes=[0, 2])])


def test_classes_are_listed_by_name():
    assert page_warnings(record('Few tests.'))[0]['classes'] == ['x', 'z']


def test_classes_that_the_message_names_are_not_listed_again():
    assert page_warnings(record('Few tests: x, z.'))[0]['classes'] == []
