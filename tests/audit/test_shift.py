# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pathlib
import re

import numpy as np
import pytest
from scipy.special import softmax

from mmcurv.audit.shift import (NUMBERS, FairnessShift, _class_accuracy,
                                _curve_rows, _scaling_for_mean,
                                _scaling_for_worst, class_difficulty,
                                fairness_shift)


def held_out(classes=6, per_class=60, seed=0, hard=2, features=True):
    """Gaussian classes on a circle; the first ``hard`` are wider."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    angle = 2 * np.pi * np.arange(classes) / classes
    centers = 4 * np.stack([np.cos(angle), np.sin(angle)], 1)
    width = np.where(np.arange(classes) < hard, 2.5, 1.2)
    points = centers[labels] + width[labels,
                                     None] * rng.normal(size=(len(labels), 2))
    scores = -((points[:, None] - centers)**2).sum(2) / 4
    points = np.hstack([points, rng.normal(size=points.shape)])
    return scores, labels, points if features else None


def test_shift_raises_hard_classes_and_lowers_the_variance():
    scores, labels, features = held_out(per_class=300)
    result = fairness_shift(scores, labels, features, max_cost=.02)
    assert result.measure == 'relative_spread' and result.strength > 0
    assert set(result.shift.argsort()[-2:]) == {0, 1}
    own = result.methods.set_index('method').loc['relative_spread']
    assert own.variance_high < 0 < own.worst_tenth_change
    permuted = result.curve[result.curve.method == 'permuted']
    assert permuted.variance_change.min() > own.variance_change


@pytest.mark.parametrize('measure', ['purity', 'curvature', 'loss', 'given'])
def test_each_difficulty_is_large_where_classes_are_wide(measure):
    scores, labels, features = held_out(per_class=200)
    given = np.arange(6)[::-1]
    result = fairness_shift(scores, labels, features,
                            given if measure == 'given' else measure)
    assert result.difficulty.mean() == pytest.approx(0, abs=1e-12)
    assert result.difficulty.std() == pytest.approx(1)
    np.testing.assert_allclose(result.shift,
                               result.strength * result.difficulty)
    if measure == 'curvature':  # goes with size, so wide classes are flat
        assert result.difficulty[:2].mean() < 0
    else:
        assert result.difficulty[:2].min() > 0


def test_curve_equals_counting_image_by_image():
    scores, labels, features = held_out()
    result = fairness_shift(scores, labels, features, resamples=50)
    curve = result.curve[result.curve.method == 'relative_spread']
    first = curve.iloc[0]
    assert (first[[f'{n}_change' for n in NUMBERS]] == 0).all()
    right = np.array([[1, 0, 1, 1, 0, 0], [1, 1, 1, 0, 0, 1]], bool)
    true = np.array([0, 0, 1, 1, 2, 2])
    order = np.array([[2, 0, 1], [0, 2, 1]])
    rows = _curve_rows('m', [0., 1.], right, true, order, 100, .95, 0)
    for g, row in rows.iterrows():
        accuracy = [right[g, true == c].mean() for c in range(3)]
        noise = [a * (1 - a) / (2 - 1) for a in accuracy]
        assert row.overall == right[g].mean()
        assert row.class_mean == pytest.approx(np.mean(accuracy))
        assert row.variance == pytest.approx(
            np.var(accuracy) - np.mean(noise) * 2 / 3)
        assert row.worst_tenth == row.worst_class == accuracy[order[g, 0]]


def test_intervals_cover_the_true_changes():
    rng = np.random.default_rng(0)
    classes, images, repeats = 20, 60, 250
    before = rng.beta(6, 4, classes)
    after = np.clip(before + .5 * (before.mean() - before) - .01, .02, .98)
    labels = np.repeat(np.arange(classes), images)
    hits = dict.fromkeys(NUMBERS, 0)
    for repeat in range(repeats):
        drawn = rng.random(labels.size)
        again = np.where(
            rng.random(labels.size) < .8, drawn, rng.random(labels.size))
        right = np.stack([drawn < before[labels], again < after[labels]])
        elsewhere = rng.binomial(images, [before, after])
        order = elsewhere.argsort(1)
        row = _curve_rows('m', [0., 1.], right, labels, order, 200, .95,
                          repeat).iloc[1]
        truth = dict(
            overall=after.mean() - before.mean(),
            class_mean=after.mean() - before.mean(),
            variance=after.var() - before.var(),
            worst_tenth=after[order[1, :2]].mean() -
            before[order[0, :2]].mean(),
            worst_class=after[order[1, 0]] - before[order[0, 0]])
        for name, value in truth.items():
            hits[name] += row[f'{name}_low'] <= value <= row[f'{name}_high']
    # 250 draws of 95 %: three standard deviations are 4 points.
    assert all(.91 <= hit / repeats <= .99 for hit in hits.values()), hits


def test_variance_is_free_of_what_the_number_of_images_makes():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(50), 20)
    values = [
        _curve_rows('m', [0.],
                    rng.random((1, 1000)) < .6, labels,
                    np.arange(50)[None], 1, .95, 0).variance[0]
        for _ in range(200)
    ]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    assert np.mean(values) + .6 * .4 / 20 > 10 * error  # the raw one is not


def test_probabilities_give_the_shift_of_their_logits():
    scores, labels, features = held_out()
    first = fairness_shift(scores, labels, features, resamples=10)
    second = fairness_shift(softmax(scores, 1), labels, features, resamples=10)
    np.testing.assert_allclose(first.shift, second.shift)


def test_scaling_for_the_mean_undoes_a_constant_added_to_scores():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 4000)
    clean = rng.normal(size=(labels.size, 4))
    clean[np.arange(labels.size), labels] += 1  # the Bayes rule of this noise
    added = np.array([2., 0., -1., -1.])
    fitted = _scaling_for_mean(clean + added, labels)
    np.testing.assert_allclose(fitted - fitted.mean(), -added, atol=.12)


def test_scaling_for_the_worst_class_never_worsens_it():
    for seed in range(5):
        scores, labels, _ = held_out(per_class=100, seed=seed)
        shift = _scaling_for_worst(scores, labels)
        before, after = _class_accuracy(
            np.stack([(scores + b).argmax(1) == labels for b in (0, shift)]),
            labels, 6).min(1)
        assert after >= before
    assert after > before


def test_logit_adjustment_and_tau_normalization_need_what_they_divide_by():
    scores, labels, features = held_out()
    counts = np.array([100, 80, 60, 40, 20, 10])
    norms = np.linspace(1, 2, 6)
    result = fairness_shift(
        scores,
        labels,
        features,
        train_counts=counts,
        weight_norms=norms,
        resamples=10)
    assert {'logit_adjustment',
            'tau_normalization'} <= set(result.curve.method)
    without = fairness_shift(scores, labels, features, resamples=10)
    assert not {'logit_adjustment', 'tau_normalization'} & set(
        without.curve.method)


def test_the_method_that_makes_classes_most_equal_is_recommended():
    # Rare classes are not wider, so only the prior tells which are hard.
    rng = np.random.default_rng(0)
    counts = np.array([1000, 1000, 1000, 30, 30, 30])
    labels = np.repeat(np.arange(6), 400)
    scores = rng.normal(size=(labels.size, 6))
    scores[np.arange(labels.size), labels] += 2
    scores += np.log(counts / counts.sum())
    result = fairness_shift(
        scores,
        labels,
        difficulty=[0, 1, 0, 1, 0, 1],
        train_counts=counts,
        resamples=10)
    assert result.recommended in ('logit_adjustment', 'scaling_for_mean',
                                  'scaling_for_worst')
    assert result.recommended in result.notes[-1]


def test_a_bound_that_few_images_cannot_tell_is_said_with_the_number():
    scores, labels, features = held_out(per_class=20)
    result = fairness_shift(
        scores, labels, features, max_cost=.001, resamples=10)
    if result.strength:
        assert 'held-out images would be needed' in result.notes[0]
    many = fairness_shift(
        *held_out(per_class=2000), max_cost=.05, resamples=10)
    assert not any('would be needed' in note for note in many.notes)


def test_saved_and_loaded_shift_is_the_same(tmp_path):
    scores, labels, features = held_out()
    result = fairness_shift(
        scores, labels, features, class_names=list('abcdef'), resamples=20)
    result.save(tmp_path / 'shift.json')
    again = FairnessShift.load(tmp_path / 'shift.json')
    np.testing.assert_array_equal(again.shift, result.shift)
    assert again.class_names == tuple('abcdef')
    assert again.methods.equals(result.methods[again.methods.columns])
    np.testing.assert_array_equal(again.apply(scores), scores + result.shift)
    (tmp_path / 'other.json').write_text('{"schema": "mmcurv.run"}')
    with pytest.raises(ValueError, match='mmcurv.fairness_shift'):
        FairnessShift.load(tmp_path / 'other.json')


def test_the_same_seed_gives_the_same_result():
    first, second = (
        fairness_shift(*held_out(), seed=3, resamples=20) for _ in range(2))
    assert first.curve.equals(second.curve)


def test_absent_class_has_no_difficulty():
    scores, labels, features = held_out()
    kept = labels != 2
    for measure in ('loss', 'purity', 'relative_spread'):
        with np.errstate(invalid='ignore'):
            values = class_difficulty(measure, scores[kept], labels[kept],
                                      features[kept])
        assert np.isnan(values[2]) and np.isfinite(values[[0, 1, 3]]).all()


def test_program_of_the_document_runs(tmp_path, monkeypatch):
    root = pathlib.Path(__file__).parents[2]
    text = (root / 'docs' / 'fairness.md').read_text(encoding='utf-8')
    program, = re.findall(r'```python\n(import numpy.*?)```', text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(program, 'docs/fairness.md', 'exec'), {})
    assert (tmp_path / 'shift.json').is_file()


@pytest.mark.parametrize('change, message', [
    (dict(labels=np.zeros(360, int)), 'fewer'),
    (dict(scores=np.zeros((360, 1))), 'C >= 2'),
    (dict(scores=np.full((360, 6), np.nan)), 'NaN or inf'),
    (dict(scores=np.zeros((360, 5))), '0 to 4'),
    (dict(labels=np.zeros(9, int)), r'\(360,\)'),
    (dict(labels=np.zeros(360)), 'integers'),
    (dict(features=np.zeros((9, 2))), 'one row per row'),
    (dict(difficulty='spread'), 'relative_spread'),
    (dict(difficulty=[1, 2]), r'\(6,\)'),
    (dict(difficulty=[np.nan] * 6), 'finite number for each class'),
    (dict(features=None, difficulty='purity'), "difficulty='loss'"),
    (dict(train_counts=[0, 1, 1, 1, 1, 1]), 'at least 1'),
    (dict(weight_norms=np.zeros(6)), 'positive'),
    (dict(class_names=['a']), 'expected 6'),
    (dict(max_cost=-1), 'max_cost'),
    (dict(strengths=[1, 2]), 'ascending numbers from 0'),
    (dict(confidence=1.), 'confidence'),
])
def test_bad_input_is_refused(change, message):
    scores, labels, features = held_out()
    arguments = dict(scores=scores, labels=labels, features=features)
    with pytest.raises(ValueError, match=message):
        fairness_shift(**{**arguments, **change})


def test_too_small_a_split_says_how_many_images_are_needed():
    scores, labels, features = held_out(per_class=19)
    with pytest.raises(ValueError, match='120 or more'):
        fairness_shift(scores, labels, features)


def test_scores_of_another_width_are_not_shifted():
    result = fairness_shift(*held_out(), resamples=10)
    with pytest.raises(ValueError, match=r'\(N, 6\)'):
        result.apply(np.zeros((3, 7)))
