# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

from mmcurv.engine.class_confusion import class_scores, confusing_classes
from tests.engine.image_run import image_classifier

SCORES = torch.tensor([
    [.9, .1, .0, .0, .0],
    [.1, .8, .1, .0, .0],
    [.1, .1, .8, .0, .0],
    [.1, .3, .2, .3, .1],
    [.2, .0, .2, .5, .1],
])
IS_TAIL = torch.tensor([False, False, False, True, True])


def test_head_classes_with_the_largest_scores_are_confusing():
    table = confusing_classes(SCORES, IS_TAIL, 2)
    # Class 3 is no head class; of equals, the first comes first.
    assert table.tolist() == [[-1, -1]] * 3 + [[1, 2], [0, 2]]


def test_too_few_head_classes_are_refused():
    with pytest.raises(
            ValueError, match='num_confusing=4 head classes, got 3'):
        confusing_classes(SCORES, IS_TAIL, 4)


def test_scores_are_means_of_a_model_that_evaluates_and_stays_as_it_was():
    init_default_scope('mmpretrain')
    model = MODELS.build(image_classifier()).train()
    model.backbone.eval()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    images = torch.randn(5, 3, 32, 32)
    labels = [0, 2, 0, 2, 2]
    loader = [
        dict(
            inputs=images[part],
            data_samples=[
                DataSample().set_gt_label(label) for label in labels[part]
            ]) for part in (slice(0, 3), slice(3, 5))
    ]
    scores = class_scores(model, loader, 3)
    assert model.training and not model.backbone.training
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    each = model.eval()(images).detach().softmax(1).double()
    torch.testing.assert_close(scores[0], each[[0, 2]].mean(0))
    torch.testing.assert_close(scores[2], each[[1, 3, 4]].mean(0))
    assert scores[1].isnan().all()
