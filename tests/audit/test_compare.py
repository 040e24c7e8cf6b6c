# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy
import json
import math

import numpy as np
import pytest
from scipy import stats

from mmcurv.audit import audit
from mmcurv.audit.compare import compare
from mmcurv.audit.gates import failed, parse_gates
from mmcurv.fairness import (accuracy_variance, gini, max_min_bias,
                             worst_fraction)
from . import example_audit as examples
from .example_audit import bare_audit

FEW = dict(permutations=200)


def example_audit(*args, **kwargs):
    """One whose images are those of a data set."""
    found = examples.example_audit(*args, **kwargs)
    found['provenance']['accuracy_fingerprint_of'] = 'data set'
    return found


def changed(audit, **correct):
    """The audit with other numbers of correct images, by class name."""
    audit = copy.deepcopy(audit)
    for row in audit['classes']:
        if row['name'] in correct:
            row['correct'] = correct[row['name']]
            row['accuracy'] = row['correct'] / row['test_count']
    return audit


def tiny(**more):
    """Four classes of 100 test images; 90, 60, 50 and 20 are correct."""
    names = ['a', 'b', 'c', 'd']
    audit = example_audit(4, names=names)
    correct = dict(dict(a=90, b=60, c=50, d=20), **more)
    return changed(audit, **correct)


def row_of(comparison, name):
    row, = [row for row in comparison['classes'] if row['name'] == name]
    return row


def test_changes_are_b_minus_a_by_hand():
    found = compare(tiny(), tiny(a=80, d=60), **FEW)
    assert [row['change']
            for row in found['classes']] == pytest.approx([-0.1, 0, 0, 0.4])
    summary = found['summary']
    assert summary['class_mean']['a'] == pytest.approx(0.55)
    assert summary['class_mean']['b'] == pytest.approx(0.625)
    assert summary['class_mean']['value'] == pytest.approx(0.075)
    assert summary['overall']['value'] == pytest.approx(0.075)
    assert summary['worst_class']['value'] == pytest.approx(0.3)
    assert summary['worst_10pct']['b'] == pytest.approx(0.5)
    assert summary['variance']['a'] == pytest.approx(0.0625)
    assert summary['class_mean']['entered'] == 4


def test_overall_weighs_classes_by_their_images():
    a, b = tiny(), tiny(a=100)
    for one in (a, b):
        one['classes'][0].update(test_count=400)
    found = compare(a, b, **FEW)['summary']
    assert found['overall']['value'] == pytest.approx(10 / 700)
    assert found['class_mean']['value'] == pytest.approx(0.1 / 4)


def test_summary_agrees_with_the_fairness_of_each_audit():
    rng = np.random.default_rng(0)
    a = example_audit(30)
    b = changed(a,
                **{f'class {c}': int(rng.integers(5, 95))
                   for c in range(30)})
    found = compare(a, b, **FEW)['summary']
    for side, one in (('a', a), ('b', b)):
        accuracy = [row['accuracy'] for row in one['classes']]
        for name, value in (('variance', accuracy_variance(accuracy).value),
                            ('gini', gini(accuracy).value),
                            ('bias', max_min_bias(accuracy).value),
                            ('worst_10pct',
                             worst_fraction(accuracy).accuracy)):
            assert found[name][side] == pytest.approx(value), name


def test_groups_hold_their_classes_only():
    a = tiny()
    members = {
        name: [r['name'] for r in a['classes'] if r['group'] == name]
        for name in ('head', 'middle', 'tail')
    }
    assert 'd' in members['tail'] and 'a' in members['head']
    found = compare(a, tiny(d=60), **FEW)['summary']
    size = len(members['tail'])
    assert found['tail']['value'] == pytest.approx(0.4 / size)
    assert found['tail']['entered'] == size
    assert found['head']['value'] == 0


def test_gained_and_paid_are_tested_with_few_false_discoveries():
    found = compare(tiny(), tiny(a=70, b=62, d=60), same_images=False, **FEW)
    assert found['gained'] == ['d'] and found['paid'] == ['a']
    p = [
        stats.fisher_exact([[90, 10], [70, 30]]).pvalue,
        stats.fisher_exact([[60, 40], [62, 38]]).pvalue, 1,
        stats.fisher_exact([[20, 80], [60, 40]]).pvalue
    ]
    rows = found['classes']
    # Two-sided in another way: the order and the size of p are the same.
    assert [row['p_value'] for row in rows] == pytest.approx(p, rel=0.2)
    assert [row['q_value'] for row in rows] == pytest.approx(
        stats.false_discovery_control([row['p_value'] for row in rows]))
    unclear = row_of(found, 'b')
    assert unclear['outcome'] == 'unclear'
    assert unclear['low'] < 0 < unclear['high']
    assert not found['paired'] and 'independent' in found['unpaired_why']


def test_pairs_of_images_tell_what_unpaired_ones_cannot():
    """Nine points of 10,000 images, from classes that differ widely."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(100), 100)
    right = rng.random(10000) < rng.beta(2, 1, 100)[labels]
    better = right | (rng.random(10000) < 0.27)
    ids = rng.permutation(10000)
    a, b = (
        audit(labels, np.where(r, labels, (labels + 1) % 100), sample_ids=ids)
        for r in (right, better))
    order = rng.permutation(10000)  # as another program lists them
    shuffled = audit(
        labels[order],
        np.where(better, labels, (labels + 1) % 100)[order],
        sample_ids=ids[order])
    found = a.compare(shuffled).record
    assert found['paired'] and found['same_test_set'] is True
    assert found['images'] == 10000 and found['unpaired_why'] is None
    assert json.dumps(found['summary']) == json.dumps(
        a.compare(b).record['summary'])
    change = found['summary']['class_mean']
    assert change['interval'] == 'paired images'
    assert change['high'] - change['low'] < 0.015
    loose = a.compare(b, same_images=False).record['summary']['class_mean']
    assert loose['interval'] == 'independent images'
    assert loose['high'] - loose['low'] > 1.4 * (
        change['high'] - change['low'])
    row = max(found['classes'], key=lambda row: row['only_b_right'])
    own = labels == row['class_a']
    assert row['only_a_right'] == 0
    assert row['only_b_right'] == (better & ~right)[own].sum()
    assert row['p_value'] == pytest.approx(
        stats.binomtest(0, int(row['only_b_right'])).pvalue)


def test_images_that_nothing_tells_apart_are_not_paired_unless_one_says_so():
    labels = np.tile([0, 1, 2], 40)
    a = audit(labels, np.roll(labels, 1))
    b = audit(labels, labels)
    found = a.compare(b).record
    assert found['same_test_set'] is None and not found['paired']
    assert 'same_images=True' in found['unpaired_why']
    assert a.compare(b, same_images=True).record['paired']
    with pytest.raises(ValueError, match='A lists 120 images and B 60'):
        a.compare(audit(labels[:60], labels[:60]), same_images=True)


def test_disjoint_sets_of_equal_labels_are_not_one_test_set():
    labels = np.tile([0, 1, 2], 40)
    a, b = (
        audit(labels, labels, sample_ids=np.arange(120) + start)
        for start in (0, 120))
    found = a.compare(b).record
    assert found['same_test_set'] is False and not found['paired']
    assert found['unpaired_why'] == 'They were tested on different images.'


def test_features_of_another_model_do_not_make_another_test_set():
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1, 2], 40)
    features = rng.normal(size=(3, 120, 4))
    a, b = (audit(labels, labels, features=one) for one in features[:2])
    assert a.compare(b).record['same_test_set'] is None
    assert a.compare(a).record['same_test_set'] is True


def test_largest_change_is_named_first():
    found = compare(tiny(), tiny(b=85, d=90), **FEW)
    assert found['gained'] == ['d', 'b']


def test_numbers_without_a_known_interval_have_none():
    found = compare(tiny(), tiny(d=60), same_images=False, **FEW)['summary']
    for name in ('worst_class', 'bias', 'gini', 'variance', 'worst_10pct'):
        assert math.isnan(found[name]['low']), name
        assert found[name]['interval'] is None
    assert found['class_mean']['low'] < found['class_mean']['high']


def test_audit_compared_with_itself_moved_nothing():
    audit = example_audit(20)
    found = compare(audit, audit, **FEW)
    assert found['gained'] == found['paid'] == []
    assert found['warnings'] == []
    for entry in found['summary'].values():
        assert entry['value'] == 0
    moved = found['geometry']['log_curvature']
    assert (moved['value'], moved['low'], moved['high']) == (0, 0, 0)
    assert moved['wilcoxon_p'] == 1 and moved['order'] == pytest.approx(1)
    assert math.isnan(moved['pearson'])


def test_geometry_that_moved_is_found_with_its_test():
    rng = np.random.default_rng(0)
    a = example_audit(30)
    b = copy.deepcopy(a)
    gain = rng.normal(0, 0.05, 30)
    for row, extra in zip(b['classes'], gain):
        row['accuracy'] += extra
        if row['log_curvature'] is not None:
            row['log_curvature'] -= 0.5 + 2 * extra
    found = compare(a, b, **FEW)['geometry']['log_curvature']
    change = -0.5 - 2 * gain[:-1]  # the last class has no curvature
    assert found['entered'] == 29
    assert found['value'] == pytest.approx(change.mean())
    assert found['high'] < 0
    assert found['wilcoxon_p'] == pytest.approx(stats.wilcoxon(change).pvalue)
    assert found['pearson'] == pytest.approx(-1)
    assert found['pearson_p'] < 0.02


def test_classes_are_matched_by_name_in_any_order():
    a, b = tiny(), tiny(d=60)
    b['classes'] = b['classes'][::-1]
    for c, row in enumerate(b['classes']):
        row['class'] = c
    found = compare(a, b, **FEW)
    assert row_of(found, 'd')['change'] == pytest.approx(0.4)
    assert (row_of(found, 'd')['class_a'], row_of(found,
                                                  'd')['class_b']) == (3, 0)


def test_other_class_sets_warn_loudly_and_use_the_common_classes():
    a, b = tiny(), tiny(d=60)
    b['classes'][0]['name'] = 'z'
    found = compare(a, b, **FEW)
    assert found['only_a'] == ['a'] and found['only_b'] == ['z']
    assert found['summary']['class_mean']['entered'] == 3
    loud = [w for w in found['warnings'] if w['loud']]
    assert [w['classes'] for w in loud] == [['a'], ['z']]


def test_no_common_class_is_refused_with_both_lists():
    b = example_audit(4, names=['w', 'x', 'y', 'z'])
    with pytest.raises(ValueError, match="A has 'a', .*B has 'w'"):
        compare(tiny(), b)


def test_name_of_two_classes_is_refused():
    b = tiny()
    b['classes'][1]['name'] = 'a'
    with pytest.raises(ValueError, match="of audit B stands for .* 'a'"):
        compare(tiny(), b)


def test_other_test_sets_warn_loudly():
    other = tiny()
    other['provenance']['accuracy_fingerprint'] = 'b' * 64
    found = compare(tiny(), other, **FEW)
    warning, = found['warnings']
    assert found['same_test_set'] is False
    assert warning['kind'] == 'test_set' and warning['loud']
    assert 'aaaaaaaaaaa… in A, bbbbbbbbbbb… in B' in warning['message']


def test_missing_fingerprint_is_said():
    other = tiny()
    other['provenance']['accuracy_fingerprint'] = None
    found = compare(tiny(), other, **FEW)
    assert found['same_test_set'] is None
    assert 'cannot be checked' in found['warnings'][0]['message']


@pytest.mark.parametrize('key, value, kind, loud', [
    ('accuracy_split', 'train', 'accuracy_split', True),
    ('geometry_fingerprint', 'c' * 64, 'geometry_set', False),
    ('layer', 'backbone.layer3', 'geometry_options', False),
    ('feature_dim', 512, 'geometry_options', False),
])
def test_other_conditions_warn(key, value, kind, loud):
    other = tiny()
    other['provenance'][key] = value
    warning, = compare(tiny(), other, **FEW)['warnings']
    assert (warning['kind'], warning['loud']) == (kind, loud)


def test_other_options_and_counts_warn():
    other = tiny()
    other['provenance']['options']['k'] = 20
    other['classes'][0].update(test_count=120, train_count=7)
    found = compare(tiny(), other, **FEW)
    kinds = {w['kind']: w for w in found['warnings']}
    assert set(kinds) == {'geometry_options', 'test_counts', 'train_counts'}
    assert 'k (40 in A, 20 in B)' in kinds['geometry_options']['message']
    assert kinds['test_counts']['classes'] == ['a']
    assert kinds['test_counts']['loud']


def test_unknown_stays_unknown_and_counts_do_not_enter():
    a, b = tiny(), tiny(d=60)
    a['classes'][0].update(accuracy=None, correct=None)
    found = compare(a, b, **FEW)
    assert found['summary']['class_mean']['entered'] == 3
    assert row_of(found, 'a')['outcome'] is None
    assert math.isnan(row_of(found, 'a')['change'])


def test_audits_without_counts_are_compared_without_class_intervals():
    found = compare(bare_audit(5), bare_audit(5), **FEW)
    assert found['summary']['class_mean']['value'] == 0
    assert math.isnan(found['summary']['overall']['value'])
    assert {row['outcome'] for row in found['classes']} == {None}


def test_audits_of_nothing_known_are_compared():
    found = compare(bare_audit(1, known=False), bare_audit(1), **FEW)
    assert found['summary']['class_mean']['entered'] == 0
    assert math.isnan(found['geometry']['volume']['value'])


def test_gates_read_a_comparison():
    found = compare(tiny(), tiny(a=70, d=60), **FEW)
    gates = parse_gates([
        'class_mean<0', 'paid>0', 'worst_class.b<60%',
        'geometry.volume.value>5', 'class_mean.low<-50%'
    ])
    lines = failed(gates, found)
    assert [line.split(':')[0]
            for line in lines] == ['paid>0', 'worst_class.b<60%']


def test_record_becomes_json_without_nan(tmp_path):
    from mmcurv.files import write_json
    path = tmp_path / 'compare.json'
    write_json(str(path), compare(tiny(), tiny(d=60), **FEW))
    record = json.loads(path.read_text())
    assert record['schema'] == 'mmcurv.comparison'
    assert record['summary']['worst_class']['low'] is None
