# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs that go on in another number of processes than before."""
import pytest
import torch

from tests.engine.two_processes import in_two_processes, train

SAVING = dict(type='CheckpointHook', interval=1)


def go_on(folder, checkpoint, **options):
    """The second of two epochs, that with CR."""
    return train(
        folder, resume=True, load_from=str(checkpoint), **options)['weights']


def work(rank, folder):
    train(folder / 'both', wrapper={}, checkpoint=SAVING)
    checkpoint = folder / 'alone/epoch_1.pth'
    weights = go_on(folder / 'resumed', checkpoint, wrapper={})
    # Classes 1 and 2 keep their slots, which are all of one process.
    with pytest.raises(RuntimeError) as info:
        go_on(
            folder / 'capped',
            checkpoint,
            wrapper={},
            pool=dict(max_per_class=40))
    return dict(weights=weights, capped=str(info.value))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('runs')


@pytest.fixture(scope='module')
def alone(folder):
    """Weights of one process after both epochs."""
    return train(folder / 'alone', checkpoint=SAVING)['weights']


@pytest.fixture(scope='module')
def ranks(folder, alone):
    return in_two_processes(work, folder)


def test_run_of_one_process_goes_on_in_two_and_ends_alike(ranks, alone):
    for rank in ranks:
        torch.testing.assert_close(rank['weights'], alone, rtol=0, atol=1e-6)


def test_run_of_two_processes_goes_on_in_one_and_ends_alike(
        tmp_path, folder, ranks, alone):
    weights = go_on(tmp_path, folder / 'both/epoch_1.pth')
    torch.testing.assert_close(weights, alone, rtol=0, atol=1e-6)


def test_all_processes_refuse_another_cap_together(ranks):
    for rank in ranks:
        said = rank['capped']
        assert 'does not fit this run' in said
        assert '144 slots, not 88: another number in 1 of 3' in said
