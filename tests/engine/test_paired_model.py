# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from torch import nn

from mmcurv.engine.paired_model import check_takes_pairs
from mmcurv.models import BatchAugmentPreprocessor
from tests.engine.paired_run import paired_classifier


def test_head_that_takes_pairs_is_accepted():
    check_takes_pairs(paired_classifier())


def test_head_that_would_ignore_the_second_label_is_refused():
    model = paired_classifier(head='LinearClsHead')
    with pytest.raises(TypeError, match=r'got head \(LinearClsHead\)'):
        check_takes_pairs(model)


def test_second_head_that_would_ignore_it_is_refused():
    model = paired_classifier()
    model.auxiliary = paired_classifier(head='LinearClsHead').head
    with pytest.raises(TypeError, match=r'got auxiliary \(LinearClsHead\)'):
        check_takes_pairs(model)


def test_model_without_a_head_is_refused():
    with pytest.raises(TypeError, match='got no head'):
        check_takes_pairs(nn.Linear(2, 2))


@pytest.mark.parametrize('options, name', [
    (dict(batch_augments=dict(augments=dict(type='Mixup', alpha=1.))),
     'batch_augments'),
    (dict(to_onehot=True), 'to_onehot'),
])
def test_soft_labels_beside_the_pairs_are_refused(options, name):
    model = paired_classifier(**options)
    with pytest.raises(ValueError, match=f'{name} of the data preprocessor'):
        check_takes_pairs(model)


def test_augmentation_after_the_mixing_is_refused():
    flip = dict(type='BatchRandomFlip', prob=0.5)
    preprocessor = BatchAugmentPreprocessor(augment=[flip])
    model = paired_classifier()
    model.data_preprocessor = preprocessor
    with pytest.raises(ValueError, match='Augment in the pipeline'):
        check_takes_pairs(model)
    preprocessor.augment = []
    check_takes_pairs(model)
