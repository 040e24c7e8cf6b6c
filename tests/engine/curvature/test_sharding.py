# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A pool that several processes divide among themselves is that of one."""
import doctest
import math

import pytest
import torch
import torch.distributed as dist

from mmcurv.engine.curvature import sharding
from mmcurv.engine.curvature.sharding import ClassShards, class_owners
from tests.engine.shared_steps import COUNTS, run_steps
from tests.engine.two_processes import in_two_processes

# All of the stored neighbours, so that nothing hangs on the draw.
NEIGHBORS = dict(refresh='neighbors', sample=100)
CONTROLLED = dict(
    pulled=dict(alpha=0.5),
    spread=dict(alpha=0.5, measure='spread'),
    tangent=dict(alpha=0.5, measure='tangent'),
    random=dict(alpha=0.5, measure='random'),
    tangent_value=dict(measure='tangent'))
SHARES = {2: [[8, 8], [11, 1]], 4: [[4, 4, 4, 4], [1, 2, 12, 2]]}


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
    for sizes in SHARES[world_size]:
        for cap in (None, 10):
            found[cap, sum(sizes)] = seen(
                run_steps(rank, world_size, sizes, dict(max_per_class=cap)))
    for spoil in (without_a_number, in_16_bits):
        found[spoil.__name__] = seen(
            run_steps(rank, world_size, sizes, spoil=spoil))
    for name, options in CONTROLLED.items():
        for sizes in SHARES[world_size]:
            found[name, sum(sizes)] = seen(
                run_steps(rank, world_size, sizes, **options))
    found['neighbors'] = seen(
        run_steps(rank, world_size, SHARES[world_size][0], **NEIGHBORS))
    path = folder / 'state.pt'
    state = found[None, 16]['state']
    if rank == 0:
        torch.save(state, path)
    dist.barrier()
    state = torch.load(path)
    sizes = SHARES[world_size][0]
    found['resumed'] = seen(run_steps(rank, world_size, sizes, state=state))
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
def test_processes_give_the_loss_and_gradient_of_one(ranks, cap):
    for sizes in SHARES[len(ranks)]:
        alone = run_steps(0, 1, sizes, dict(max_per_class=cap))
        for rank in ranks:
            assert_is_that_of_one(rank[cap, sum(sizes)], alone)


@pytest.mark.parametrize('name', CONTROLLED)
def test_processes_pull_as_one(ranks, name):
    for sizes in SHARES[len(ranks)]:
        alone = run_steps(0, 1, sizes, **CONTROLLED[name])
        for rank in ranks:
            found = rank[name, sum(sizes)]
            assert_is_that_of_one(found, alone)
            control = found['state'] and found['state']['control']
            if control:
                torch.testing.assert_close(
                    control,
                    alone['step'].state_dict()['control'],
                    rtol=1e-5,
                    atol=1e-6)


@pytest.mark.parametrize('cap', [None, 10])
def test_processes_hold_each_feature_once(ranks, cap):
    held = [rank[cap, 16]['held'] for rank in ranks]
    alone = run_steps(0, 1, [16], dict(max_per_class=cap))
    whole = alone['step'].curvature.pool.fill()
    assert torch.equal(sum(held), whole)
    sizes = [each.sum() for each in held]
    assert max(sizes) - min(sizes) <= whole.max()


@pytest.mark.parametrize('cap', [None, 10])
def test_first_process_saves_what_an_undivided_pool_has(ranks, cap):
    alone = run_steps(0, 1, [16], dict(max_per_class=cap))
    whole = alone['step'].state_dict()['curvature']
    merged = ranks[0][cap, 16]['state']['curvature']
    assert merged.keys() == whole.keys()
    same_order = cap is None  # else the ranks' order decides who is pushed out
    for name, value in whole.items():
        assert merged[name].shape == value.shape
        if same_order:
            torch.testing.assert_close(
                merged[name], value, rtol=1e-4, atol=1e-5, equal_nan=True)
    assert all(rank[cap, 16]['state'] is None for rank in ranks[1:])


def test_state_is_gone_on_from_by_other_processes(ranks):
    state = ranks[0][None, 16]['state']
    alone = run_steps(0, 1, [16], state=state)
    for rank in ranks:
        assert_is_that_of_one(rank['resumed'], alone)
    pool = ranks[0]['resumed']['state']['curvature']['pool.features']
    assert torch.equal(pool, alone['step'].curvature.pool.features)


def test_stored_neighbours_of_all_processes_are_those_of_one(ranks):
    alone = run_steps(0, 1, [16], **NEIGHBORS)
    for rank in ranks:
        assert_is_that_of_one(rank['neighbors'], alone)
    near = ranks[0]['neighbors']['state']['curvature']['near']
    assert torch.equal(
        near.sort(1).values, alone['step'].curvature.near.sort(1).values)


def test_what_is_no_number_on_one_process_stops_no_other(ranks):
    for rank in ranks:
        done = rank['without_a_number']
        assert done['terms'][2] == 0 and done['terms'][0] > 0
        assert done['terms'] == ranks[0]['without_a_number']['terms']
        assert any('1 features with NaN or inf' in sentence
                   for sentence in done['complaints'])
        assert any('left out in 1 steps' in sentence
                   for sentence in done['complaints'])


def test_features_of_16_bits_give_what_one_process_finds(ranks):
    sizes = SHARES[len(ranks)][-1]
    alone = run_steps(0, 1, sizes, spoil=in_16_bits)
    for rank in ranks:
        found = rank['in_16_bits']
        assert found['terms'] == pytest.approx(alone['terms'], rel=1e-3)
        torch.testing.assert_close(
            found['gradients'], alone['gradients'], rtol=2e-2, atol=2e-3)


def test_one_process_has_its_batch_its_curvature_and_its_state_back():
    shards = ClassShards(COUNTS)
    features, labels = torch.randn(4, 3), torch.arange(4)
    batch = shards.batch(features, labels, None)
    assert batch[0] is features and batch[1] is labels and batch[2] is None
    assert shards.whole(features) is features
    assert shards.tied(features) is features
    state = dict(a=labels)
    assert shards.taken(state) is state and shards.own.all()


@pytest.mark.parametrize('processes', [1, 2, 3, 7])
@pytest.mark.parametrize('counts', [[5, 4, 3, 2], [300, 80, 20, 3, 0], [7]])
def test_processes_hold_about_as_much_and_each_class_once(counts, processes):
    owners = class_owners(counts, processes)
    assert ((owners >= 0) & (owners < processes)).all()
    held = torch.zeros(processes).index_add(0, owners,
                                            torch.tensor(counts).float())
    # No process has more than another by more than its smallest class.
    fullest = int(held.argmax())
    own = [n for n, owner in zip(counts, owners.tolist()) if owner == fullest]
    assert held.max() - held.min() <= min(n for n in own if n)


def test_example_in_docstring_is_true():
    result = doctest.testmod(sharding)
    assert result.attempted and not result.failed


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_rows_of_three_processes_keep_their_values_and_gradient(
        monkeypatch, dtype):
    monkeypatch.setattr(sharding, 'get_rank', lambda: 1)
    monkeypatch.setattr('mmcurv.dist.all_gather', lambda values: [values] * 3)
    features = torch.randn(100, 1).to(dtype).requires_grad_()
    gathered = sharding.AllRows.apply(features, [100] * 3)
    for part in gathered.split(100):
        assert torch.equal(part, features)
    gathered.sum().backward()  # all_reduce of one process adds nothing
    assert (features.grad == 3).all()
