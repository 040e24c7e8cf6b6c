# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.tables.refresh_tables import (PARTS, agreement_tables,
                                                    cost_table)


def cost_step(seconds, points, peak=2e9):
    return dict(
        seconds=seconds,
        core_seconds=2 * seconds,
        points=points,
        peak_bytes=peak,
        shares=dict.fromkeys(PARTS, 1 / len(PARTS)))


@pytest.fixture
def cost():
    steps = {'batch': cost_step(0.5, 250), 'all': cost_step(20., 9000, None)}
    return dict(
        width=8,
        batch=4,
        command='python a.py',
        code=dict(version='0.1.0', commit='abc', clean=True),
        machine=dict(threads=2, processor='P'),
        packages=dict(torch='2.0'),
        sets=[
            dict(
                classes=100,
                images=9000,
                load_before_and_after=[0.1, 2.],
                steps=steps)
        ])


def entry(refresh, epoch, pearson, largest):
    return dict(
        refresh=refresh,
        seed=0,
        epoch=epoch,
        pearson=pearson,
        spearman=pearson,
        largest=largest,
        mean=largest / 2,
        bias=-largest / 4,
        spread=1.)


@pytest.fixture
def agreement():
    pair = dict(entry('', 6, .5, 2.), refreshes=['batch', 'all'], seeds=[0, 0])
    return dict(
        config='a.py',
        options={'model.depth': 8},
        command='python b.py',
        code=dict(version='0.1.0', commit='abc', clean=False),
        within=[
            entry('batch', 6, .9, .25),
            entry('batch', 7, .7, .75),
            entry('all', 6, None, 0.)
        ],
        between=[pair],
        seeds=[])


def test_refreshes_are_told_as_times_of_batch(cost):
    table = cost_table(cost)
    first, second = table.rows
    assert first[2:7] == ['batch', '250', '0.50', '1.0', '1.00']
    assert second[2:7] == ['all', '9,000', '20.00', '40.0', '40.00']
    assert first[-1] == '2.0' and second[-1] == '–'
    assert '2 threads of P' in table.note and '0.1 to 2.0' in table.note
    assert len(table.align) == len(table.columns) == len(first)


def test_each_epoch_of_batch_has_a_line(agreement):
    table, _ = agreement_tables(agreement)
    assert [row[0] for row in table.rows] == ['6', '7']
    assert table.rows[1][1] == '0.700 (0.700)'
    assert table.rows[1][5] == '−0.188'


def test_worst_epoch_stands_beside_the_mean(agreement):
    _, table = agreement_tables(agreement)
    batch, everything, pair = table.rows
    assert batch[1:3] == ['1', '0.800 (0.700)']
    assert batch[4] == '0.500 (0.750)'
    assert everything[2] == '–' and everything[4] == '0 (0)'
    assert pair[0] == "'batch' against 'all', same seed"
    assert len(table.align) == len(table.columns) == len(pair)
    assert 'a.py, model.depth=8; mmcurv 0.1.0, commit abc with ' in table.note
