# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From folders of runs to means, differences, tests and warnings."""
import collections
import copy
import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mmcurv.benchmark.collect import (CELL, check_alike, collect,
                                      find_warnings, holm, mean_interval,
                                      outcome, paired, read_collection,
                                      run_table, summarize, write_collection)
from mmcurv.benchmark.configs import spec_hash
from mmcurv.benchmark.matrix import read_matrix
from mmcurv.files import write_json
from mmcurv.numbers import ACCURACIES, COST, GEOMETRY, NUMBERS
from tests.benchmark.page_example import FAILURE, MARKUP, mixed_example
from tests.benchmark.synthetic_runs import (MATRIX, example_collection,
                                            run_record, small_specs, spec,
                                            write_matrix, write_run,
                                            write_runs)
from tests.reference import run_statistics as slow

KEPT = sorted(Path('benchmarks/records').glob('*.json'))
SEEDS = [spec(seed=seed) for seed in (0, 1)]
PAIR = [spec(), spec(cr=True)]
nan = math.nan


@pytest.fixture
def matrix(tmp_path):
    path = write_matrix(tmp_path, epochs=3)
    return read_matrix(path, str(tmp_path / 'runs'))


def files(folder):
    return {
        os.path.join(root, name): os.stat(os.path.join(root, name)).st_mtime_ns
        for root, _, names in os.walk(folder)
        for name in names
    }


# The collection


def test_finished_runs_carry_their_records(matrix):
    write_runs(matrix.runs, epochs=3)
    collection = collect(matrix, 'a command')
    assert collection['command'] == 'a command'
    assert collection['matrix'] == dict(
        name='small',
        title='A small matrix',
        about='Two methods that can be run and one that cannot.',
        paper_table='Table 1',
        protocol=dict(epochs=200),
        file=matrix.file)
    assert len(collection['runs']) == len(matrix.runs) == 36
    run, one = collection['runs'][4], matrix.runs[4]
    assert (run['method'], run['cr'], run['seed']) == ('CE', True, 1)
    assert run['config'] == one.config and run['name'] == one.name
    assert run['config_hash'] == spec_hash(one)
    expected = run_record(one, epochs=3, history=False)
    del expected['config']['text']
    assert run['record'] == expected


def test_runs_that_are_not_done_carry_state_and_reason(matrix):
    done, failed, broken, cut = matrix.runs[:4]
    write_run(done, run_record(done, epochs=3))
    os.makedirs(failed.folder)
    write_json(
        os.path.join(failed.folder, 'failure.json'),
        dict(exit_code=1, reason='RuntimeError: boom', log='console.log'))
    record = run_record(broken, epochs=3)
    del record['cost']
    write_run(broken, record)
    with open(write_run(cut, run_record(cut, epochs=3)), 'r+') as file:
        file.truncate(200)
    before = files(matrix.runs[0].folder)
    runs = collect(matrix)['runs']
    assert [run['state'] for run in runs[:5]
            ] == ['done', 'failed', 'unreadable', 'unreadable', 'missing']
    assert runs[1]['reason'] == 'exit code 1: RuntimeError: boom'
    assert 'cost' in runs[2]['reason'] and 'run.json' in runs[3]['reason']
    assert runs[-1]['state'] == 'no config'
    assert all(run['record'] is None for run in runs[1:])
    assert files(matrix.runs[0].folder) == before


def test_collection_survives_a_file(tmp_path):
    collection = example_collection(epochs=3)
    path = str(tmp_path / 'a' / 'collection.json')
    write_collection(path, collection)
    assert read_collection(path) == collection
    with open(path) as file:
        lines = file.read().splitlines()
    assert sum(line.startswith('{"method"') for line in lines) == 36


@pytest.mark.parametrize('text, words', [
    ('{"schema": "mmcurv.coll', 'cut short'),
    ('[]', "expected schema 'mmcurv.collection'"),
    ('[' * 100_000, 'without end|cut short'),
    ('{"schema": "mmcurv.run"}', "got 'mmcurv.run'"),
    ('{"schema": "mmcurv.collection", "schema_version": 1}',
     'version 2 of mmcurv.collection, got 1'),
    ('{"schema": "mmcurv.collection", "schema_version": 2}',
     'expected created, command, matrix'),
])
def test_what_is_no_whole_collection_is_refused(tmp_path, text, words):
    path = tmp_path / 'collection.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=words) as error:
        read_collection(str(path))
    assert str(path) in str(error.value)


def test_runs_and_records_of_a_collection_are_checked(tmp_path):
    path = str(tmp_path / 'collection.json')
    collection = example_collection([spec()], epochs=3)
    del collection['runs'][0]['record']['geometry']
    write_collection(path, collection)
    with pytest.raises(ValueError, match='CE, CIFAR.*expected geometry'):
        read_collection(path)
    del collection['runs'][0]['seed']
    write_collection(path, collection)
    with pytest.raises(ValueError, match='expected seed of run 0'):
        read_collection(path)


def test_nan_does_not_get_into_a_file(tmp_path):
    collection = example_collection([spec()], epochs=3)
    collection['runs'][0]['record']['cost']['seconds'] = nan
    with pytest.raises(ValueError):
        write_collection(str(tmp_path / 'collection.json'), collection)
    assert not list(tmp_path.iterdir())


def test_variants_and_tau_are_kept(tmp_path):
    text = MATRIX + """variants:
  - variant: ''
  - variant: tau=10
    cr: [true]
    tau: 10
    options: {model.tau: 10}
"""
    path = write_matrix(tmp_path, text, epochs=3)
    runs = collect(read_matrix(path, str(tmp_path / 'runs')))['runs']
    swept = [run for run in runs if run['variant']]
    assert {run['tau'] for run in swept} == {10}
    assert all(run['options'] == {'model.tau': 10} for run in swept)
    json.dumps(runs, allow_nan=False)


# What is alike


def changed(specs, section, key, value):
    """Two runs, the second of which differs in one entry of its record."""
    collection = example_collection(specs, epochs=3)
    record = collection['runs'][1]['record']
    (record[section] if section else record)[key] = value
    return run_table(collection['runs'])


@pytest.mark.parametrize('section, key, value, words', [
    ('split', 'fingerprint', 'f' * 64, 'fingerprint of the train split'),
    ('protocol', 'epochs', 20, "{'epochs': 3} in the first and "
     "{'epochs': 20} in the second"),
    ('protocol', 'main', 'best', 'the protocol'),
    ('config', 'hash', 'e' * 64, 'hash of the config'),
    (None, 'schema_version', 2, 'is 1 in the first and 2 in the second'),
])
def test_unlike_runs_are_not_averaged(section, key, value, words):
    with pytest.raises(ValueError, match='cannot be averaged') as error:
        check_alike(changed(SEEDS, section, key, value))
    assert words in str(error.value)
    assert all(repr(one.name) in str(error.value) for one in SEEDS)


@pytest.mark.parametrize('section, key, value', [
    ('split', 'fingerprint', 'f' * 64),
    ('protocol', 'epochs', 20),
    ('protocol', 'head_above', 50),
])
def test_unlike_runs_are_not_compared(section, key, value):
    with pytest.raises(ValueError, match='cannot be compared') as error:
        check_alike(changed(PAIR, section, key, value))
    assert all(repr(one.name) in str(error.value) for one in PAIR)
    assert str(value) in str(error.value)


def test_a_pair_may_differ_in_its_configs():
    check_alike(changed(PAIR, 'config', 'hash', 'e' * 64))


def test_a_variant_with_cr_is_compared_with_the_plain_run():
    specs = [spec(), spec(cr=True, variant='tau=10')]
    with pytest.raises(ValueError, match='tau=10'):
        check_alike(changed(specs, 'protocol', 'epochs', 20))


def test_runs_of_other_cells_and_unfinished_ones_may_differ_in_all():
    specs = [spec(), spec(method='Focal'), spec(imbalance_factor=10)]
    check_alike(changed(specs, 'protocol', 'epochs', 20))
    states = {SEEDS[1].name: ('failed', 'broke')}
    check_alike(run_table(example_collection(SEEDS, states)['runs']))


# Means and differences

# Of options that were there in 0.1: nothing can train these settings now.
REMOVED = {
    'reduction=geometric', 'reduction=median', 'gradient=heights',
    'refresh=class, start=16'
}


def test_kept_runs_are_those_of_their_matrix_and_of_removed_options():
    for path in KEPT:
        collection = read_collection(str(path))
        runs = read_matrix(collection['matrix']['file']).runs
        assert not REMOVED & {run.variant for run in runs}
        assert [(run['name'], run['config'], tuple(run['with_files']),
                 run['cr_switch'], run['options'])
                for run in collection['runs'] if run['variant'] not in REMOVED
                ] == [(run.name, run.config, run.with_files, run.cr_switch,
                       run.options) for run in runs], path


@pytest.mark.parametrize('path', KEPT, ids=[path.stem for path in KEPT])
def test_every_number_of_the_kept_records_is_that_of_a_slow_loop(path):
    """Mean, interval, n, difference, p, corrected p and signs, to 1e-12."""
    collection = read_collection(str(path))
    summary = summarize(collection)
    found = collections.defaultdict(dict)  # cell and metric: seed to value
    for run in collection['runs']:
        if run['state'] != 'done':
            continue
        record = run['record']
        main = record['results'][record['protocol']['main']]['metrics']
        values = {key: main[key] for key in ACCURACIES}
        geometry = record['geometry'] or {}  # None: not measured
        values.update({key: geometry.get(key) for key in GEOMETRY})
        values.update({key: record['cost'][key] for key in COST})
        for key, value in values.items():
            if value is not None:
                cell = (run['method'], run['cr'], run['dataset'],
                        run['imbalance_factor'], run['model'], run['variant'])
                found[(*cell, key)][run['seed']] = value
    assert {key for *_, key in found} <= set(NUMBERS)
    main = summary.means[summary.means.evaluation == 'main']
    assert len(main) >= len(found) > 0
    for row in main.itertuples():
        own = found.get((*cell_of(row), row.metric), {})
        assert row.n == len(own) and dict(zip(row.seeds, row.values)) == own
        assert [row.mean, row.low, row.high] == pytest.approx(
            slow.mean_interval(list(own.values())), rel=1e-12, nan_ok=True)
    for metric, rows in summary.differences.groupby('metric'):
        tested = []
        for row in rows.itertuples():
            cell = cell_of(row)
            after = found.get((*cell, metric), {})
            plain = (cell[0], False, *cell[2:5], '')
            before = found.get((*plain, metric), {})
            seeds = [seed for seed in after if seed in before]
            both = [[each[seed] for seed in seeds] for each in (before, after)]
            changes = [b - a for a, b in zip(*both)]
            assert row.seeds == tuple(seeds)
            assert [row.difference, row.low, row.high] == pytest.approx(
                slow.mean_interval(changes), rel=1e-12, abs=1e-13, nan_ok=True)
            assert (row.positive,
                    row.negative) == (sum(c > 1e-13 for c in changes),
                                      sum(c < -1e-13 for c in changes))
            assert row.positive + row.negative + row.zero == len(seeds)
            if not math.isnan(row.p):
                assert row.p == pytest.approx(slow.paired_p(*both), rel=1e-9)
                tested.append((row.p, row.p_holm))
        if tested:
            p, corrected = zip(*tested)
            assert list(corrected) == pytest.approx(slow.holm(p), rel=1e-12)


def cell_of(row):
    factor = row.imbalance_factor
    return (row.method, getattr(row, 'cr', True), row.dataset,
            None if factor is None or math.isnan(factor) else factor,
            row.model, row.variant)


def test_cells_are_those_of_the_matrix_in_its_order():
    summary = summarize(example_collection(epochs=3))
    cells = summary.means[CELL + ['imbalance_factor']].drop_duplicates()
    assert list(zip(cells.method, cells.imbalance_factor,
                    cells.cr)) == [(method, factor, cr)
                                   for method in ('CE', 'Focal', 'BBN')
                                   for factor in (100, 10)
                                   for cr in (False, True)]


def test_numbers_are_those_of_the_main_evaluation_beside_the_best():
    collection = example_collection([spec()])
    record = collection['runs'][0]['record']
    last, best = (
        record['results'][name]['metrics']['overall']
        for name in ('last', 'best'))
    run, = run_table(collection['runs']).itertuples()
    assert (run.overall, run.best_overall) == (last, best)
    record['protocol']['main'] = 'best'
    assert run_table(collection['runs']).overall[0] == best


def test_what_a_record_does_not_know_is_nan_beside_a_count():
    collection = example_collection([spec()])
    collection['runs'][0]['record'].update(results=None, geometry=None)
    means = summarize(collection).means.set_index(['evaluation', 'metric'])
    for metric in ('overall', 'correlation'):
        row = means.loc['main', metric]
        assert math.isnan(row['mean']) and row['n'] == 0
        assert row['planned'] == 1 and row['state'] == 'done'
    assert means.loc['main', 'seconds']['mean'] == 2000


def test_pairs_take_the_seeds_that_both_have():
    names = [one.name for one in (spec(seed=0), spec(cr=True, seed=2))]
    collection = example_collection(
        None, {name: ('missing', None)
               for name in names}, epochs=3)
    row = next(summarize(collection).differences.itertuples())
    assert row.seeds == (1, ) and row.n == 1


def test_there_are_no_pairs_without_a_run_without_cr():
    summary = summarize(example_collection([spec(cr=True)], epochs=3))
    assert summary.differences.empty


def test_variants_with_cr_are_compared_with_the_plain_run():
    specs = [
        spec(seed=seed, cr=cr, variant=variant, tau=tau)
        for cr, variant, tau in ((False, '', None), (True, 'tau=10', 10),
                                 (True, 'tau=50', 50)) for seed in (0, 1)
    ]
    rows = summarize(example_collection(specs, epochs=3)).differences
    rows = rows[rows.metric == 'overall']
    assert list(zip(rows.variant, rows.tau)) == [('tau=10', 10),
                                                 ('tau=50', 50)]
    assert list(rows.n) == [2, 2]


# Formulas


def test_interval_of_three_values_is_the_one_worked_out_by_hand():
    # s = 1, t(0.975; 2) = 4.30265, so half = 4.30265 / sqrt(3).
    mean, low, high = mean_interval([1, 2, 3])
    assert mean == 2 and high - 2 == pytest.approx(2.484138, abs=1e-6)
    assert 2 - low == pytest.approx(2.484138, abs=1e-6)


def test_interval_of_two_values_reaches_t_times_half_their_distance():
    # s / sqrt(2) is half the distance, t(0.975; 1) = tan(0.475 pi).
    assert mean_interval([70., 71.])[2] - 70.5 == pytest.approx(
        0.5 * math.tan(0.475 * math.pi), rel=1e-9)


def test_one_value_has_no_interval_and_equal_ones_one_of_no_length():
    assert mean_interval([70.])[0] == 70
    assert np.isnan(mean_interval([70.])[1:]).all()
    assert np.isnan(mean_interval([])).all()
    assert mean_interval([5., 5., 5.]) == (5, 5, 5)


def test_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(1)
    found = [mean_interval(rng.normal(size=3)) for _ in range(2000)]
    held = np.mean([low <= 0 <= high for _, low, high in found])
    assert held == pytest.approx(0.95, abs=0.015)


def test_differences_of_three_seeds_are_those_worked_out_by_hand():
    found = paired([60, 61, 62], [61, 63, 65])  # 1, 2, 3
    assert found['difference'] == 2 and found['n'] == 3
    assert found['high'] - 2 == pytest.approx(2.484138, abs=1e-6)
    # t = 2 sqrt(3); for two degrees of freedom p = 1 - t / sqrt(2 + t^2).
    assert found['p'] == pytest.approx(1 - math.sqrt(12) / math.sqrt(14))
    assert found['p'] == pytest.approx(
        stats.ttest_rel([61, 63, 65], [60, 61, 62]).pvalue)
    assert (found['positive'], found['negative'], found['zero']) == (3, 0, 0)


def test_what_a_seed_does_to_both_runs_cancels():
    luck = np.array([0., 10., -30.])
    assert paired(luck + 60, luck + [61, 62, 63]) == pytest.approx(
        paired([60] * 3, [61, 62, 63]), nan_ok=True)


def test_equal_differences_have_no_p_and_an_interval_of_no_length():
    found = paired([70.1, 71.2, 69.3], [72.1, 73.2, 71.3])
    assert found['difference'] == pytest.approx(2)
    assert found['low'] == found['high'] == found['difference']
    assert math.isnan(found['p']) and found['positive'] == 3


def test_rounding_is_no_sign():
    found = paired([0.1 + 0.2, 1, 1, 1], [0.3, 2, 0, 3])
    assert (found['positive'], found['negative'], found['zero']) == (2, 1, 1)


def test_no_pair_is_nan_beside_zeros():
    found = paired([], [])
    assert np.isnan([found[key] for key in ('difference', 'low', 'p')]).all()
    assert found['n'] == found['zero'] == 0


def test_holm_is_the_example_worked_out_by_hand():
    # 4 * 0.005, 3 * 0.01, 2 * 0.03, and 0.04 raised to the one before it.
    assert list(holm(pd.Series([0.01, 0.04, 0.03, 0.005
                                ]))) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_does_not_count_tests_that_could_not_be_made():
    found = holm(pd.Series([0.02, nan, 0.01]))
    assert list(found) == pytest.approx([0.02, nan, 0.02], nan_ok=True)
    assert list(holm(pd.Series([0.9, 0.8]))) == [1, 1]


def test_holm_is_the_step_down_procedure():
    for seed in range(20):
        p = np.random.default_rng(seed).uniform(0, 0.3, 9)
        assert list(holm(pd.Series(p))) == pytest.approx(slow.holm(p.tolist()))


def row(difference=2., low=1., high=3., p_holm=0.01, metric='overall'):
    return pd.Series(
        dict(
            difference=difference,
            low=low,
            high=high,
            p_holm=p_holm,
            metric=metric))


@pytest.mark.parametrize('metric, above, below',
                         [('overall', 'clearly better', 'clearly worse'),
                          ('variance', 'clearly worse', 'clearly better'),
                          ('correlation', 'clearly higher', 'clearly lower')])
def test_clear_differences_go_by_what_is_better(metric, above, below):
    assert outcome(row(metric=metric)) == above
    assert outcome(row(-2., -3., -1., metric=metric)) == below


@pytest.mark.parametrize('entry, said', [
    (row(p_holm=0.05), 'clearly better'),
    (row(p_holm=0.051), 'only before correction'),
    (row(p_holm=nan), 'no test'),
    (row(5., -0.1, 10.1), 'not clear'),
    (row(1., 0., 2.), 'not clear'),
    (row(2., nan, nan, nan), 'no test'),
    (row(nan, nan, nan, nan), 'not known'),
    (None, 'not known'),
])
def test_sign_alone_is_no_outcome(entry, said):
    assert outcome(entry) == said


# Warnings


def warnings_of(collection):
    return find_warnings(run_table(collection['runs']))


def three_seeds(section=None, count=1, **changes):
    collection = example_collection([spec(seed=seed) for seed in range(3)],
                                    epochs=3)
    for run in collection['runs'][:count]:
        if section:
            run['record'][section] = dict(run['record'][section], **changes)
    return collection


def test_runs_of_one_origin_need_no_warning():
    assert warnings_of(three_seeds()) == []


@pytest.mark.parametrize('section, count, changes, words, names', [
    ('code', 1, dict(commit='b' * 40), 'with 2 states of the code: mmcurv '
     f'0.1.0, commit {"b" * 40} (1 run) and', 0),
    ('code', 2, dict(clean=False), 'uncommitted changes in the code of 2 runs',
     2),
    ('code', 3, dict(commit=None), 'is not known of 3 runs', 3),
    ('packages', 1, dict(torch='2.5.0'),
     '2 versions of torch: 2.5.0 (1 run) and 2.6.0 (2 runs)', 0),
    ('packages', 1, dict(mmcv='2.1.0'), 'not installed (2 runs)', 0),
    ('machine', 2, dict(threads=8), 'their times do not compare: A processor, '
     '2 cores, 8 threads', 0),
])
def test_what_differs_among_runs_is_told(section, count, changes, words,
                                         names):
    found = warnings_of(three_seeds(section, count, **changes))
    found = [one for one in found if words in one['message']]
    assert len(found) == 1 and len(found[0]['runs']) == names
    assert not found[0]['loud']


def test_failed_runs_are_named():
    warning, = warnings_of(mixed_example()[0])
    assert warning['message'].startswith('6 runs failed.')
    assert len(warning['runs']) == 6 and MARKUP in warning['runs'][0]
    assert FAILURE not in warning['message']


def test_a_record_that_does_not_count_is_told_with_its_reason():
    specs = [spec(seed=seed) for seed in range(4)]
    found = warnings_of(
        example_collection(specs, {specs[1].name: ('unreadable', 'no JSON')}))
    assert [one['message'] for one in found
            ] == [f'{specs[1].name} does not count (unreadable): no JSON']


def two_methods(**protocol):
    specs = [
        spec(method=method, seed=seed) for method in ('CE', 'Focal')
        for seed in range(3)
    ]
    collection = example_collection(specs)
    for run in collection['runs'][3:]:
        run['record']['protocol'].update(protocol)
    return collection


def test_methods_of_other_images_or_protocols_are_a_loud_warning():
    collection = two_methods()
    collection['runs'][5]['record']['split']['fingerprint'] = 'f' * 64
    warning, = warnings_of(collection)
    assert warning['loud']
    assert 'CIFAR-10-LT, imbalance 100 trained on 2' in warning['message']
    warning, = warnings_of(two_methods(selection_split='validation'))
    assert warning['loud'] and 'test and validation' in warning['message']
    warning, = warnings_of(two_methods(epochs=100))
    assert not warning['loud'] and '200 and 100' in warning['message']


def test_seeds_that_have_ended_are_counted_cell_by_cell():
    specs = [
        spec(method=method, seed=seed) for method in ('CE', 'Focal')
        for seed in range(3)
    ]
    assert warnings_of(example_collection(specs)) == []
    waiting = {specs[4].name: ('waiting', None)}
    warning, = warnings_of(example_collection(specs, waiting))
    assert warning['message'].startswith(
        'Fewer than 3 seeds have ended in 1 of 2 cells: too few')
    none = {one.name: ('missing', None) for one in specs}
    assert warnings_of(example_collection(specs, none)) == []


def test_unlike_runs_are_not_summarized_and_likeness_is_asked_once(
        monkeypatch):
    from mmcurv.benchmark import collect as module
    collection = example_collection(small_specs(), epochs=3)
    calls = []
    monkeypatch.setattr(module, 'check_alike', calls.append)
    summarize(collection)
    assert len(calls) == 1
    monkeypatch.undo()
    unlike = copy.deepcopy(collection)
    unlike['runs'][0]['record']['protocol']['main'] = 'best'
    with pytest.raises(ValueError, match='cannot be averaged'):
        summarize(unlike)
