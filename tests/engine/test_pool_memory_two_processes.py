# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Memory options of a pool that two processes hold."""
import os

import pytest
import torch
import torch.distributed as dist

from mmcurv.engine.pool_checkpoint import holds_features
from tests.engine.shared_steps import run_steps
from tests.engine.two_processes import in_two_processes

SIZES, LAYOUTS = [8, 8], ('replicated', 'sharded')
ALLOWED = 1300  # bytes, too few for all images in one process


def bytes_of(step):
    return sum(b.numel() * b.element_size() for b in step.curvature.buffers())


def work(rank, folder):
    found = {}
    for layout in LAYOUTS:
        pool = dict(layout=layout)
        plain = run_steps(rank, 2, SIZES, pool)
        file = run_steps(
            rank, 2, SIZES,
            dict(pool, storage='file', folder=str(folder / 'pools')))
        with open('/proc/self/maps') as maps:
            files = [line for line in maps if 'feature_pool_rank' in line]
        bound = run_steps(rank, 2, SIZES, dict(pool, max_bytes=ALLOWED))
        step = plain['step']
        step.curvature.pool.num_nonfinite += rank + 1
        list(step.complaints())
        step.save_pool = False
        step.merge()
        if rank == 0:
            torch.save(step.state_dict(), folder / f'{layout}.pt')
        dist.barrier()
        state = torch.load(folder / f'{layout}.pt')
        after = run_steps(rank, 2, SIZES, pool, state)['step']
        found[layout] = dict(
            plain=plain['terms'],
            file=file['terms'],
            files=files,
            left=os.listdir(folder / 'pools'),
            choice=bound['step']._choice,
            bytes=bytes_of(bound['step']),
            state=state,
            after=after.layout.total(after.curvature.pool.num_nonfinite))
    return found


@pytest.fixture(scope='module')
def ranks(tmp_path_factory):
    return in_two_processes(work, tmp_path_factory.mktemp('ranks'))


@pytest.mark.parametrize('layout', LAYOUTS)
def test_each_process_has_its_file_and_the_same_loss(ranks, layout):
    for number, rank in enumerate(ranks):
        done = rank[layout]
        assert done['file'] == done['plain'] and done['left'] == []
        assert f'feature_pool_rank{number}_' in done['files'][-1]


@pytest.mark.parametrize('layout', LAYOUTS)
def test_processes_choose_alike_and_none_takes_more(ranks, layout):
    first, second = (rank[layout] for rank in ranks)
    assert first['choice'] == second['choice']
    assert max(first['bytes'], second['bytes']) == first['choice'].total
    assert first['choice'].total <= ALLOWED


def test_divided_pool_holds_more_of_a_class(ranks):
    whole, part = (ranks[0][layout]['choice'] for layout in LAYOUTS)
    assert (whole.max_per_class or 20) < (part.max_per_class or 20)


@pytest.mark.parametrize('layout, counted', [('replicated', 1),
                                             ('sharded', 3)])
def test_state_without_features_counts_for_all_processes(
        ranks, layout, counted):
    """Each process counts what its part of the pool lost."""
    state = ranks[1][layout]['state']
    assert not holds_features(state) and state['num_nonfinite'] == counted
    assert [rank[layout]['after'] for rank in ranks] == [counted] * 2
