# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where a run keeps its pool, and how large it lets it be."""
import errno
import os
import re

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from mmcurv.engine.curvature_steps import CurvatureSteps
from mmcurv.engine.hooks import FeaturePoolHook
from tests.engine.curvature_run import build, hook_of, pool_hook, pool_of
from tests.engine.runner_log import log_of
from tests.engine.step_watch import watch_of
from tests.engine.toy_run import COUNTS

STORAGES = ('device', 'host', 'file')
POOL = 'mmcurv_feature_pool'


@HOOKS.register_module()
class MapsHook(Hook):
    """Folders of pool files that are mapped while a run trains."""
    found = ()

    def after_train_iter(self, runner, *args, **kwargs):
        with open('/proc/self/maps') as maps:
            lines = [line for line in maps if 'feature_pool_rank0_' in line]
        self.found = {os.path.dirname(line.split()[5]) for line in lines}


def run_with(work_dir, max_epochs=3, **pool):
    return build(
        work_dir,
        pool_hook(pool=pool),
        dict(type='StepWatch'),
        dict(type='MapsHook'),
        max_epochs=max_epochs)


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    """The top folder, and in it a run of three epochs for each storage."""
    top, made = tmp_path_factory.mktemp('storages'), {}
    for storage in STORAGES:
        made[storage] = run_with(top / storage, storage=storage)
        made[storage].train()
    return top, made


def results(runner):
    """Weights, pool and remembered curvatures."""
    state = hook_of(runner).step.curvature.state_dict()
    return [*runner.model.state_dict().values(), *state.values()]


def assert_same_bits(first, second):
    for one, other in zip(results(first), results(second), strict=True):
        assert torch.equal(one.nan_to_num(), other.nan_to_num())
        assert torch.equal(one.isnan(), other.isnan())


def maps_of(runner):
    return next(h for h in runner.hooks if isinstance(h, MapsHook)).found


@pytest.mark.parametrize('storage', STORAGES[1:])
def test_run_is_the_same_in_each_bit_wherever_its_features_are(runs, storage):
    kept, ours = runs[1]['device'], runs[1][storage]
    assert watch_of(ours).losses == watch_of(kept).losses
    assert 'loss_curvature' in watch_of(ours).losses[-1]
    assert_same_bits(ours, kept)


def test_file_lies_in_the_work_folder_and_is_gone_from_it(runs):
    top, made = runs
    assert str(top / 'file') in maps_of(made['file'])
    assert str(top / 'host') not in maps_of(made['host'])
    for storage in STORAGES:
        assert not [n for n in os.listdir(top / storage) if n[-4:] == '.bin']


def test_file_lies_in_another_folder_on_demand(tmp_path):
    scratch = str(tmp_path / 'scratch')
    runner = run_with(tmp_path / 'run', 1, storage='file', folder=scratch)
    runner.train()
    assert scratch in maps_of(runner) and os.listdir(scratch) == []


@pytest.mark.parametrize('before, after', [('device', 'file'),
                                           ('file', 'host'), ('file', 'file'),
                                           ('host', 'device')])
def test_resume_goes_on_in_each_bit_from_each_storage_in_each(
        tmp_path, runs, before, after):
    runner = run_with(tmp_path, storage=after)
    runner._load_from = str(runs[0] / before / 'epoch_2.pth')
    runner._resume = True
    runner.train()
    assert_same_bits(runner, runs[1]['device'])


@pytest.mark.parametrize('pool, where', [(dict(storage='file'), 'cpu'),
                                         (dict(storage='host'), 'cpu'),
                                         (dict(device='cpu'), 'cpu'),
                                         (dict(), 'meta')])
def test_checkpoint_is_not_read_onto_a_device_without_the_pool(
        tmp_path, runs, monkeypatch, pool, where):
    """mmengine reads checkpoints onto the device of the model."""
    runner = run_with(tmp_path, **pool)
    runner._load_from = str(runs[0] / 'device' / 'epoch_2.pth')
    runner._resume = True
    asked = []
    load = runner.load_checkpoint

    def watched(filename, map_location):
        asked.append(map_location)
        return load(filename, map_location='cpu')

    runner.load_checkpoint = watched
    monkeypatch.setattr('mmengine.runner.runner.get_device', lambda: 'meta')
    runner.train()
    assert asked == [where]


def test_full_disk_stops_the_run_before_its_first_step(tmp_path, monkeypatch):

    def full(descriptor, offset, size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'posix_fallocate', full)
    runner = run_with(tmp_path, storage='file')
    before = [p.clone() for p in runner.model.parameters()]
    with pytest.raises(OSError, match=f'{165 * 16:,} bytes in .*bytes free'):
        runner.train()
    assert all(map(torch.equal, before, runner.model.parameters()))


@pytest.mark.parametrize('allowed, dtype, most, said', [
    ('1 MiB', torch.float32, None, r'float32 with all images: .* of 1 MiB'),
    (6100, torch.float16, None, r'float16 with all images: 5\.\d+ KiB of'),
    ('4.5 KiB', torch.float16, 69, 'float16 with at most 69 images a class'),
])
def test_budget_chooses_type_and_cap_and_says_so(tmp_path, allowed, dtype,
                                                 most, said):
    runner = run_with(tmp_path, 2, max_bytes=allowed)
    runner.logger.setLevel('INFO')
    log = log_of(runner)
    runner.train()
    curvature, pool = hook_of(runner).step.curvature, pool_of(runner)
    assert pool.features.dtype == dtype
    assert pool.capacity.tolist() == [min(n, most or n) for n in COUNTS]
    told = [text for text in log if 'pool.max_bytes chose' in text]
    assert len(told) == 1 and re.search(said, told[0])
    taken = sum(b.numel() * b.element_size() for b in curvature.buffers())
    choice = hook_of(runner).step._choice
    assert taken == choice.total
    assert 'loss_curvature' in watch_of(runner).losses[-1]


def test_budget_without_room_for_the_neighbours_names_the_least(tmp_path):
    with pytest.raises(
            ValueError,
            match='is 1,900, .*at most 7 images a class, takes '
            r'1,933 bytes with features of 4 numbers \(k=6'):
        run_with(tmp_path, max_bytes='1.9 kB').train()


def test_resume_with_another_choice_names_both(tmp_path, runs):
    runner = run_with(tmp_path, max_bytes=6100)
    runner._load_from = str(runs[0] / 'device' / 'epoch_2.pth')
    runner._resume = True
    said = (r'dtype=torch\.float16.*max_bytes chose a pool in float16.*Give '
            r'dtype and max_per_class of the checkpoint.*dtype=torch\.float32')
    with pytest.raises(RuntimeError, match=f'(?s)does not fit.*{said}'):
        runner.train()


@pytest.mark.parametrize('pool, said', [
    (dict(max_bytes='much'), "pool.max_bytes: .*got 'much'"),
    (dict(max_bytes=0), 'pool.max_bytes: .*got 0'),
    (dict(storage='disk'), "got 'disk'"),
    (dict(storage='host', device='cuda'), "got device='cuda'"),
])
@pytest.mark.parametrize('layer', ['head.fc', ['head.fc', 'head.other']])
def test_wrong_option_fails_when_the_hook_is_built(pool, said, layer):
    with pytest.raises(ValueError, match=said):
        FeaturePoolHook(layer=layer, pool=pool)


def test_layers_share_the_bytes_and_no_file(tmp_path):
    steps = CurvatureSteps(['a', 'b'],
                           mixed='skip',
                           pool=dict(storage='file', max_bytes='16 kB'),
                           curvature=dict(k=6),
                           loss=None)
    steps.prepare(COUNTS, None, str(tmp_path))
    features = [torch.ones(4, 4), 2 * torch.ones(4, 8)]
    steps(features, torch.zeros(4, dtype=torch.long), torch.tensor(1.), 1,
          False)
    taken = []
    for step, own in zip(steps.steps.values(), features):
        buffers = list(step.curvature.buffers())
        taken.append(sum(b.numel() * b.element_size() for b in buffers))
        held = step.curvature.pool.members(0)
        assert torch.equal(held, own.to(held))
    assert max(taken) <= 8000 and sum(taken) > 8000
    assert [step.max_bytes for step in steps.steps.values()] == [8000, 8000]
