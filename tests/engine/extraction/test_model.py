# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample
from torch import nn

from mmcurv.arguments import UsageError
from mmcurv.engine.extraction.model import batch_columns, predict


def sample(label=1, score=(0.2, 0.5, 0.3), pred=None):
    made = DataSample()
    if label is not None:
        made.set_gt_label(label)
    if score is not None:
        made.set_pred_score(torch.tensor(score))
    if pred is not None:
        made.set_pred_label(pred)
    return made


def test_columns_are_label_prediction_and_largest_probability():
    columns = batch_columns([sample(), sample(label=2, pred=0)], 3)
    assert columns['labels'].tolist() == [1, 2]
    assert columns['predictions'].tolist() == [1, 0]
    assert columns['confidence'] == pytest.approx([0.5, 0.5])


def test_scores_that_are_no_probabilities_give_no_confidence():
    columns = batch_columns([sample(score=(-1., 4., 0.)), sample()], 3)
    assert columns['predictions'].tolist() == [1, 1]
    assert np.isnan(columns['confidence']).tolist() == [True, False]


def test_prediction_without_scores_is_enough():
    columns = batch_columns([sample(score=None, pred=2)], 3)
    assert columns['predictions'].tolist() == [2]
    assert np.isnan(columns['confidence']).all()


@pytest.mark.parametrize('samples, words', [
    ([sample(label=None)], 'expected gt_label in each data sample'),
    ([sample(score=None)], 'expected pred_label or pred_score'),
    ([sample(label=[0, 1])], 'multi-label data'),
    ([sample(score=(0.5, 0.5))], 'scores 2 classes, but the data set has 3'),
    ([sample(score=None, pred=7)], 'predicts class 7, but the data set has 3'),
])
def test_batch_that_cannot_be_audited_is_explained(samples, words):
    with pytest.raises(UsageError, match=words):
        batch_columns(samples, 3)


class Answering(BaseModel):

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if self.answer is None:
            raise NotImplementedError('only losses')
        return self.answer


@pytest.mark.parametrize('model, words', [
    (nn.Linear(2, 2), 'expected a model of mmengine, got Linear'),
    (Answering(None), 'could not predict.*NotImplementedError: only losses'),
    (Answering(torch.ones(1)), 'Answering predicts Tensor; expected a list'),
    (Answering([1.]), 'Answering predicts list; expected a list of data'),
])
def test_model_that_does_not_classify_is_explained(model, words):
    batch = dict(inputs=torch.ones(1), data_samples=[sample()])
    with pytest.raises(UsageError, match=words):
        predict(model, batch)
