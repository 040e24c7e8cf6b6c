# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmpretrain.structures import DataSample

from mmcurv.models import ViewsPreprocessor


def items(views):
    """Three images, of which view v is filled with 10 v."""
    image = torch.ones(1, 4, 4)
    return [
        dict(
            inputs=[10 * v * image for v in range(views)] if views else image,
            data_samples=DataSample().set_gt_label(c)) for c in range(3)
    ]


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_each_view_is_normalized_into_a_batch(collate):
    preprocessor = ViewsPreprocessor(mean=[10.], std=[5.])
    out = preprocessor(collate(items(views=2)), training=True)
    first, second = out['inputs']
    assert torch.equal(first, torch.full((3, 1, 4, 4), -2.))
    assert torch.equal(second, torch.zeros(3, 1, 4, 4))
    assert [int(s.gt_label) for s in out['data_samples']] == [0, 1, 2]


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_images_without_views_are_one_batch(collate):
    preprocessor = ViewsPreprocessor(mean=[1.], std=[1.])
    out = preprocessor(collate(items(views=0)))
    assert torch.equal(out['inputs'], torch.zeros(3, 1, 4, 4))


@pytest.mark.parametrize('options', [
    dict(to_onehot=True),
    dict(batch_augments=dict(augments=dict(type='Mixup', alpha=1.)))
])
def test_soft_labels_are_refused(options):
    with pytest.raises(ValueError, match='makes soft labels'):
        ViewsPreprocessor(num_classes=3, **options)
