# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcurv.samples import check_labels


def samples(labels, numbered=True):
    return [
        DataSample(metainfo=dict(sample_idx=i +
                                 40) if numbered else {}).set_gt_label(label)
        for i, label in enumerate(labels)
    ]


@pytest.mark.parametrize('label', [-1, 3])
def test_label_outside_is_named_with_its_image_and_the_range(label):
    batch = dict(data_samples=samples([0, label, 2]))
    with pytest.raises(
            ValueError,
            match=rf'\[0, 3\), the 3 classes.*got \[{label}\] for the images '
            'with sample_idx 41. Correct .* resume'):
        check_labels(batch, 3)


def test_image_without_a_number_is_not_named():
    batch = dict(data_samples=samples([7], numbered=False))
    with pytest.raises(ValueError, match=r'got \[7\]\. Correct'):
        check_labels(batch, 3)


@pytest.mark.parametrize('batch', [
    dict(data_samples=samples([0, 2])),
    dict(data_samples=torch.tensor([0, 2])),
    dict(data_samples=[DataSample()]),
    dict(data_samples=[]),
    dict(inputs=torch.zeros(2)),
    (torch.zeros(2), torch.tensor([9])),
    None,
])
def test_labels_inside_or_not_shown_pass(batch):
    check_labels(batch, 3)


def test_labels_on_a_device_are_not_waited_for():
    check_labels(dict(data_samples=torch.empty(2, device='meta')), 3)
