# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.registry import TRANSFORMS, init_default_scope
from mmpretrain.datasets import BaseDataset, CustomDataset
from mmpretrain.utils import register_all_modules

from mmcurv.datasets.load_images import load_images
from tests.datasets.toy import ToyImages
from tests.real_formats import write_class_folders

register_all_modules(init_default_scope=False)
PACK = [dict(type='PackInputs')]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


@TRANSFORMS.register_module()
class RejectItem(BaseTransform):
    """Reject the item whose pixels are ``value``."""

    def __init__(self, value):
        self.value = value

    def transform(self, results):
        return None if results['img'][0, 0, 0] == self.value else results


class Squares(BaseDataset):
    """Images of the given sides."""

    def __init__(self, sides, pipeline=PACK):
        self.sides = sides
        super().__init__(ann_file='', pipeline=pipeline, serialize_data=False)

    def load_data_list(self):
        return [
            dict(img=np.full((side, side, 1), side, np.uint8), gt_label=0)
            for side in self.sides
        ]


def test_images_and_samples_are_those_of_the_items():
    images, samples = load_images(ToyImages([2, 0, 1], pipeline=PACK), 100)
    expected = torch.arange(3, dtype=torch.uint8).view(3, 1, 1, 1)
    assert torch.equal(images, expected.expand(3, 1, 2, 2))
    assert [int(one.gt_label) for one in samples] == [2, 0, 1]
    assert [one.sample_idx for one in samples] == [0, 1, 2]


def test_files_are_decoded_and_resized_once(tmp_path):
    write_class_folders(tmp_path, num_classes=2, per_class=2)
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(8, 8)), *PACK
    ]
    folder = CustomDataset(
        data_root=str(tmp_path / 'train'), pipeline=pipeline)
    images, samples = load_images(folder, 1000)
    assert images.shape == (4, 3, 8, 8)
    for i in range(4):
        assert torch.equal(images[i], folder[i]['inputs'])
        assert samples[i].img_path == folder.get_data_info(i)['img_path']


def test_images_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match=r'item 2.*Resize'):
        load_images(Squares([3, 3, 4]), 1000)


@pytest.mark.parametrize('augmentation', [
    dict(type='RandomCrop', crop_size=2, padding=1),
    dict(type='Cutout', shape=1, prob=0.1),
])
def test_a_pipeline_that_augments_is_refused(augmentation):
    toy = ToyImages([0] * 200, pipeline=[augmentation, *PACK])
    with pytest.raises(ValueError, match='BatchAugmentPreprocessor'):
        load_images(toy, 1000)


def test_an_image_that_the_pipeline_rejects_is_not_replaced():
    pipeline = [dict(type='RejectItem', value=70), *PACK]
    toy = ToyImages([0] * 80, pipeline=pipeline)
    with pytest.raises(RuntimeError, match='item 70 was rejected'):
        load_images(toy, 1000)


def test_images_beyond_the_memory_are_refused_before_loading():
    with pytest.raises(ValueError, match='need 12 bytes, but max_memory'):
        load_images(ToyImages([0] * 3, pipeline=PACK), 11)
    images, _ = load_images(ToyImages([0] * 3, pipeline=PACK), 12)
    assert images.numel() == 12


def test_an_empty_data_set_is_refused():
    with pytest.raises(ValueError, match='at least one image'):
        load_images(Squares([]), 1000)


@pytest.mark.parametrize('pipeline, found', [
    ([], 'NoneType as inputs'),
    ([dict(type='MultiView', num_views=2, transforms=[PACK]), *PACK], 'list'),
    ([dict(type='Normalize', mean=[1.], std=[1.]), *PACK], 'torch.float32'),
])
def test_items_that_are_no_raw_images_are_refused(pipeline, found):
    if len(pipeline) > 1 and pipeline[0]['type'] == 'MultiView':
        pipeline[0]['transforms'] = [[dict(type='RandomFlip', prob=0.)]]
    with pytest.raises(ValueError, match=f'{found}.*item 0'):
        load_images(ToyImages([0, 1], pipeline=pipeline), 1000)
