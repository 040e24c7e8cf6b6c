# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from mmcurv.engine.minority_loader import MinorityLoader
from tests.engine.paired_run import COUNTS, FakeRunner, NumberedImages


def loader(alpha=1., seed=0, **options):
    return MinorityLoader(FakeRunner(**options).train_dataloader, seed, alpha)


def numbers(loader, epoch, times=6):
    """Numbers of the images of whole epochs, (batches, batch size)."""
    drawn = [loader.next_batch(epoch)['inputs'] for _ in range(times)]
    return torch.stack(drawn)[:, :, 0, 0, 0]


def labels(loader, epochs):
    return torch.tensor([
        int(sample.gt_label) for epoch in range(epochs) for _ in range(6)
        for sample in loader.next_batch(epoch)['data_samples']
    ])


@pytest.mark.parametrize('alpha', [1., 0.5, 0.])
def test_classes_are_drawn_in_proportion_to_their_summed_weights(alpha):
    drawn = labels(loader(alpha), epochs=60)
    shares = drawn.bincount(minlength=3) / len(drawn)
    weights = np.array(COUNTS)**(1 - alpha)  # n_c images of weight n_c^-alpha
    expected = weights / weights.sum()
    assert np.abs(shares.numpy() - expected).max() < 0.03


def test_images_of_a_class_are_drawn_alike():
    tail = torch.cat([
        numbers(own, epoch).flatten() for own in [loader()]
        for epoch in range(60)
    ])
    shares = tail.bincount(minlength=84)[80:] / (tail >= 80).sum()
    assert (shares - 1 / 4).abs().max() < 0.04


def test_epoch_has_as_many_full_batches_as_that_of_the_train_loader():
    own = loader()
    assert numbers(own, 0).shape == (6, 16)  # the train loader's last has 4
    with pytest.raises(StopIteration):
        own.next_batch(0)


def test_seed_and_epoch_decide_what_is_drawn():
    first = numbers(loader(), 7)
    again = loader()
    numbers(again, 6, times=2)  # an epoch that was left early
    assert torch.equal(numbers(again, 7), first)
    assert not torch.equal(numbers(again, 8), first)
    assert not torch.equal(numbers(loader(seed=1), 7), first)


def test_workers_draw_what_one_process_draws():
    assert torch.equal(
        numbers(loader(num_workers=1), 3, times=2),
        numbers(loader(), 3, times=2))


class RandomNumbers(NumberedImages):
    """Images of noise from the global generators."""

    def __getitem__(self, index):
        noise = [np.random.rand(), torch.rand(()).item()]
        return dict(super().__getitem__(index), inputs=torch.tensor(noise))


def test_workers_augment_each_epoch_anew_and_repeat_it():

    def noise(epoch):
        train = DataLoader(
            RandomNumbers(),
            16,
            num_workers=1,
            collate_fn=FakeRunner().train_dataloader.collate_fn)
        return MinorityLoader(train, 0, 1.).next_batch(epoch)['inputs']

    first = noise(4)
    assert torch.equal(noise(4), first)
    assert (noise(5) != first).all()


def test_global_generators_are_left_alone():
    train = FakeRunner().train_dataloader
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    numbers(MinorityLoader(train, 0, 1.), 0)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_processes_share_one_draw(monkeypatch):
    parts = []
    for rank in range(2):
        for module in ('mmcurv.engine.minority_loader',
                       'mmcurv.datasets.samplers'):
            for name, value in (('get_world_size', 2), ('get_rank', rank),
                                ('get_dist_info', (rank, 2))):
                monkeypatch.setattr(
                    f'{module}.{name}', lambda v=value: v, raising=False)
        parts.append(numbers(loader(), 5).flatten())
    assert len(parts[0]) == len(parts[1]) == 96
    assert not torch.equal(*parts)
    monkeypatch.undo()
    together = torch.stack(parts, 1).flatten()
    own = loader()
    own.sampler.num_samples *= 2
    own.sampler.set_epoch(5)
    assert torch.equal(together, torch.tensor(list(own.sampler)))


def test_loader_without_a_batch_size_is_refused():

    class Batches(BatchSampler):

        def __init__(self, dataset):
            self.sampler = SequentialSampler(dataset)

    data = NumberedImages()
    train = DataLoader(data, batch_sampler=Batches(data))
    with pytest.raises(TypeError, match='has a batch_size, got Batches'):
        MinorityLoader(train, 0, 1.)
