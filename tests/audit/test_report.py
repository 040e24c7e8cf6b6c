# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import base64
import hashlib
import json
import math
import re

import pytest
from PIL import Image

from mmcurv.audit.report.report import write_report
from .example_audit import (bare_audit, example_audit, with_diagnosis,
                            with_layers)
from .page_reader import Page

NASTY = [
    '<script>alert(1)</script>', '<b>bold</b>', '</svg><img src=x onerror=y>',
    "'); alert(1); //", '&lt;i&gt;', '$\\frac{1}{2}$', '</script>',
    'two  blanks  twice', 'line\nbreak \x1b[31m', '"><a href="http://evil">'
]


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
        pearson_low=-0.4,
        pearson_high=-0.01,
        spearman=-0.3,
        spearman_p=0.02,
        spearman_low=-0.5,
        spearman_high=0.1,
        partial_pearson=-0.111,
        partial_spearman=-0.222,
        partial_p=0.3,
        entered=9)
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
    names = {row[0] for row in nasty_page.data['rows']}
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
    page = altered_page
    key = [column['key'] for column in page.data['columns']].index('accuracy')
    shown = [row[key] for row in page.data['sort']]
    assert shown[:-1] == sorted(shown[:-1])
    assert shown[-1] is None
    assert page.data['rows'][-1][0] == 'class 4'


def test_table_has_the_columns_of_an_audit(plain_page):
    columns = plain_page.data['columns']
    assert [column['label'] for column in columns] == [
        'Class', 'Train n', 'Test n', 'Accuracy', 'Curvature', 'Rank',
        'Volume, bits', 'Separation', 'Dim.', 'Off trend', 'Top confusion',
        'Nearest manifold'
    ]
    assert len({column['meaning'] for column in columns}) == 12


def test_unknown_numbers_are_dashes_and_no_nan_is_read(plain_page):
    page = plain_page
    row, = [row for row in page.data['rows'] if row[0] == 'class 9']
    assert row[4:6] == ['–', '–']
    assert not re.search(r'\b(nan|None|NaN|Undefined)\b', page.text)
    assert 'NaN' not in json.dumps(page.data)


def test_marked_classes_are_those_clearly_below_the_mean(plain_page):
    audit, page = example_audit(10), plain_page
    mean = audit['summary']['class_mean']['value']
    below = {r['name'] for r in audit['classes'] if r['wilson_high'] < mean}
    assert 0 < len(below) < 10
    assert {
        row[0]
        for row, marked in zip(page.data['rows'], page.data['marked'])
        if marked
    } == below
    assert f'{len(below)} of 10 classes' in page.text


def test_both_splits_are_stated(plain_page, altered_page):
    assert 'Geometry from split train' in plain_page.text
    assert 'Accuracy from split test' in plain_page.text
    assert 'Geometry from split not stated' in altered_page.text


def test_correlations_stand_beside_interval_p_value_and_partial(altered_page):
    assert ('Volume −0.21 −0.40 to −0.01 0.032 −0.30 −0.50 to +0.10 0.020 '
            '−0.11 0.30 −0.22 9') in altered_page.text


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


def test_layers_and_diagnosis_are_shown_with_their_numbers(full):
    text = Page(full).text
    assert 'smallest normal, symmetric fit, mean, raw features' in text
    assert 'All 20 settings' in text
    assert 'backbone.layer2 −0.20' in text


def test_audit_of_bare_arrays_gives_a_page_without_the_absent_parts(tmp_path):
    page = page_of(bare_audit(3), tmp_path)
    sections = [a['id'] for tag, a in page.tags if tag == 'section']
    assert sections == [
        'verdict', 'classes', 'geometry', 'curve', 'provenance'
    ]
    labels = [column['label'] for column in page.data['columns']]
    assert labels == ['Class', 'Accuracy', 'Curvature']
    assert 'cannot be told' in page.text


@pytest.mark.parametrize('known', [True, False])
def test_one_class_still_gives_a_page(tmp_path, known):
    page = page_of(bare_audit(1, known=known), tmp_path)
    assert len(page.data['rows']) == 1
    assert 'The correlation with curvature is not known.' in page.text


def test_page_of_many_classes_holds_few_rows_and_few_dots(tmp_path):
    audit = bare_audit(3000)
    page = page_of(audit, tmp_path)
    assert len(page.data['rows']) == 3000
    assert sum(tag == 'tr' for tag, _ in page.tags) < 100
    assert len(page.tags) < 3000


def with_nan(value):
    """The record as it is before it goes through JSON."""
    if isinstance(value, dict):
        return {key: with_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_nan(item) for item in value]
    return math.nan if value is None else value


@pytest.mark.parametrize('counts', [True, False])
def test_nan_in_a_record_is_read_like_null(tmp_path, full, counts):
    audit = full_audit(counts)
    live = dict(
        audit, **{
            key: with_nan(audit[key])
            for key in ('summary', 'correlation', 'diagnosis', 'layers')
        })
    live['classes'] = [
        dict(
            row, **{
                key: math.nan
                for key, value in row.items()
                if value is None and key not in ('top_confusion',
                                                 'nearest_manifold', 'group')
            }) for row in audit['classes']
    ]
    drawn = full if counts else read(audit, tmp_path / 'b')
    assert read(live, tmp_path / 'a') == drawn


def test_same_record_gives_the_same_page(tmp_path, plain):
    assert read(example_audit(10), tmp_path) == plain
