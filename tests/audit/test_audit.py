# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats

from mmcurv.audit import geometry as measure_classes
from mmcurv.audit.audit_record import audit_banks, audit_layers
from mmcurv.audit.feature_bank import load_bank, save_bank
from mmcurv.audit.options import AuditOptions
from mmcurv.audit.records import class_table
from mmcurv.files import write_csv, write_json
from mmcurv.geometry import (class_curvature, class_volume,
                             intrinsic_dimension, mean_radius,
                             separation_degree)
from tests.audit.sphere_bank import SCRIPT, sphere_bank


def column(record, key):
    return np.array([row[key] for row in record['classes']], float)


def kinds(record):
    return {warning['kind']: warning for warning in record['warnings']}


def without_time(record):
    record = json.loads(json.dumps(record))
    del record['provenance']['created']
    return json.dumps(record)  # nan is not equal to itself


ALL = AuditOptions(class_size='all')


@pytest.fixture(scope='module')
def record():
    return audit_banks(sphere_bank(), options=ALL)


def test_geometry_is_that_of_the_public_functions(record):
    bank = sphere_bank()
    features = torch.from_numpy(bank.features)
    labels = torch.from_numpy(bank.labels)
    curvature = class_curvature(features, labels, 6)
    for key, expected in dict(
            curvature=curvature.value,
            log_curvature=curvature.log_value,
            num_points=curvature.count,
            points_used=curvature.points_used,
            volume=class_volume(features, labels, 6),
            separation=separation_degree(features, labels, 6),
            radius=[mean_radius(features[labels == c]) for c in range(6)],
            intrinsic_dimension=[
                intrinsic_dimension(features[labels == c]) for c in range(6)
            ]).items():
        np.testing.assert_allclose(
            column(record, key), expected, rtol=1e-5, err_msg=key)


@pytest.mark.parametrize('options', [
    dict(k=20, tangent_dim=3, normal='next', fit='symmetric'),
    dict(reduction='median', fit='paper'),
    dict(reduction='geometric', center_separation=True),
])
def test_options_reach_the_geometry_and_the_record(options):
    bank = sphere_bank()
    record = audit_banks(
        bank, options=AuditOptions(class_size='all', **options))
    stored = record['provenance']['options']
    assert {key: stored[key] for key in options} == options
    center = options.pop('center_separation', False)
    features = torch.from_numpy(bank.features)
    labels = torch.from_numpy(bank.labels)
    np.testing.assert_allclose(
        column(record, 'curvature'),
        class_curvature(features, labels, 6, **options).value,
        rtol=1e-4)
    np.testing.assert_allclose(
        column(record, 'separation'),
        separation_degree(features, labels, 6, center),
        rtol=1e-5)


def test_spheres_have_the_curvature_of_their_radius():
    record = audit_banks(
        sphere_bank((1500, 1500)), options=AuditOptions(fit='symmetric'))
    np.testing.assert_allclose(
        column(record, 'curvature'), [1, 1.5**-2], rtol=0.1)
    np.testing.assert_allclose(column(record, 'radius'), [1, 1.5], rtol=0.01)
    np.testing.assert_allclose(
        column(record, 'intrinsic_dimension'), 2, atol=0.3)


def test_correlation_is_that_of_the_columns(record):
    which = column(record, 'comparable') > 0
    assert which.tolist() == [True] * 5 + [False]  # of 40 points, k is 40
    accuracy = column(record, 'accuracy')[which]
    for measure in ('curvature', 'volume', 'separation', 'radius',
                    'intrinsic_dimension', 'train_count'):
        assert record['correlation'][measure]['pearson'] == pytest.approx(
            stats.pearsonr(column(record, measure)[which], accuracy).statistic)
    assert record['correlation']['curvature']['pearson'] > 0.5


def test_rows_name_rank_group_confusion_and_neighbour(record):
    rows = record['classes']
    assert [row['curvature_rank'] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row['group'] for row in rows
            ] == ['head', 'head', 'head', 'middle', 'middle', 'tail']
    assert rows[0]['top_confusion'] is None
    assert rows[2]['top_confusion'] == {
        'class': 1,
        'name': SCRIPT,
        'count': 14,
        'share': 0.2
    }
    assert rows[3]['nearest_manifold']['class'] != 3
    assert rows[5]['test_count'] == 40 and rows[5]['correct'] == 20
    top = record['confusions'][0]
    assert top['count'] == max(pair['count'] for pair in record['confusions'])
    assert math.isfinite(top['separation'])


def test_record_is_plain_json_with_raw_names(record, tmp_path):
    write_json(str(tmp_path / 'audit.json'), record)
    read = json.loads((tmp_path / 'audit.json').read_text())
    assert read['schema'] == 'mmcurv.audit' and read['schema_version'] == 2
    assert read['classes'][1]['name'] == SCRIPT
    assert isinstance(read['correlation']['curvature']['pearson'], float)
    write_csv(str(tmp_path / 'classes.csv'), class_table(record))
    assert len((tmp_path / 'classes.csv').read_text().splitlines()) == 7


def test_what_the_input_does_not_hold_is_null_not_zero():
    bank = sphere_bank(
        predictions=None, confidence=None, paths=None, train_counts=None)
    record = audit_banks(bank)
    assert record['calibration'] is None
    assert record['hardest_images'] == record['confusions'] == []
    assert record['correlation'] == {} and record['failing'] == []
    assert record['verdict']['answer'] == 'no_accuracy'
    assert record['classes'][0]['failing'] is None
    assert math.isnan(record['summary']['overall']['value'])
    assert record['provenance']['accuracy_fingerprint'] is None
    assert 'no_accuracy' in kinds(record)
    assert record['classes'][0]['test_count'] is None


def test_geometry_and_accuracy_can_be_of_two_splits():
    train, test = sphere_bank(), sphere_bank((30, ) * 6, seed=1)
    test.metadata = dict(split='test', fingerprint='f' * 64)
    record = audit_banks(train, test)
    assert record['provenance']['geometry_split'] == 'train'
    assert record['provenance']['accuracy_split'] == 'test'
    assert record['provenance']['accuracy_fingerprint'] == 'f' * 64
    assert [row['test_count'] for row in record['classes']] == [30] * 6
    np.testing.assert_array_equal(
        column(record, 'curvature'), column(audit_banks(train), 'curvature'))


def test_features_on_disk_give_the_record_of_features_in_memory(
        tmp_path, record):
    save_bank(sphere_bank(), str(tmp_path))
    loaded = audit_banks(load_bank(str(tmp_path)), options=ALL)
    assert without_time(loaded) == without_time(record)


def test_little_memory_gives_the_same_geometry_and_says_so(record):
    tight = audit_banks(sphere_bank(), options=replace(ALL, max_memory=1000))
    assert 'memory' in kinds(tight)
    np.testing.assert_allclose(
        column(tight, 'curvature'), column(record, 'curvature'), rtol=1e-6)


def test_interrupted_audit_goes_on_where_it_was(tmp_path, monkeypatch, record):
    cache, measured = str(tmp_path / 'cache'), []
    measure = measure_classes.measure_clouds

    def count(clouds, *args):
        measured.extend(map(len, clouds))
        return measure(clouds, *args)

    def interrupt(stage, done, total):
        if done == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(measure_classes, 'measure_clouds', count)
    monkeypatch.setattr(measure_classes, 'TOGETHER', 1)
    with pytest.raises(KeyboardInterrupt):
        audit_banks(sphere_bank(), None, ALL, interrupt, cache)
    assert measured == [120, 90, 70, 60]
    resumed = audit_banks(sphere_bank(), options=ALL, cache_file=cache)
    assert measured == [120, 90, 70, 60, 50, 40]
    assert without_time(resumed) == without_time(record)


@pytest.mark.parametrize('change', ['features', 'labels', 'options'])
def test_results_of_other_features_or_options_are_not_reused(tmp_path, change):
    cache, bank, options = str(tmp_path / 'cache'), sphere_bank(), {}
    audit_banks(bank, cache_file=cache)
    if change == 'features':
        bank.features[0, 0] += 1
    elif change == 'labels':
        bank.labels[0] = (bank.labels[0] + 1) % 6
    else:
        options = dict(k=30)
    options = AuditOptions(**options)
    assert without_time(audit_banks(bank, options=options,
                                    cache_file=cache)) == without_time(
                                        audit_banks(bank, options=options))


def test_progress_tells_each_class(record):
    told = []
    audit_banks(sphere_bank(), progress=lambda *step: told.append(step))
    assert ('Curvature, volume, dimension', 6, 6) in told
    assert all(done <= total for _, done, total in told)


def spoiled():
    bank = sphere_bank()
    rows = np.flatnonzero(bank.labels == 2)[:3]
    bank.features[rows] = np.nan
    return bank, rows


def test_nan_features_are_refused_with_a_count():
    with pytest.raises(
            ValueError, match='3 of 430 .* class 2 .3..*--drop-nan'):
        audit_banks(spoiled()[0])


def test_dropped_samples_leave_the_geometry_but_not_the_accuracy(record):
    bank, rows = spoiled()
    dropped = audit_banks(bank, options=replace(ALL, drop_nan=True))
    keep = np.setdiff1d(np.arange(430), rows)
    clean = audit_banks(
        replace(
            bank,
            features=bank.features[keep],
            labels=bank.labels[keep],
            predictions=None,
            confidence=None,
            paths=None),
        options=ALL)
    for key in ('curvature', 'volume', 'separation', 'num_points'):
        np.testing.assert_array_equal(column(dropped, key), column(clean, key))
    assert dropped['summary'] == record['summary']
    warning = kinds(dropped)['dropped']
    assert warning['classes'] == [2] and '3 of 430' in warning['message']


def test_features_that_are_all_nan_are_refused_even_when_dropping():
    bank = sphere_bank()
    bank.features[:] = np.nan
    with pytest.raises(ValueError, match='nothing is left'):
        audit_banks(bank, options=AuditOptions(drop_nan=True))


def test_single_class_is_refused_with_advice():
    with pytest.raises(ValueError, match=r"only 'class 0' \(50 samples\)"):
        audit_banks(
            sphere_bank((50, ),
                        labels=np.zeros(50, int),
                        class_names=['class 0', 'b'],
                        train_counts=None))


def test_splits_of_different_classes_are_refused():
    other = sphere_bank(class_names=list('abcdef'))
    with pytest.raises(ValueError, match=r'same classes.*a, b, c, \.\.\.'):
        audit_banks(sphere_bank(), other)


def test_empty_sets_are_refused():
    empty = dict(
        features=np.zeros((0, 5), np.float32),
        labels=np.zeros(0, int),
        predictions=np.zeros(0, int),
        confidence=np.zeros(0),
        paths=[])
    with pytest.raises(ValueError, match='empty set of features'):
        audit_banks(sphere_bank(**empty))
    with pytest.raises(ValueError, match='empty test set'):
        audit_banks(sphere_bank(), sphere_bank(**empty))


def test_classes_of_one_sample_and_of_none_are_nan_counted_and_named():
    bank = sphere_bank((120, 90, 70, 60, 1, 2))
    bank.class_names.append('absent')
    bank.train_counts = np.append(bank.train_counts, 0)
    record = audit_banks(bank)
    warnings = kinds(record)
    assert warnings['tiny_class']['classes'] == [4, 5]
    assert warnings['absent_class']['classes'] == [6]
    assert warnings['no_test_sample']['classes'] == [6]
    assert warnings['few_tests']['classes'] == [4, 5]
    assert record['comparable']['count'] == 4
    assert 'class 4, class 5' in warnings['tiny_class']['message']
    assert np.isnan(column(record, 'curvature')[4:]).all()
    assert [row['curvature_rank']
            for row in record['classes'][4:]] == [None] * 3
    assert column(record, 'num_points')[4:].tolist() == [1, 2, 0]
    assert record['correlation']['curvature']['entered'] == 4
    assert record['summary']['class_mean']['entered'] == 6


def test_class_with_fewer_samples_than_neighbours_is_named():
    warnings = kinds(audit_banks(sphere_bank((120, 90, 70, 60, 50, 20))))
    assert warnings['few_neighbors']['classes'] == [5]


def test_degenerate_neighbourhoods_are_named():
    bank = sphere_bank()
    members = np.flatnonzero(bank.labels == 3)
    bank.features[members[10:]] = bank.features[members[10]]
    record = audit_banks(bank)
    assert kinds(record)['degenerate']['classes'] == [3]
    row = record['classes'][3]
    assert row['points_used'] < row['num_points'] == 60


def test_ill_conditioned_fits_are_named():
    bank = sphere_bank()
    members = bank.labels == 3
    line = np.linspace(0, 1, members.sum())
    bank.features[members] = 0
    bank.features[members, 0] = line
    bank.features[members, 1] = 3e-3 * np.cos(90 * line)
    bank.features[members, 2] = 2e-3 * np.sin(70 * line)
    assert kinds(audit_banks(bank))['ill_conditioned']['classes'] == [3]


def test_flat_class_is_left_out_of_the_log_and_named():
    bank = sphere_bank()
    bank.features[bank.labels == 3, 2:] = 0
    record = audit_banks(bank)
    assert record['classes'][3]['curvature'] == 0
    assert kinds(record)['infinite']['classes'] == [3]
    assert record['correlation']['log_curvature']['entered'] == 4
    assert record['correlation']['curvature']['entered'] == 5


def test_unit_scaling_measures_the_features_on_the_unit_sphere():
    bank = sphere_bank()
    unit = bank.features / np.linalg.norm(bank.features, axis=1)[:, None]
    record = audit_banks(bank, options=AuditOptions(scaling='unit'))
    direct = audit_banks(replace(bank, features=unit.astype(np.float32)))
    np.testing.assert_allclose(
        column(record, 'volume'), column(direct, 'volume'), rtol=1e-4)


def test_layers_are_kept_beside_the_record_of_the_main_one(tmp_path):
    other = sphere_bank(p=8, seed=3)
    record = audit_layers(
        dict(early=other, last=sphere_bank()),
        'last',
        cache_file=str(tmp_path / 'cache'))
    assert list(record['layers']) == ['early', 'last']
    early = record['layers']['early']
    assert early['feature_dim'] == 8
    direct = audit_banks(other)
    assert json.dumps(early['correlation']) == json.dumps(
        direct['correlation'])
    assert [row['curvature']
            for row in early['classes']] == column(direct,
                                                   'curvature').tolist()
    assert without_time(dict(record, layers={})) == without_time(
        audit_banks(sphere_bank()))


@pytest.mark.parametrize('options, message', [
    (dict(normal='largest'), 'normal must be one of'),
    (dict(k=3, tangent_dim=4), 'Raise k or lower'),
    (dict(reduction='max'), 'reduction must be one of'),
    (dict(scaling='l2'), "scaling must be one of .*got 'l2'"),
    (dict(max_memory=0), 'max_memory must be positive'),
    (dict(class_size=1), 'class_size must be one of'),
    (dict(seed=-1), 'seed must be >= 0'),
])
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        AuditOptions(**options)
