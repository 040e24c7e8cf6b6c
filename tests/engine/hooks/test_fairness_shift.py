# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from mmcurv.audit.shift import fairness_shift
from tests.engine.image_run import build


@pytest.fixture(scope='module')
def shift_file(tmp_path_factory):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 40)
    scores = rng.normal(size=(120, 3))
    scores[np.arange(120), labels] += np.repeat([2, 1, .2], 40)
    found = fairness_shift(
        scores,
        labels,
        max_cost=.9,
        resamples=5,
        class_names=['class 0', 'class 1', 'class 2'])
    path = tmp_path_factory.mktemp('shift') / 'shift.json'
    found.save(path)
    return str(path), found.shift


def predictions(work_dir, hooks, counts=(12, 10, 10)):
    """The predictions of a test, scores (N, C) and labels (N,)."""
    torch.manual_seed(0)
    loader = dict(
        batch_size=8,
        num_workers=0,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='NoiseImages', counts=counts))
    runner = build(
        work_dir,
        hooks=hooks,
        test_dataloader=loader,
        test_cfg=dict(),
        test_evaluator=dict(type='Accuracy'))
    runner.model.init_weights()
    seen = []
    forward = runner.model.test_step

    def test_step(data):
        out = forward(data)
        seen.extend((s.pred_score.clone(), s.pred_label.item()) for s in out)
        return out

    runner.model.test_step = test_step
    runner.test()
    return torch.stack([row for row, _ in seen]).double().numpy(), np.array(
        [label for _, label in seen])


def test_scores_are_those_of_logits_plus_the_shift(tmp_path, shift_file):
    path, shift = shift_file
    assert np.abs(shift).max() > 0
    plain, _ = predictions(tmp_path / 'a', [])
    moved, labels = predictions(
        tmp_path / 'b',
        [dict(type='mmcurv.FairnessShiftHook', shift=path, scale=2.)])
    expected = log_softmax(np.log(plain) + 2 * shift, 1)
    np.testing.assert_allclose(np.log(moved), expected, atol=1e-5)
    np.testing.assert_array_equal(labels, expected.argmax(1))
    again, _ = predictions(tmp_path / 'c', [])
    np.testing.assert_array_equal(again, plain)


def test_other_classes_are_refused(tmp_path, shift_file):
    with pytest.raises(ValueError, match='2 classes against 3'):
        predictions(
            tmp_path,
            [dict(type='mmcurv.FairnessShiftHook', shift=shift_file[0])],
            counts=(9, 9))


def test_a_scale_that_is_no_number_is_refused(shift_file):
    from mmcurv.registry import HOOKS
    with pytest.raises(ValueError, match='finite scale'):
        HOOKS.build(
            dict(
                type='FairnessShiftHook',
                shift=shift_file[0],
                scale=float('nan')))
