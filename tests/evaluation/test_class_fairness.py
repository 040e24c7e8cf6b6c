# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import csv
import json
import math

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy
from mmpretrain.structures import DataSample

from mmcurv.evaluation import ClassFairness
from mmcurv.fairness import wilson_interval
from tests.reference import fairness_aggregates as slow

COUNTS = [300, 101, 100, 20, 19, 3]


def samples(seed=0, size=120, classes=6):
    """Data samples as mmpretrain's heads give them, with their pairs."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, classes, (size, ), generator=generator).tolist()
    result, predictions = [], []
    for label in labels:
        score = torch.rand(classes, generator=generator)
        score[label] += 0.5
        predictions.append(int(score.argmax()))
        sample = DataSample().set_gt_label(label).set_pred_score(score)
        result.append(sample.set_pred_label(predictions[-1]))
    return result, labels, predictions


def evaluate(metric, data_samples, classes=None):
    evaluator = Evaluator(metric)
    if classes:
        evaluator.dataset_meta = dict(classes=classes)
    for start in range(0, len(data_samples), 16):
        evaluator.process(data_samples[start:start + 16])
    return evaluator.evaluate(len(data_samples))


def test_numbers_equal_the_plain_loops():
    data_samples, labels, predictions = samples()
    metrics = evaluate(ClassFairness(train_counts=COUNTS), data_samples)
    accuracy, correct, count = slow.class_accuracy(labels, predictions, 6)
    expected = dict(
        overall=100 * sum(correct) / sum(count),
        class_mean=100 * slow.mean(accuracy),
        worst_class=100 * min(accuracy),
        worst_10pct=100 * slow.worst_tenth(accuracy)[0],
        harmonic_mean=100 * slow.harmonic_mean(accuracy),
        geometric_mean=100 * slow.geometric_mean(accuracy),
        variance=slow.variance(accuracy),
        bias=slow.bias(accuracy, 0.01),
        gini=slow.gini(accuracy))
    for name in ('head', 'middle', 'tail'):
        expected[name] = 100 * slow.group_mean(accuracy, COUNTS, name)[0]
    assert metrics == {
        f'fairness/{name}': pytest.approx(value)
        for name, value in expected.items()
    }
    assert all(type(value) is float for value in metrics.values())


def test_overall_is_the_top1_of_mmpretrain():
    data_samples, _, _ = samples()
    metrics = evaluate([Accuracy(), ClassFairness()], data_samples)
    assert metrics['fairness/overall'] == pytest.approx(
        metrics['accuracy/top1'])


def test_metric_is_built_by_its_name_from_another_scope():
    evaluator = Evaluator(dict(type='mmcurv.ClassFairness', prefix='fair'))
    evaluator.process(samples()[0])
    assert 'fair/class_mean' in evaluator.evaluate(120)


def test_scores_serve_where_labels_are_missing():
    data_samples, _, _ = samples()
    with_labels = evaluate(ClassFairness(train_counts=COUNTS), data_samples)
    for sample in data_samples:
        del sample.pred_label
    assert evaluate(ClassFairness(train_counts=COUNTS),
                    data_samples) == with_labels


def test_classes_that_only_the_scores_know_are_nan_and_not_forgotten(tmp_path):
    data_samples = [sample.to_dict() for sample in samples(classes=4)[0]]
    for sample in data_samples:
        sample['pred_score'] = torch.cat(
            [sample['pred_score'], torch.zeros(3)])
    evaluate(ClassFairness(out_dir=str(tmp_path)), data_samples)
    record = json.loads((tmp_path / 'evaluation_001.json').read_text())
    assert len(record['classes']) == 7
    assert record['classes'][6]['accuracy'] is None
    assert record['classes_entered']['class_mean'] == 4


def test_without_counts_groups_are_nan_and_one_warning_says_why(monkeypatch):
    warnings = []
    monkeypatch.setattr('mmcurv.evaluation.class_fairness.print_log',
                        lambda text, **options: warnings.append(text))
    metric = ClassFairness()
    for _ in range(2):
        metrics = evaluate(metric, samples()[0])
        for name in ('head', 'middle', 'tail'):
            assert math.isnan(metrics[f'fairness/{name}'])
    assert len(warnings) == 1
    assert 'ClassCountsHook' in warnings[0]


def test_thresholds_of_the_groups_are_arguments():
    metric = ClassFairness(train_counts=COUNTS, head_above=400, tail_below=1)
    metrics = evaluate(metric, samples()[0])
    assert metrics['fairness/middle'] == metrics['fairness/class_mean']
    assert math.isnan(metrics['fairness/head'])


def test_files_hold_every_class(tmp_path):
    data_samples, labels, predictions = samples()
    metric = ClassFairness(
        num_classes=7,
        train_counts=COUNTS + [2],
        out_dir=str(tmp_path / 'new'),
        confidence=0.9)
    metric.tag = 'epoch_012'
    names = ['a', 'b', 'c', 'd, e', 'f', 'g', 'h']
    metrics = evaluate(metric, data_samples, names)
    files = sorted(path.name for path in (tmp_path / 'new').iterdir())
    assert files == ['epoch_012.csv', 'epoch_012.json']

    record = json.loads((tmp_path / 'new' / 'epoch_012.json').read_text())
    assert record['metrics'] == {
        name.removeprefix('fairness/'): value
        for name, value in metrics.items()
    }
    accuracy, correct, count = slow.class_accuracy(labels, predictions, 7)
    interval = wilson_interval(correct, count, confidence=0.9)
    for c, row in enumerate(record['classes'][:6]):
        assert row == {
            'class': c,
            'name': names[c],
            'group': slow.group_of(COUNTS[c]),
            'train_count': COUNTS[c],
            'test_count': count[c],
            'correct': correct[c],
            'accuracy': pytest.approx(100 * accuracy[c]),
            'wilson_low': pytest.approx(100 * interval.low[c]),
            'wilson_high': pytest.approx(100 * interval.high[c])
        }
    assert record['classes'][6]['accuracy'] is None
    assert record['classes'][6]['test_count'] == 0

    with open(tmp_path / 'new' / 'epoch_012.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['name'] for row in rows] == names
    assert [int(row['correct']) for row in rows] == correct
    np.testing.assert_array_equal(
        [float(row['accuracy']) for row in rows],
        [row['accuracy'] or np.nan for row in record['classes']])


def test_without_folder_no_file_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evaluate(ClassFairness(train_counts=COUNTS), samples()[0])
    assert list(tmp_path.iterdir()) == []


def test_evaluations_without_a_tag_do_not_overwrite_each_other(tmp_path):
    metric = ClassFairness(out_dir=str(tmp_path))
    for _ in range(2):
        evaluate(metric, samples()[0])
    assert (tmp_path / 'evaluation_001.json').exists()
    assert (tmp_path / 'evaluation_002.json').exists()


@pytest.mark.parametrize('sample, words', [
    (dict(gt_label=torch.tensor([1, 2]), pred_label=torch.tensor(
        [1])), r'gt_label of shape \(2,\); multi-label'),
    (dict(pred_label=torch.tensor([1])), 'expected gt_label .*pred_label'),
    (dict(gt_label=torch.tensor([1])), 'expected pred_label or pred_score'),
])
def test_samples_of_another_task_are_refused(sample, words):
    with pytest.raises(ValueError, match=words):
        ClassFairness().process(None, [sample])


def test_sources_that_disagree_on_the_number_of_classes_are_named():
    words = "6 from train_counts, 2 from classes of the test set's metainfo"
    with pytest.raises(ValueError, match=words):
        evaluate(
            ClassFairness(train_counts=COUNTS),
            samples()[0],
            classes=['a', 'b'])


def test_prediction_beyond_the_classes_is_an_error():
    with pytest.raises(ValueError, match='predictions: .*num_classes=6'):
        ClassFairness(num_classes=6).compute_metrics([(0, 0), (1, 6)])
