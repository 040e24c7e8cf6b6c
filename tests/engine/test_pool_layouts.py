# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A pool that several processes divide among themselves is that of one."""
import math

import pytest
import torch
import torch.distributed as dist

from mmcurv.engine.pool_layouts import make_layout
from tests.engine.shared_steps import COUNTS, run_steps
from tests.engine.two_processes import in_two_processes

SHARES = {2: [[8, 8], [11, 1]], 4: [[4, 4, 4, 4], [1, 2, 12, 2]]}
LAYOUTS = ('replicated', 'sharded')


def without_a_number(number, rank, features, original):
    """A feature that is no number in the second step, in the third the loss
    of one process alone."""
    if number == 2 and rank == 0 and len(features):
        features = features.index_fill(0, torch.tensor([0]), math.nan)
    if number == 3 and rank == dist.get_world_size() - 1:
        original = original * math.nan
    return features, original


def in_16_bits(number, rank, features, original):
    return features.bfloat16(), original


def seen(done):
    step = done.pop('step')
    step.merge()
    return dict(
        done,
        held=step.curvature.pool.fill(),
        complaints=list(step.complaints()),
        state=step.state_dict())


def work(rank, folder):
    world_size = dist.get_world_size()
    found = {}
    for layout in LAYOUTS:
        pool = dict(layout=layout)
        for sizes in SHARES[world_size]:
            for cap in (None, 10):
                found[layout, cap, sum(sizes)] = seen(
                    run_steps(rank, world_size, sizes,
                              dict(pool, max_per_class=cap)))
        for spoil in (without_a_number, in_16_bits):
            found[layout, spoil.__name__] = seen(
                run_steps(rank, world_size, sizes, pool, spoil=spoil))
    path = folder / 'state.pt'
    state = found['sharded', None, 16]['state']
    if rank == 0:
        torch.save(state, path)
    dist.barrier()
    state = torch.load(path)
    for layout in LAYOUTS:
        found[layout, 'resumed'] = seen(
            run_steps(rank, world_size, SHARES[world_size][0],
                      dict(layout=layout), state))
    return found


@pytest.fixture(scope='module', params=SHARES, ids=lambda n: f'{n} processes')
def ranks(request, tmp_path_factory):
    """What the processes ended with."""
    return in_two_processes(work, tmp_path_factory.mktemp('ranks'),
                            request.param)


def assert_is_that_of_one(found, alone):
    for name in ('terms', 'gradients'):
        torch.testing.assert_close(
            found[name], alone[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('cap', [None, 10])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_processes_give_the_loss_and_gradient_of_one(ranks, layout, cap):
    for sizes in SHARES[len(ranks)]:
        alone = run_steps(0, 1, sizes, dict(max_per_class=cap))
        for rank in ranks:
            assert_is_that_of_one(rank[layout, cap, sum(sizes)], alone)


@pytest.mark.parametrize('cap', [None, 10])
def test_processes_hold_each_feature_once(ranks, cap):
    held = [rank['sharded', cap, 16]['held'] for rank in ranks]
    whole = ranks[0]['replicated', cap, 16]['held']
    assert torch.equal(sum(held), whole)
    sizes = [each.sum() for each in held]
    assert max(sizes) - min(sizes) <= whole.max()


@pytest.mark.parametrize('cap', [None, 10])
def test_first_process_saves_what_an_undivided_pool_has(ranks, cap):
    whole = ranks[0]['replicated', cap, 16]['state']['curvature']
    merged = ranks[0]['sharded', cap, 16]['state']['curvature']
    assert merged.keys() == whole.keys()
    for name, value in whole.items():
        torch.testing.assert_close(
            merged[name], value, rtol=1e-5, atol=1e-6, equal_nan=True)
    assert all(rank['sharded', cap, 16]['state'] is None for rank in ranks[1:])


@pytest.mark.parametrize('layout', LAYOUTS)
def test_state_is_gone_on_from_by_other_processes_and_layouts(ranks, layout):
    state = ranks[0]['sharded', None, 16]['state']
    alone = run_steps(0, 1, [16], state=state)
    for rank in ranks:
        assert_is_that_of_one(rank[layout, 'resumed'], alone)
    pool = ranks[0][layout, 'resumed']['state']['curvature']['pool.features']
    assert torch.equal(pool, alone['step'].curvature.pool.features)


def test_state_of_one_process_is_divided(ranks):
    state = run_steps(0, 1, [16])['step'].state_dict()
    merged = ranks[0]['sharded', None, 16]['state']
    for name, value in state['curvature'].items():
        torch.testing.assert_close(
            merged['curvature'][name],
            value,
            rtol=1e-4,
            atol=1e-5,
            equal_nan=True)


@pytest.mark.parametrize('layout', LAYOUTS)
def test_what_is_no_number_on_one_process_stops_no_other(ranks, layout):
    for rank in ranks:
        done = rank[layout, 'without_a_number']
        assert done['terms'][2] == 0 and done['terms'][0] > 0
        assert done['terms'] == ranks[0][layout, 'without_a_number']['terms']
        assert any('1 features with NaN or inf' in sentence
                   for sentence in done['complaints'])
        assert any('left out in 1 steps' in sentence
                   for sentence in done['complaints'])


def test_layouts_agree_on_features_of_16_bits(ranks):
    for rank in ranks:
        sharded, whole = (
            rank[layout, 'in_16_bits'] for layout in ('sharded', 'replicated'))
        assert sharded['terms'] == pytest.approx(whole['terms'], rel=1e-5)
        torch.testing.assert_close(
            sharded['gradients'], whole['gradients'], rtol=1e-2, atol=1e-3)


def test_one_process_divides_nothing():
    assert make_layout('sharded', COUNTS).classes is None


def test_unknown_layout_is_told():
    with pytest.raises(ValueError, match="'sharded'.*got 'split'"):
        make_layout('split', COUNTS)
