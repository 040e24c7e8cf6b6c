# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.benchmark.paper.paper_results import paper_cells
from mmcurv.benchmark.paper.paper_target import TABLES, paper_target

OVERALL = [cell for cell in paper_cells(TABLES) if cell.key == 'overall']
C100 = ('CIFAR-100-LT', 100, 'ResNet-32')


def test_every_accuracy_of_the_paper_is_found_by_its_own_names():
    assert len(OVERALL) > 180
    for cell in OVERALL:
        found = paper_target(cell.dataset, cell.imbalance_factor, cell.model,
                             cell.method, cell.cr)
        assert found == (None if math.isnan(cell.value) else cell)


@pytest.mark.parametrize('config, value', [
    ((*C100, 'Cross Entropy', False), 38.2),
    ((*C100, 'CE', True), 40.5),
    (('cifar-10-lt', 200., 'resnet32', 'ce', False), 65.6),
    (('ImageNet', None, 'VGG-16', 'CE', True), 72.7),
])
def test_spelling_does_not_matter(config, value):
    assert paper_target(*config).value == value


@pytest.mark.parametrize('config', [
    ('CIFAR-100-LT', 20, 'ResNet-32', 'CE', False),
    ('CIFAR-100-LT', None, 'ResNet-32', 'CE', False),
    ('CIFAR-100-LT', 100, 'ResNet-20', 'CE', False),
    ('CIFAR-100-LT (class folders)', 50, 'ResNet-32', 'CE', False),
    ('Fashion-MNIST-LT', 100, 'ResNet-32', 'CE', False),
    (*C100, 'Balanced Softmax', False),
    (*C100, 'LDAM-DRW', True),
])
def test_what_the_paper_does_not_have_is_no_target(config):
    assert paper_target(*config) is None


def test_number_that_the_paper_leaves_out_is_no_target():
    assert paper_target('CIFAR-10-LT', 10, 'ResNet-32', 'GCL', True) is None


def test_doubtful_number_keeps_its_reason():
    cell = paper_target('CIFAR-100-LT', 50, 'ResNet-32', 'RIDE (4*)', False)
    assert cell.value == 59.0
    assert 'imbalance 10' in cell.doubtful
