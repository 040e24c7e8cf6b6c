# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.datasets.samplers import (EpochSampler, WeightedSampler,
                                      items_by_class)
from tests.datasets.toy import ToyImages

MODULE = 'mmcurv.datasets.samplers'
LABELS = [1, 0, 1, 1, 2, 0, 1]


class Numbers(EpochSampler):
    """Draws random numbers up to 99."""

    def draw(self, num_samples, generator):
        return torch.randint(
            100, (num_samples, ), generator=generator).tolist()


def at_epoch(epoch, seed=5, **options):
    sampler = Numbers(ToyImages(LABELS), seed=seed, **options)
    sampler.set_epoch(epoch)
    return list(sampler)


def test_fresh_sampler_repeats_the_epoch_of_an_old_one():
    old = Numbers(ToyImages(LABELS), seed=5)
    for epoch in range(4):
        old.set_epoch(epoch)
        drawn = list(old)
    assert drawn == at_epoch(3) == list(old)


def test_epochs_and_seeds_differ():
    assert at_epoch(0) != at_epoch(1)
    assert at_epoch(0) != at_epoch(0, seed=6)


def test_global_random_state_neither_matters_nor_changes():
    torch.manual_seed(1)
    first, after = at_epoch(0), torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(torch.rand(1), after)
    assert at_epoch(0) == first


@pytest.mark.parametrize('length, expected', [(None, 7), (3, 3), (20, 20)])
def test_epoch_is_as_long_as_the_dataset_or_as_asked(length, expected):
    assert len(at_epoch(0, length=length)) == expected
    assert len(Numbers(ToyImages(LABELS), length=length)) == expected


def test_processes_deal_out_one_draw_in_turn(monkeypatch):
    shares = []
    for rank in range(3):
        monkeypatch.setattr(f'{MODULE}.get_dist_info', lambda: (rank, 3))
        shares.append(at_epoch(2))
    monkeypatch.undo()
    assert [len(share) for share in shares] == [3, 3, 3]
    dealt = [number for turn in zip(*shares) for number in turn]
    assert dealt == at_epoch(2, length=9)


def test_items_are_sorted_by_class():
    found = [items.tolist() for items in items_by_class(ToyImages(LABELS))]
    assert found == [[1, 5], [0, 2, 3, 6], [4]]


def test_empty_classes_are_named_once(monkeypatch):
    said = []
    monkeypatch.setattr(f'{MODULE}.print_log',
                        lambda text, **_: said.append(text))
    dataset = ToyImages([0, 3, 3], metainfo=dict(classes=list('abcde')))
    sampler = WeightedSampler(dataset, seed=0, length=50)
    assert set(sampler) == set(sampler) == {0, 1, 2}
    assert said == [
        '3 of 5 classes have no image and are never drawn: 1, 2, 4.'
    ]


def test_dataset_without_images_is_refused():
    with pytest.raises(ValueError, match='ToyImages has no image to draw'):
        Numbers(ToyImages([]), length=5)


def test_epoch_of_no_items_is_refused():
    with pytest.raises(ValueError, match='length must be .*got 0'):
        Numbers(ToyImages(LABELS), length=0)


@pytest.mark.parametrize('options', [
    dict(seed=float('nan')),
    dict(seed=-1),
    dict(length=float('nan')),
    dict(length=2.5),
])
def test_option_that_is_no_whole_number_is_refused(options):
    with pytest.raises(ValueError, match=f'{[*options][0]} must be a whole'):
        Numbers(ToyImages(LABELS), **options)
