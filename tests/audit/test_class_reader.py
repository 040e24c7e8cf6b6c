# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmcurv.audit.class_reader import ClassReader


def data(dtype=np.float32):
    rng = np.random.default_rng(0)
    features = (3 + 2 * rng.normal(size=(40, 4))).astype(dtype)
    return features, rng.integers(3, size=40)


def mapped(tmp_path, features):
    np.save(tmp_path / 'f.npy', features)
    return np.load(tmp_path / 'f.npy', mmap_mode='r')


@pytest.mark.parametrize('order', ['mixed', 'sorted'])
def test_each_class_is_read_from_a_map_as_it_is_in_memory(tmp_path, order):
    features, labels = data()
    if order == 'sorted':
        labels = np.sort(labels)
    reader = ClassReader(mapped(tmp_path, features), labels, 4)
    for c in range(4):
        np.testing.assert_array_equal(reader(c), features[labels == c])
    assert reader.counts == np.bincount(labels, minlength=4).tolist()
    assert reader(3).shape == (0, 4)


def test_part_of_a_map_is_read_as_that_part(tmp_path):
    features, labels = data()
    part = mapped(tmp_path, features)[7:]
    np.testing.assert_array_equal(
        ClassReader(part, labels[7:], 3)(0), features[7:][labels[7:] == 0])


@pytest.mark.parametrize('given, read', [(np.float16, torch.float32),
                                         (np.float32, torch.float32),
                                         (np.float64, torch.float64),
                                         ('>f4', torch.float32)])
def test_half_precision_is_widened_and_double_is_kept(given, read):
    features, labels = data(given)
    points = ClassReader(features, labels, 3)(1)
    assert points.dtype == read
    np.testing.assert_array_equal(points, features[labels == 1])


def test_reading_does_not_change_the_features():
    features, labels = data()
    before = features.copy()
    ClassReader(features, labels, 3, scaling='unit')(0).mul_(2)
    ClassReader(features, labels, 3)(0).mul_(2)
    np.testing.assert_array_equal(features, before)


def test_samples_that_are_not_kept_are_not_read():
    features, labels = data()
    keep = np.arange(40) % 2 == 0
    reader = ClassReader(features, labels, 3, keep)
    np.testing.assert_array_equal(reader(2), features[keep & (labels == 2)])


def test_unit_scaling_gives_each_sample_norm_one_and_leaves_zero():
    features, labels = data()
    features[labels == 0] = 0
    reader = ClassReader(features, labels, 3, scaling='unit')
    assert not reader(0).any()
    torch.testing.assert_close(
        reader(1).norm(dim=1), torch.ones(reader.counts[1]))


def test_standard_scaling_is_over_the_kept_samples_of_all_classes():
    features, labels = data(np.float64)
    features[:, 2] = 7  # constant: divided by 1
    keep = np.arange(40) > 3
    reader = ClassReader(features, labels, 3, keep, 'standard')
    together = torch.cat([reader(c) for c in range(3)])
    torch.testing.assert_close(
        together.mean(0), torch.zeros(4).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(
        together.std(0, correction=0),
        torch.tensor([1., 1, 0, 1]).double())
