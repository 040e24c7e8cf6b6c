# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy
from torch import nn

from mmcurv.engine.serve_class_counts import serve_metrics, serve_model
from mmcurv.evaluation import ClassFairness
from tests.engine.toy_run import COUNTS, AskingLoss, CornerClassifier


def test_module_inside_a_model_wrapper_is_told():
    model = CornerClassifier()
    serve_model(nn.DataParallel(model), COUNTS)
    assert model.head.loss_module.told == [list(COUNTS)]


def test_module_gets_a_list_of_its_own():
    model = nn.Sequential(AskingLoss(), AskingLoss())
    serve_model(model, COUNTS)
    model[0].told[0][0] = -1
    assert model[1].told == [list(COUNTS)]


def test_model_that_does_not_say_its_classes_is_served_as_it_is():
    loss = AskingLoss()
    serve_model(loss, COUNTS)
    assert loss.told == [list(COUNTS)]


def test_num_classes_of_the_module_goes_before_that_around_it():
    model = CornerClassifier(num_classes=10)
    model.head.loss_module.num_classes = len(COUNTS)
    serve_model(model, COUNTS)
    model.head.loss_module.num_classes = 4
    with pytest.raises(ValueError, match='expected 4 .*of head.loss_module,'):
        serve_model(model, COUNTS)


def test_metrics_that_do_not_ask_are_left_alone():
    asking, other = ClassFairness(), Accuracy()
    serve_metrics(Evaluator([other, asking]), COUNTS)
    assert asking.train_counts == list(COUNTS)
    assert not hasattr(other, 'train_counts')
