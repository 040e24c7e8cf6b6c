# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers of docs/cr_study.md, from records of known ones."""
import numpy as np
import pytest
from scipy import stats

from mmcurv.files import write_json
from tests.dev_scripts import dev_script

tables = dev_script('fairness_tables')
EFFECTS = {'ce': 0., 'cr': 0., 'margin_0.25': 0.02, 'margin_0.5': 0.04}


def run_of(arm, seed, rng):
    overall = 0.6 + 0.01 * rng.normal() - EFFECTS[arm] / 10
    run = dict(
        arm=arm,
        seed=seed,
        overall=overall,
        variance=0.1 - EFFECTS[arm] + 0.001 * rng.normal(),
        worst_tenth=0.2 + 0.01 * rng.normal(),
        train_accuracy=0.97,
        class_accuracy=[0.2, 0.5, 0.9],
        log_curvature=[3., 2., 0.],
        relative_spread=[1., 2., 3.],
        purity=[0.1, 0.5, 0.9],
        code=dict(version='0.1.0', commit='a' * 40, clean=True))
    if arm == 'ce':
        run['shifts'] = [
            dict(
                method=method,
                how='chosen',
                strength=0.5,
                overall_change=-0.001 * rng.random(),
                variance_change=-0.01 - 0.001 * rng.random(),
                worst_tenth_change=0.01 + 0.001 * rng.random())
            for method in ('relative_spread', 'permuted')
        ]
    return run


@pytest.fixture
def folder(tmp_path):
    """Two sets of eight seeds; the seeds from 100 on would change all."""
    rng = np.random.default_rng(0)
    for name in ('fashion_lt', 'cifar_balanced'):
        runs = [run_of(arm, seed, rng) for arm in EFFECTS for seed in range(8)]
        runs += [
            dict(run_of(arm, 100, rng), variance=99., overall=99.)
            for arm in EFFECTS
        ]
        write_json(
            str(tmp_path / f'{name}.json'),
            dict(
                schema=tables.SCHEMA,
                schema_version=1,
                set=name,
                settings=dict(counts=[60] * 40),
                runs=runs))
    return tmp_path


def test_p_is_that_of_scipy_and_holm_is_over_all_sets(folder):
    rows = tables.comparisons(str(folder))
    kinds = rows.kind.value_counts()
    assert kinds['branch'] == 2 * 4 * 3 and kinds['shift'] == 2 * 2 * 3
    record = tables._read(str(folder), 'fashion_lt')
    runs = tables.reported(record)
    after, before = ([runs[arm][seed]['variance'] for seed in range(8)]
                     for arm in ('margin_0.5', 'margin_0.25'))
    row, = rows[(rows.set == 'fashion_lt') & (rows.arm == 'margin_0.5')
                & (rows.against == 'margin_0.25')
                & (rows.metric == 'variance')].itertuples()
    test = stats.ttest_rel(after, before)
    assert row.p == pytest.approx(test.pvalue)
    assert (row.low,
            row.high) == pytest.approx(tuple(test.confidence_interval()))
    least = 0.  # Holm's steps, one after the other
    for place, found in enumerate(rows.sort_values('p').itertuples()):
        least = max(least, min(1, found.p * (len(rows) - place)))
        assert found.p_holm == pytest.approx(least)


def test_seeds_that_chose_settings_and_arms_of_few_seeds_are_left_out():
    runs = [dict(arm='ce', seed=seed) for seed in (*range(8), 100)]
    runs += [dict(arm='cr', seed=seed) for seed in (*range(7), 100)]
    found = tables.reported(dict(runs=runs))
    assert {
        arm: sorted(own)
        for arm, own in found.items()
    } == {
        'ce': list(range(8))
    }


def test_tables_say_change_share_and_what_is_clear(folder):
    path = str(folder / 'fashion_lt.json')
    branches, shifts, geometry = tables.fairness_tables(path)
    rows = {row[0]: row for row in branches.frame.values.tolist()}
    assert rows['cross-entropy itself'][4] == '97.0\u00a0%'
    cell = rows['margin, 0.5'][2]
    assert cell.startswith('−0.0397 ± ') and cell.endswith('(−40 %) *')
    assert not rows['CR as printed'][2].endswith('*')
    assert 'margin, 0.5, against margin, 0.25' in rows
    assert shifts.frame.values[0, 1] == 'chosen, mean 0.50'
    assert geometry.frame.values[0, 0] == 'cross-entropy'
    assert geometry.frame.values[0, 2] == '−0.99 ± 0.00'


def test_main_numbers_are_those_of_each_set(folder):
    table = tables.headline(str(folder))
    rows = table.frame.values.tolist()
    assert [row[:2] for row in rows] == [
        [tables.TITLES['cifar_balanced'], 'CR as printed'],
        [
            tables.TITLES['cifar_balanced'],
            'shift by relative spread, after training'
        ],
    ]
    assert '*' not in rows[0][2] and rows[1][2].endswith(' % *')
    assert '36 tests' in table.note
