# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The numbers of docs/cr_study.md, from records of known ones."""
import numpy as np
import pytest
from scipy import stats

from mmcurv.files import write_json
from tests.dev_scripts import dev_script

tables = dev_script('fairness_tables')
EFFECTS = {'ce': 0., 'cr': 0., 'margin_0.5': 0.04, 'permuted_0.5': -0.01}


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
        changes = {
            'relative_spread': [
                -0.001 * rng.random(), -0.01 - 0.001 * rng.random(),
                0.01 + 0.001 * rng.random()
            ],
            'logit_adjustment': [0., 0., 0.]
        }
        run['shifts'] = [
            dict({
                f'{m}_change': v
                for m, v in zip(tables.METRICS, values)
            },
                 method=method,
                 how='chosen',
                 strength=0.5) for method, values in changes.items()
        ]
    return run


@pytest.fixture
def folder(tmp_path):
    """Two sets of eight seeds; the seeds from 100 on would change all."""
    rng = np.random.default_rng(0)
    for name in ('fashion_balanced', 'cifar_balanced'):
        runs = [run_of(arm, seed, rng) for arm in EFFECTS for seed in range(8)]
        runs += [
            dict(run_of(arm, 100, rng), variance=99., overall=99.)
            for arm in EFFECTS
        ]
        width = 10 if name.startswith('fashion') else 40
        write_json(
            str(tmp_path / f'{name}.json'),
            dict(set=name, settings=dict(counts=[60] * width), runs=runs))
    return str(tmp_path)


def test_p_is_that_of_scipy_and_holm_is_over_all_sets(folder):
    rows = tables.comparisons(folder)
    # Three arms, a pair and a shift, by three metrics and two sets; a logit
    # adjustment that changes nothing is no test.
    assert len(rows) == 2 * 3 * (3 + 1 + 1)
    runs = tables.reported(tables.records(folder)['fashion_balanced'])
    after, before = ([runs[arm][seed]['variance'] for seed in range(8)]
                     for arm in ('margin_0.5', 'permuted_0.5'))
    row, = rows[(rows.set == 'fashion_balanced') & (rows.key == 'margin_0.5')
                & (rows.against == 'permuted_0.5')
                & (rows.metric == 'variance')].itertuples()
    test = stats.ttest_rel(after, before)
    assert row.p == pytest.approx(test.pvalue)
    assert (row.low,
            row.high) == pytest.approx(tuple(test.confidence_interval()))
    assert row.base == pytest.approx(np.mean(before))
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


def test_pairs_are_of_the_seeds_that_both_have():

    def run(seed, value):
        return dict(dict.fromkeys(tables.METRICS, value), seed=seed)

    arms = dict(
        ce={seed: run(seed, seed)
            for seed in range(16)},
        cr={seed: run(seed, seed + 0.5)
            for seed in range(4, 12)})
    before, after = tables._values(arms, tables.Row('CR', 'cr'))
    assert before[:, 0].tolist() == list(range(4, 12))
    assert (after - before == 0.5).all()


def test_tables_say_change_share_and_what_is_clear(folder):
    frame = tables.fairness_table('balanced', folder).frame
    rows = {row[0]: row[1:] for row in frame.values.tolist()}
    assert rows['its training accuracy'][::3] == ['97.0\u00a0%'] * 2
    cell = rows['relative spread, 0.5 (8)'][1]
    assert cell.startswith('−40 ± ') and cell.endswith(' % *')
    assert not rows['CR as printed (8)'][1].endswith('*')
    names = list(rows)
    assert names.index('Margins while training:') < names.index(
        'relative spread, 0.5 (8)') < names.index(
            'One setting against another:')
    assert not any('logit adjustment' in name for name in names)
    geometry = tables.fairness_table('geometry', folder).frame
    # Ten classes are too few for a correlation over classes.
    assert set(geometry['Images']) == {'CIFAR-100'}
    assert geometry.values[0, 1] == 'cross-entropy'
    assert geometry.values[0, 3] == '−0.99 ± 0.00'


def test_main_numbers_are_those_of_each_set(folder):
    table = tables.fairness_table('main', folder)
    rows = table.frame.values.tolist()
    assert [
        row[1] for row in rows
    ] == ['CR as printed', 'shift by relative spread, after training'] * 2
    assert '*' not in rows[0][3] and rows[1][3].endswith(' % *')
    assert '30 tests' in table.note
