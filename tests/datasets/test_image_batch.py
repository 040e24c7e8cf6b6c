# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmengine.registry import FUNCTIONS
from mmpretrain.structures import DataSample

from mmcurv.datasets.image_batch import ImageBatch, image_batch_collate

IMAGES = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).reshape(2, 3, 4, 5)


@pytest.fixture
def batch():
    return ImageBatch(IMAGES, [DataSample().set_gt_label(c) for c in (6, 7)])


@pytest.mark.parametrize(
    'collate', [image_batch_collate, default_collate, pseudo_collate])
def test_every_collate_function_makes_the_same_batch(collate, batch):
    done = collate(batch)
    assert set(done) == {'inputs', 'data_samples'}
    assert torch.equal(torch.stack(list(done['inputs'])), IMAGES)
    assert [int(one.gt_label) for one in done['data_samples']] == [6, 7]


def test_images_of_a_batch_are_passed_on_without_a_copy(batch):
    assert image_batch_collate(batch)['inputs'] is batch.inputs


def test_items_of_any_data_set_are_stacked(batch):
    done = image_batch_collate(list(batch))
    assert torch.equal(done['inputs'], IMAGES)


def test_configs_find_the_collate_function_by_its_name():
    assert FUNCTIONS.get('mmcurv.image_batch_collate') is image_batch_collate
