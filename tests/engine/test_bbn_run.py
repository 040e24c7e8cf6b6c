# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whole runs of BBN: Curvature Regularization, resuming, two processes."""
import pytest
import torch

from tests.engine.bbn_run import BATCH, bbn_run
from tests.engine.curvature_run import hook_of, pool_of
from tests.engine.step_watch import watch_of
from tests.engine.test_resume_exactly import STATES, differences
from tests.engine.two_processes import in_two_processes


def test_features_of_the_conventional_branch_are_pooled_and_regularized(
        tmp_path):
    runner = bbn_run(tmp_path)
    runner.train()
    pool, watch = pool_of(runner), watch_of(runner)
    seen = {
        sample.sample_idx: int(sample.gt_label)
        for samples in watch.samples
        for sample in samples
    }
    assert hook_of(runner).options['layer'] == 'head.conventional'
    assert pool.features.shape[1] == 16  # one branch, not both
    assert sorted(pool.image[pool.image >= 0].tolist()) == sorted(seen)
    fill = [list(seen.values()).count(c) for c in range(3)]
    assert pool.fill().tolist() == fill
    assert [len(samples) for samples in watch.samples] == [BATCH] * 15
    assert all('loss_curvature' in losses for losses in watch.losses[10:])
    assert all(gradient.any() for gradient in watch.gradient[10:])


@pytest.mark.parametrize('num_workers', [0, 1])
def test_resumed_run_repeats_the_uninterrupted_one_bit_for_bit(
        tmp_path, num_workers):

    def final(work_dir, **options):
        torch.manual_seed(len(options))
        runner = bbn_run(
            work_dir,
            num_workers=num_workers,
            default_hooks=dict(
                random_state=dict(type='mmcurv.RandomStateHook')),
            **options)
        runner.train()
        return torch.load(work_dir / 'epoch_3.pth', weights_only=True)

    whole = final(tmp_path / 'whole')
    resumed = final(
        tmp_path / 'resumed',
        load_from=str(tmp_path / 'whole' / 'epoch_1.pth'),
        resume=True)
    for state in STATES:
        assert differences(whole.get(state), resumed.get(state), state) == []


@pytest.mark.parametrize('name', ['ClassCountsHook', 'SecondBatchHook'])
def test_run_without_one_of_the_hooks_names_it(tmp_path, name):
    runner = bbn_run(tmp_path)
    runner._hooks = [
        hook for hook in runner.hooks if type(hook).__name__ != name
    ]
    with pytest.raises(RuntimeError, match=f'mmcurv.{name}'):
        runner.train()


def two_branches(rank, folder):
    torch.manual_seed(0)
    runner = bbn_run(
        folder / f'work{rank}',
        max_epochs=1,
        loader=dict(batch_size=BATCH // 2),
        hook=dict(start_epoch=1, curvature=dict(k=3)),
        launcher='pytorch',
        cfg=dict(
            model_wrapper_cfg=dict(
                type='MMDistributedDataParallel', device_ids=None)))
    runner.train()
    watch = watch_of(runner)
    second = [
        int(sample.second_label) for samples in watch.samples
        for sample in samples
    ]
    model = runner.model.module
    return dict(
        weights=dict(model.named_parameters()),
        second=second,
        first=[s.sample_idx for samples in watch.samples for s in samples])


def test_two_processes_train_one_network_on_parts_of_both_draws(tmp_path):
    first, second = in_two_processes(two_branches, tmp_path)
    for name, value in first['weights'].items():
        assert torch.equal(value, second['weights'][name])
    assert not set(first['first']) & set(second['first'])
    assert len(first['second']) == len(second['second']) == 20
    assert first['second'] != second['second']
