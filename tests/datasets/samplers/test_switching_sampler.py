# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The sampler alone, and in runs that are resumed in either phase."""
import pytest
import torch
from mmengine.dataset import DefaultSampler

from mmcurv.datasets import SwitchingSampler, WeightedSampler
from tests.datasets.toy import ToyImages
from tests.engine.curvature_run import build, pool_hook

LABELS = [0] * 40 + [1] * 8
FIRST = dict(type='DefaultSampler', shuffle=True)
SECOND = dict(type='mmcurv.WeightedSampler', weights='reversed')
START = 3


def sampler(second=SECOND, start_epoch=START):
    return SwitchingSampler(
        ToyImages(LABELS), FIRST, second, start_epoch, seed=4)


def at_epoch(made, epoch):
    made.set_epoch(epoch)
    return list(made)


@pytest.mark.parametrize('epoch, kind', [(0, DefaultSampler),
                                         (1, DefaultSampler),
                                         (2, WeightedSampler),
                                         (3, WeightedSampler)])
def test_second_sampler_begins_in_its_epoch_counted_from_1(epoch, kind):
    alone = kind(ToyImages(LABELS), seed=4)
    if kind is WeightedSampler:
        alone.weights = 'reversed'
    assert at_epoch(sampler(), epoch) == at_epoch(alone, epoch)


def test_fresh_sampler_is_in_the_phase_of_its_epoch():
    old = sampler()
    for epoch in range(4):
        drawn = at_epoch(old, epoch)
    assert drawn == at_epoch(sampler(), 3)


def test_samplers_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match='first gives 48 .* second 50'):
        sampler(dict(SECOND, length=50))


def test_epochs_are_counted_from_1():
    with pytest.raises(ValueError, match='counted from 1, got 0'):
        sampler(start_epoch=0)


def train(work_dir, **options):
    """4 epochs of a run with CR; labels of each epoch, and its end."""
    run = build(work_dir, pool_hook(), max_epochs=4, **options)
    run._train_dataloader['sampler'] = dict(
        type='mmcurv.SwitchingSampler',
        first=FIRST,
        second=SECOND,
        start_epoch=START)
    shown = {}

    def show(runner, batch_idx, data_batch, outputs):
        shown.setdefault(runner.epoch + 1,
                         []).extend(sample.gt_label.item()
                                    for sample in data_batch['data_samples'])

    run.hooks[-1].after_train_iter = show
    run.train()
    state = torch.load(work_dir / 'epoch_4.pth', weights_only=True)
    return shown, state


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('whole')
    return (work_dir, *train(work_dir))


def test_run_of_one_process_draws_the_tail_from_the_start_epoch_on(whole):
    # Classes of 120, 40 and 5 images; reversed, the last has 0.86 of all.
    tail = [labels.count(2) for labels in whole[1].values()]
    assert tail[:2] == [5, 5]
    assert min(tail[2:]) > 120
    assert [len(labels) for labels in whole[1].values()] == [165] * 4


@pytest.mark.parametrize('epoch', [1, 2, 3])
def test_resumed_run_is_in_the_right_phase_and_ends_bit_for_bit_alike(
        whole, tmp_path, epoch):
    work_dir, shown, state = whole
    again, resumed = train(
        tmp_path, load_from=str(work_dir / f'epoch_{epoch}.pth'), resume=True)
    assert again == {e: shown[e] for e in range(epoch + 1, 5)}
    weights = resumed['state_dict']
    assert all(
        torch.equal(value, weights[name])
        for name, value in state['state_dict'].items())
    pools = [s['mmcurv_feature_pool']['curvature'] for s in (state, resumed)]
    for name, value in pools[0].items():
        torch.testing.assert_close(
            value, pools[1][name], rtol=0, atol=0, equal_nan=True)
