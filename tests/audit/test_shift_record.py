# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import re
import time

import numpy as np
import pytest

from mmcurv.audit import audit
from mmcurv.audit.report.figures import audit_figures
from .page_reader import Page


def hard_classes(classes=6, images=60, seed=0):
    """Labels, and scores that put one class below all others."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), images)
    scores = rng.normal(size=(len(labels), classes))
    scores[np.arange(len(labels)), labels] += 2
    scores[:, 0] -= 2
    return labels, scores


def page_of(found, folder):
    found.save(folder)
    with open(folder / 'report.html', encoding='utf-8') as file:
        return Page(file.read())


@pytest.fixture(scope='module')
def found():
    labels, scores = hard_classes()
    return audit(labels, scores=scores, train_counts=np.arange(10, 70, 10))


def test_shift_of_an_audit_has_every_method_and_its_price(found):
    shift = found.record['shift']
    assert shift['why'] is None and shift['measure'] == 'loss'
    by_method = {row['method']: row for row in shift['methods']}
    assert set(by_method) == set(shift['curve']) == {
        'loss', 'permuted', 'logit_adjustment', 'scaling_for_mean',
        'scaling_for_worst'
    }
    best = by_method[shift['recommended']]
    assert best['strength'] > 0
    assert best['variance_low'] < best['variance_change'] < 0
    for curve in shift['curve'].values():
        assert curve['strength'][0] == curve['overall_change'][0] == 0
        assert len(set(map(len, curve.values()))) == 1


def test_page_answers_what_lifting_the_failing_classes_costs(found, tmp_path):
    text = page_of(found, tmp_path).text
    assert 'What would it cost to lift the failing classes?' in text
    shift = found.record['shift']
    best, = (
        row for row in shift['methods']
        if row['method'] == shift['recommended'])
    gain = f'{100 * best["worst_tenth_change"]:+.1f}'.replace('-', '\u2212')
    assert f'for {gain} (' in text
    assert 'at the chosen one' in audit_figures(found.record)['shift'].words


@pytest.mark.parametrize('images, given, missing', [
    (60, 'predictions', 'scores of every class .* are missing'),
    (19, 'scores', '6 of 6 classes have fewer than 20'),
])
def test_what_is_missing_for_a_shift_is_said_in_one_line(
        images, given, missing, tmp_path):
    labels, scores = hard_classes(images=images)
    values = scores if given == 'scores' else scores.argmax(1)
    found = audit(labels, **{given: values})
    assert list(found.record['shift']) == ['why']
    text = page_of(found, tmp_path).text
    assert re.search(f'Not worked out. .*{missing}.*mmcurv shift FILE', text)


def test_features_of_the_same_images_tell_how_hard_a_class_is():
    labels, scores = hard_classes()
    noise = np.random.default_rng(1).normal(size=(len(labels), 8))
    found = audit(labels, scores=scores, features=noise + np.eye(6, 8)[labels])
    assert found.record['shift']['measure'] == 'relative_spread'


def test_shift_of_a_hundred_classes_costs_an_audit_about_a_second():
    labels, scores = hard_classes()
    audit(labels, scores=scores)  # imports what it takes
    labels, scores = hard_classes(100, 100)
    started = time.process_time()
    assert audit(labels, scores=scores).record['shift']['why'] is None
    assert time.process_time() - started < 6  # 1 on a machine that is free
