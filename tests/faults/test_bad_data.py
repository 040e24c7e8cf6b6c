# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Data that change or are odd in the midst of a run.

An image that is NaN: see tests/engine/test_nonfinite_batch.py.
"""
import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.registry import DATA_SAMPLERS, DATASETS, MODELS
from torch import nn

from tests.engine.curvature_run import (CurvedClassifier, build, points,
                                        pool_hook, pool_of, scalars, step_of)
from tests.engine.toy_run import COUNTS, CornerPoints

STEPS = -(-sum(COUNTS) // 16)


@DATASETS.register_module()
class LabelGoesWrong(CornerPoints):
    """In the middle of the second epoch a label is ``wrong``."""

    def __init__(self, wrong, **options):
        self.wrong, self.given = wrong, 0
        super().__init__(**options)

    def prepare_data(self, idx):
        data = super().prepare_data(idx)
        self.given += 1
        if self.wrong is not None and self.given == 250:
            data['data_samples'].set_gt_label(self.wrong)
        return data


@pytest.mark.parametrize('wrong', [3, -1])
def test_label_outside_the_range_stops_the_run_and_loses_no_epoch(
        tmp_path, wrong):
    data = points(type='LabelGoesWrong', wrong=wrong)
    runner = build(tmp_path, pool_hook(), dataset=data)
    with pytest.raises(
            ValueError,
            match=rf'the 3 classes of the train set, got '
            rf'\[{wrong}\] for the images with sample_idx \d+'):
        runner.train()
    assert runner.epoch == 1 and runner.iter == STEPS + 5
    data['wrong'] = None
    runner = build(tmp_path, pool_hook(), dataset=data, resume=True)
    runner.train()
    assert runner.epoch == 3 and runner.iter == 3 * STEPS


@DATASETS.register_module()
class ClassIsOnePoint(CornerPoints):
    """All images of class 1 are black."""

    def load_data_list(self):
        infos = super().load_data_list()
        for info in infos:
            if info['gt_label'] == 1:
                info['img'][:] = 0
        return infos


@MODELS.register_module()
class Unbiased(CurvedClassifier):
    """Its feature of black images is always 0."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(4, 4, bias=False), nn.Tanh())


def test_class_of_equal_features_is_left_out_and_changes_no_other(tmp_path):
    runner = build(
        tmp_path,
        pool_hook(),
        model='Unbiased',
        dataset=points(type='ClassIsOnePoint'))
    runner.train()
    assert scalars(runner, 'curvature_left_out') == [1] * (2 * STEPS)
    terms = torch.tensor(scalars(runner, 'loss_curvature'))
    assert len(terms) == 2 * STEPS and terms.isfinite().all()
    assert all(weights.isfinite().all()
               for weights in runner.model.parameters())
    curvature = step_of(runner).curvature
    pool = curvature.pool
    own = slice(int(pool.start[1]), int(pool.start[2]))
    assert (pool.features[own] == 0).all()
    curvature.measure_all()
    values = curvature.class_values()
    assert values.isfinite().tolist() == [True, False, True]
    pool.features[own] = torch.randn(COUNTS[1], 4)
    curvature.measure_all()
    others = curvature.class_values()
    assert others[1].isfinite()
    assert torch.equal(others[[0, 2]], values[[0, 2]])


@DATA_SAMPLERS.register_module()
class WithholdsClass(DefaultSampler):
    """Gives others instead of class 2 before the third epoch."""

    def __iter__(self):
        own = sum(COUNTS[:2])
        for i in super().__iter__():
            yield i % own if self.epoch < 2 else i


def test_class_that_appears_in_the_third_epoch_joins_then(tmp_path):
    runner = build(tmp_path, pool_hook(), max_epochs=4)
    runner._train_dataloader.update(
        sampler=dict(type='WithholdsClass', shuffle=True))
    held = []
    runner.hooks[-1].after_train_epoch = lambda _: held.append(
        pool_of(runner).fill().tolist())
    runner.train()
    assert held == [[120, 40, 0]] * 2 + [[120, 40, 5]] * 2
    terms = torch.tensor(scalars(runner, 'loss_curvature'))
    assert len(terms) == 3 * STEPS and terms.isfinite().all()
    # Epochs 2 and 4; in between the class fills up.
    left_out = scalars(runner, 'curvature_left_out')
    assert left_out[:STEPS] == [1] * STEPS
    assert left_out[-STEPS:] == [0] * STEPS
