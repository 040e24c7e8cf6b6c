# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Audits from Python, of what people have."""
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, top_k_accuracy_score
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from mmcurv.audit import audit, audit_model


@pytest.fixture(scope='module')
def digits():
    data = load_digits()
    model = LogisticRegression(max_iter=50).fit(data.data[:900],
                                                data.target[:900])
    return (data.target[900:], model.predict(data.data[900:]),
            model.predict_proba(data.data[900:]))


@pytest.mark.filterwarnings('ignore::Warning')
def test_scikit_learn_classifier_is_audited(digits, tmp_path):
    labels, predictions, scores = digits
    found = audit(labels, predictions, scores, sample_ids=range(len(labels)))
    assert found.summary['overall'] == np.mean(labels == predictions)
    worse = np.where((labels == 8) & (np.arange(len(labels)) % 3 > 0), 1,
                     predictions)
    assert audit(labels, worse).failing == ['8']
    assert audit(labels, worse).to_frame().loc['8', 'failing']
    calibration = found.record['calibration']['all']
    assert calibration['nll'] == pytest.approx(log_loss(labels, scores))
    assert found.summary['top5'] == pytest.approx(
        top_k_accuracy_score(labels, scores, k=5))
    assert '<table' in found._repr_html_() and 'No class' in repr(found)
    path = found.save(tmp_path, with_figures=False)
    same = found.compare(path)
    assert same.paired and same.gained == same.paid == []


def test_lists_tensors_and_columns_give_one_audit(digits):
    labels, predictions, _ = digits
    names = [f'digit {c}' for c in range(10)]
    first = audit(labels, predictions, class_names=names).to_frame()
    table = pd.DataFrame(dict(label=labels, prediction=predictions))
    for one in ((labels.tolist(), predictions.tolist()),
                (torch.tensor(labels),
                 torch.tensor(predictions)), (table.label, table.prediction)):
        pd.testing.assert_frame_equal(
            audit(*one, class_names=names).to_frame(), first)
    texts = audit([names[c] for c in labels], [names[c] for c in predictions])
    np.testing.assert_array_equal(texts.to_frame().accuracy, first.accuracy)


def test_logits_are_taken_as_their_probabilities():
    rng = np.random.default_rng(0)
    logits, labels = 3 * rng.normal(size=(200, 4)), rng.integers(4, size=200)
    first, second = (
        audit(labels, scores=scores).record
        for scores in (logits, softmax(logits, 1)))
    for key in ('ece', 'nll', 'brier'):
        assert first['calibration']['all'][key] == pytest.approx(
            second['calibration']['all'][key])
    assert first['summary']['overall'] == second['summary']['overall']


def test_ids_as_labels_are_mapped_or_refused_at_once():
    labels = np.repeat([7000001, 12, 999999999], 10)
    assert audit(labels, labels).to_frame().index.tolist() == [
        '12', '7000001', '999999999'
    ]
    ids = np.arange(3000) + 10**9
    with pytest.raises(ValueError, match='Are they ids of the samples'):
        audit(ids, ids)


def test_confidence_above_one_by_rounding_passes():
    found = audit([0, 1, 1], [0, 1, 0], confidence=[1.0000001, 0.5, 0.4])
    assert found.record['calibration']['all']['entered'] == 3
    with pytest.raises(ValueError, match=r'fractions in \[0, 1\], got 1.5'):
        audit([0, 1, 1], [0, 1, 0], confidence=[1.5, 0.5, 0.4])


@pytest.mark.parametrize('arrays, message', [
    (dict(labels=[0, 1]), 'predictions, scores, class_accuracy or features'),
    (dict(labels=[0, 1], predictions=[0]), 'predictions: .*2 as labels'),
    (dict(labels=[0, 1], scores=[.1, .9]), r'shape \(N, C\)'),
    (dict(labels=[0, 1], predictions=[0, 1],
          sample_ids=['a', 'a']), "'a' and 0 others more than once"),
    (dict(labels=[0, 1], scores=[[1, np.nan], [0, 1]]), 'finite numbers'),
    (dict(labels=[0, 1], predictions=[0, 1],
          features=[[1e200], [1.]]), 'whose square is none'),
    (dict(labels=[0, 1], predictions=[0, 1], features=np.zeros(
        (2, 0))), 'at least one feature'),
])
def test_arrays_that_do_not_fit_say_what_to_do(arrays, message):
    with pytest.raises(ValueError, match=message):
        audit(**arrays)


def test_pytorch_model_is_audited_with_its_features():
    torch.manual_seed(0)
    labels = torch.arange(3).repeat(60)
    inputs = torch.randn(180, 4) + 3 * labels[:, None]
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    loader = DataLoader(TensorDataset(inputs, labels), batch_size=50)
    found = audit_model(model.train(), loader, class_names=['a', 'b', 'c'])
    assert model.training
    with torch.no_grad():
        right = model(inputs).argmax(1) == labels
    assert found.summary['overall'] == pytest.approx(
        right.double().mean().item())
    assert found.record['provenance']['feature_dim'] == 8
    assert audit_model(model, loader,
                       '0').record['provenance']['feature_dim'] == 8
    with pytest.raises(ValueError, match="no module 'layer4'"):
        audit_model(model, loader, 'layer4')


def test_audit_imports_what_it_needs_when_it_needs_it():
    code = ('import sys; from mmcurv.audit import audit; '
            'audit([0, 1, 1], [0, 1, 0]); '
            "print(*{'torch', 'mmengine', 'mmpretrain', 'matplotlib'} "
            '& set(sys.modules)); '
            'features = [[n % 7, n % 5, n % 3.] for n in range(60)]; '
            'labels = [n % 2 for n in range(60)]; '
            'audit(labels, labels, features=features); '
            "assert 'torch' in sys.modules; "
            "print(*{'mmengine', 'mmpretrain', 'matplotlib'} "
            '& set(sys.modules))')
    done = subprocess.run([sys.executable, '-c', code],
                          capture_output=True,
                          text=True,
                          check=True)
    assert done.stdout.strip() == ''
