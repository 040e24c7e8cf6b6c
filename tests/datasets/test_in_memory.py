# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.dataset import (ClassBalancedDataset, ConcatDataset,
                              RepeatDataset, default_collate, pseudo_collate)
from mmengine.registry import (DATASETS, FUNCTIONS, TRANSFORMS,
                               init_default_scope)
from mmengine.runner import Runner
from mmpretrain.datasets import CIFAR100, BaseDataset, CustomDataset
from mmpretrain.structures import DataSample
from mmpretrain.utils import register_all_modules

from mmcurv.datasets import (ClassAwareSampler, InMemoryDataset, LongTailed,
                             class_counts, dataset_labels, image_batch_collate,
                             split_fingerprint)
from mmcurv.datasets.in_memory import ImageBatch
from mmcurv.engine.hooks.class_counts import TrainSplit
from tests.datasets.toy import ToyImages
from tests.real_formats import (write_cifar, write_class_folders,
                                write_fashion_mnist)

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


def load_images(dataset, max_memory):
    kept = InMemoryDataset(dataset, max_memory)
    return kept.images, [kept[i]['data_samples'] for i in range(len(kept))]


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


def kept_samples(samples):
    """Samples kept behind one black pixel each."""
    pixel = torch.zeros(1, 1, 1, dtype=torch.uint8)
    return InMemoryDataset(
        [dict(inputs=pixel, data_samples=one) for one in samples])


def sample(label, **meta):
    return DataSample(metainfo=meta).set_gt_label(label)


def fields(one):
    return {name: str(value) for name, value in one.all_items()}


SAMPLES = [
    sample(c, sample_idx=10 + c, ori_shape=(4, 4), img_path=f'{c}.png')
    for c in range(5)
]


def test_samples_taken_are_those_put_in():
    taken = kept_samples(SAMPLES).__getitems__([3, 0, 3]).data_samples
    for one, i in zip(taken, [3, 0, 3]):
        assert type(one) is DataSample
        assert fields(one) == fields(SAMPLES[i])
        assert set(one.metainfo_keys()) == set(SAMPLES[i].metainfo_keys())
        assert set(one.keys()) == {'gt_label'}


def test_what_is_written_into_a_sample_stays_there():
    columns = kept_samples(SAMPLES)
    first, twin = columns.__getitems__([2, 2]).data_samples
    first.set_gt_score(torch.tensor([.5, .5]))
    first.set_gt_label(7)
    first.gt_label += 1
    first.set_metainfo(dict(sample_idx=99))
    for other in (twin, columns.__getitems__([2]).data_samples[0]):
        assert fields(other) == fields(SAMPLES[2])
        assert 'gt_score' not in other
        assert 'num_classes' not in other


def test_samples_that_share_every_field_can_be_taken():
    columns = kept_samples([DataSample(metainfo=dict(a=1))] * 3)
    assert [one.a
            for one in columns.__getitems__([0, 2]).data_samples] == [1, 1]


def test_labels_of_different_lengths_and_objects_are_kept_one_by_one():
    samples = [sample([0], box=[1]), sample([0, 2], box=[1])]
    taken = kept_samples(samples).__getitems__([1, 0]).data_samples
    assert [one.gt_label.tolist() for one in taken] == [[0, 2], [0]]
    assert taken[0].box is not taken[1].box


def test_taken_samples_go_to_another_process():
    taken = kept_samples(SAMPLES).__getitems__([4]).data_samples
    copied, = pickle.loads(ForkingPickler.dumps(taken))
    assert fields(copied) == fields(SAMPLES[4])


@pytest.mark.parametrize('other, error', [
    (sample(0), ValueError),
    (dict(sample_idx=1), ValueError),
])
def test_a_sample_of_another_form_is_refused(other, error):
    with pytest.raises(error, match='item 5'):
        kept_samples([*SAMPLES, other])


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


@pytest.mark.parametrize('bytes_', [0, float('nan'), float('inf')])
def test_memory_that_is_no_number_of_bytes_is_refused(bytes_):
    with pytest.raises(ValueError, match='max_memory must be a whole number'):
        InMemoryDataset(toy(), bytes_, lazy_init=True)
