# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.paper.paper_names import same_name


@pytest.mark.parametrize('paper, ours', [
    ('Cross Entropy', 'CE'),
    ('Focal Loss', 'Focal'),
    ('CB Loss', 'CB'),
    ('De-c-TDE', 'De-confound-TDE'),
    ('RIDE (4*)', 'RIDE (4 experts)'),
    ('RIDE + CMO', 'RIDE+CMO'),
    ('LDAM-DRW', 'ldam-drw'),
    ('VGG16', 'VGG-16'),
    ('iNaturalist2018', 'iNaturalist 2018'),
    ('ImageNet', 'ImageNet-1k'),
])
def test_spellings_of_one_thing_are_one_name(paper, ours):
    assert same_name(paper, ours)


@pytest.mark.parametrize('paper, ours', [
    ('LDAM', 'LDAM-DRW'),
    ('RIDE (4*)', 'RIDE (3 experts)'),
    ('RIDE (4*)', 'RIDE + CMO'),
    ('CIFAR-100', 'CIFAR-100-LT'),
    ('ResNet-18', 'ResNet-101'),
    ('ImageNet', 'ImageNet-LT'),
    ('VGG-16', 'VGG-19'),
])
def test_different_things_are_different_names(paper, ours):
    assert not same_name(paper, ours)
