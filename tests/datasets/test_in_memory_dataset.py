# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.dataset import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.datasets import CIFAR100
from mmpretrain.utils import register_all_modules

from mmcurv.datasets import (ClassAwareSampler, InMemoryDataset, LongTailed,
                             class_counts, dataset_labels, split_fingerprint)
from mmcurv.engine.train_split import TrainSplit
from tests.datasets.toy import ToyImages
from tests.real_formats import write_cifar, write_fashion_mnist

register_all_modules(init_default_scope=False)
PACK = [dict(type='PackInputs')]
LABELS = [0, 1, 0, 2, 1, 0, 0, 1]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def toy(labels=LABELS, **options):
    names = dict(classes=['a', 'b', 'c'])
    return ToyImages(labels, metainfo=names, pipeline=PACK, **options)


def kept_config():
    """For wrappers that take mmengine's own data sets or configs alone."""
    inner = dict(
        type=ToyImages,
        labels=LABELS,
        metainfo=dict(classes=['a', 'b', 'c']),
        pipeline=PACK)
    return dict(type='mmcurv.InMemoryDataset', dataset=inner)


def batches(dataset, collate='mmcurv.image_batch_collate', **options):
    loader = dict(
        batch_size=3,
        num_workers=0,
        collate_fn=dict(type=collate),
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dataset)
    return list(Runner.build_dataloader(dict(loader, **options), seed=5))


def content(batch):
    """Pixels, labels and numbers of a batch."""
    samples = batch['data_samples']
    return (torch.stack(list(batch['inputs'])).tolist(),
            [one.gt_label.tolist()
             for one in samples], [one.sample_idx for one in samples])


def test_items_are_those_of_the_wrapped_data_set():
    plain, kept = toy(), InMemoryDataset(toy())
    assert len(kept) == len(plain)
    for i in (0, 7, -1):
        assert torch.equal(kept[i]['inputs'], plain[i]['inputs'])
        assert str(kept[i]['data_samples'])[:-20] == str(
            plain[i]['data_samples'])[:-20]


def test_batches_are_those_of_the_wrapped_data_set():
    expected = batches(toy(), 'default_collate')
    found = batches(InMemoryDataset(toy()))
    assert list(map(content, found)) == list(map(content, expected))
    assert found[0]['inputs'].shape == (3, 1, 2, 2)


@pytest.mark.parametrize('collate', ['default_collate', 'pseudo_collate'])
def test_other_collate_functions_make_the_same_batches(collate):
    expected = batches(toy(), collate)
    found = batches(InMemoryDataset(toy()), collate)
    assert list(map(content, found)) == list(map(content, expected))


def test_workers_give_the_same_batches():
    expected = batches(toy(), 'default_collate')
    found = batches(InMemoryDataset(toy()), num_workers=1)
    assert list(map(content, found)) == list(map(content, expected))


def test_batches_do_not_share_what_is_written():
    kept = InMemoryDataset(toy())
    first = batches(kept)[0]
    first['inputs'].zero_()
    for one in first['data_samples']:
        one.set_gt_label(2)
        one.set_gt_score([0., 0., 1.])
    again = batches(kept)[0]
    expected = batches(toy(), 'default_collate')[0]
    assert content(again) == content(expected)
    assert not any('gt_score' in one for one in again['data_samples'])


def test_labels_counts_names_and_fingerprint_are_those_of_the_wrapped():
    plain, kept = toy(), InMemoryDataset(toy())
    assert dataset_labels(kept).tolist() == LABELS
    assert class_counts(kept) == class_counts(plain) == [4, 3, 1]
    assert kept.metainfo == plain.metainfo
    assert kept.CLASSES == ['a', 'b', 'c']
    assert split_fingerprint(kept) == split_fingerprint(plain)
    assert kept.get_data_info(3)['sample_idx'] == 3
    assert TrainSplit.of(kept).dataset == 'InMemoryDataset(ToyImages)'


def test_long_tailed_split_goes_inside_with_its_own_numbers():
    split = LongTailed(toy(), counts=[3, 2, 1])
    kept = InMemoryDataset(split)
    assert kept.images.shape == (6, 1, 2, 2)
    assert class_counts(kept) == [3, 2, 1]
    assert split_fingerprint(kept) == split.fingerprint
    expected = [content(one) for one in batches(split, 'default_collate')]
    assert [content(one) for one in batches(kept)] == expected
    numbers = sorted(n for one in expected for n in one[2])
    assert numbers == [0, 1, 2, 3, 4, 5]


def test_long_tailed_split_outside_keeps_the_same_images():
    inside = InMemoryDataset(LongTailed(toy(), counts=[3, 2, 1]))
    outside = LongTailed(InMemoryDataset(toy()), counts=[3, 2, 1])
    assert split_fingerprint(outside) == split_fingerprint(inside)
    assert list(map(content,
                    batches(outside))) == list(map(content, batches(inside)))


def test_a_kept_test_set_is_not_thinned():
    kept = InMemoryDataset(toy(test_mode=True))
    with pytest.raises(ValueError, match='test_mode=True'):
        LongTailed(kept, imbalance_factor=2)


def test_wrappers_that_repeat_images_go_around():
    repeated = RepeatDataset(kept_config(), 2)
    assert class_counts(repeated) == [4, 3, 1]
    assert len(batches(repeated)) == 6
    balanced = ClassBalancedDataset(kept_config(), oversample_thr=0.5)
    assert set(dataset_labels(balanced)) == {0, 1, 2}
    for wrapper in (RepeatDataset(toy(), 2), ClassBalancedDataset(toy(), 0.5)):
        with pytest.raises(TypeError, match='around InMemoryDataset'):
            InMemoryDataset(wrapper)


def test_a_concatenation_goes_inside():
    joined = ConcatDataset([toy(), toy([2, 2])])
    kept = InMemoryDataset(joined)
    assert class_counts(kept) == [4, 3, 3]
    assert split_fingerprint(kept) == split_fingerprint(joined)
    assert len(batches(kept)) == 4


def test_samplers_by_class_see_its_labels():
    sampler = dict(type='mmcurv.ClassAwareSampler')
    kept = InMemoryDataset(toy())
    assert list(ClassAwareSampler(kept, seed=0)) == list(
        ClassAwareSampler(toy(), seed=0))
    found = batches(kept, sampler=sampler)
    expected = batches(toy(), 'default_collate', sampler=sampler)
    assert list(map(content, found)) == list(map(content, expected))


def test_images_are_loaded_late_if_asked():
    kept = InMemoryDataset(toy(lazy_init=True), lazy_init=True)
    assert not kept._fully_initialized
    assert kept.metainfo['classes'] == ['a', 'b', 'c']
    assert len(kept) == 8
    assert kept._fully_initialized


def test_something_that_is_no_data_set_is_refused():
    with pytest.raises(TypeError, match='got int'):
        InMemoryDataset(3)


def test_bundled_images_are_kept_in_their_two_splits():
    sizes = {}
    for split in ('train', 'test'):
        config = dict(
            type='mmcurv.FashionMini',
            split=split,
            serialize_data=False,  # serializing collects garbage: 0.4 s
            pipeline=PACK)
        kept = DATASETS.build(
            dict(type='mmcurv.InMemoryDataset', dataset=config))
        assert kept.images.shape[1:] == (1, 28, 28)
        assert kept.images.dtype == torch.uint8
        sizes[split] = len(kept)
        for i in (0, len(kept) - 1):
            assert torch.equal(kept.images[i], kept.dataset[i]['inputs'])
    assert sizes == dict(train=2478, test=2000)


def test_split_of_full_fashion_mnist_means_what_it_says(tmp_path):
    write_fashion_mnist(tmp_path / 'train_like', per_class=3)
    means = {}
    for split in ('train', 'test'):
        kept = InMemoryDataset(
            dict(
                type='mmcurv.FashionMNIST',
                data_root=str(tmp_path / 'train_like'),
                split=split,
                pipeline=PACK))
        assert len(kept) == 30
        means[split] = kept.images.float().mean().item()
    assert means['train'] != means['test']


def test_cifar_is_kept_in_colour(tmp_path, monkeypatch):
    write_cifar(tmp_path, 100, per_class=1)
    for name in ('train_list', 'test_list'):
        unsigned = [(file, None) for file, _ in getattr(CIFAR100, name)]
        monkeypatch.setattr(CIFAR100, name, unsigned)
    options = dict(data_root=str(tmp_path), pipeline=PACK, download=False)
    plain = CIFAR100(**options)
    kept = InMemoryDataset(dict(type='CIFAR100', **options))
    assert kept.images.shape == (100, 3, 32, 32)
    for i in np.arange(0, 100, 30):
        assert torch.equal(kept.images[i], plain[i]['inputs'])
