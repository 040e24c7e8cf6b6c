# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

from mmcurv.datasets import long_tailed_counts
from mmcurv.datasets.samplers import class_probabilities
from mmcurv.engine.hooks import RandomStateHook, SecondBatchHook
from mmcurv.engine.hooks.second_batch import WeightedLoader
from mmcurv.samples import read_second
from tests.engine.bbn_run import bbn_model
from tests.engine.paired_run import (COUNTS, LABELS, FakeRunner,
                                     NumberedImages, batches)


def started(hook=None, model=None, **options):
    hook = hook or SecondBatchHook()
    init_default_scope('mmpretrain')
    runner = FakeRunner(hook, **options)
    runner.model = MODELS.build(model or bbn_model())
    hook.before_train(runner)
    return hook, runner


def numbers(images):
    return [int(image[0, 0, 0]) for image in images]


@pytest.mark.parametrize('stacked', [True, False])
def test_second_images_follow_the_first_and_samples_hold_both_labels(stacked):
    hook, runner = started(stacked=stacked)
    plain = [numbers(batch['inputs']) for batch in runner.train_dataloader]
    for index, batch in enumerate(batches(hook, runner, 1)):
        count = len(plain[index])  # 16, at last 4
        assert isinstance(batch['inputs'], torch.Tensor) == stacked
        shown = numbers(batch['inputs'])
        assert shown[:count] == plain[index]
        assert len(shown) == 2 * count
        samples = batch['data_samples']
        assert [int(s.gt_label) for s in samples
                ] == [LABELS[number] for number in plain[index]]
        assert read_second(samples).tolist() == [
            LABELS[number] for number in shown[count:]
        ]


@pytest.mark.parametrize('weights, power', [('reversed', -1), ('balanced', 0),
                                            (0.5, 0.5)])
def test_second_images_follow_the_weights_and_the_first_do_not(weights, power):
    hook, runner = started(SecondBatchHook(weights))
    first, second = np.zeros(3), np.zeros(3)
    for batch in batches(hook, runner, 60):
        samples = batch['data_samples']
        labels = [int(sample.gt_label) for sample in samples]
        first += np.bincount(labels, minlength=3)
        second += np.bincount(read_second(samples), minlength=3)
    assert first.tolist() == [60 * count for count in COUNTS]
    expected = np.array(COUNTS, dtype=float)**power
    shares = second / second.sum()
    assert np.abs(shares - expected / expected.sum()).max() < 0.03


def test_images_of_the_data_set_are_never_changed():
    hook, runner = started(stacked=False)
    images = runner.train_dataloader.dataset.images
    before = images.clone()
    assert list(batches(hook, runner, 1))
    assert torch.equal(images, before)


def test_epoch_decides_what_is_drawn():
    drawn = []
    for epochs in (range(4, 6), range(5, 6)):
        hook, runner = started()
        for epoch in epochs:
            runner.epoch = epoch
            seen = [
                numbers(batch['inputs']) for batch in batches(hook, runner, 1)
            ]
        drawn.append(seen)
    assert drawn[0] == drawn[1]


def test_states_of_the_pipeline_are_saved(tmp_path):
    hook = SecondBatchHook()
    runner = FakeRunner(hook)
    runner.register_hook = runner.hooks.append
    hook.before_run(runner)
    hook.before_run(runner)
    kinds = [type(hook) for hook in runner.hooks]
    assert kinds == [SecondBatchHook, RandomStateHook]


def test_model_of_one_batch_is_refused():
    model = dict(bbn_model(), type='ImageClassifier')
    words = 'two batches, got ImageClassifier.*mmcurv.BBNClassifier'
    with pytest.raises(TypeError, match=words):
        started(model=model)


@pytest.mark.parametrize('preprocessor', [
    dict(to_onehot=True, num_classes=3),
    dict(batch_augments=dict(augments=dict(type='Mixup', alpha=1.))),
])
def test_soft_labels_are_refused(preprocessor):
    model = dict(bbn_model(), data_preprocessor=preprocessor)
    with pytest.raises(ValueError, match=f'{next(iter(preprocessor))} of the'):
        started(model=model)


def test_unknown_weights_are_refused():
    with pytest.raises(ValueError, match="did you mean 'reversed'"):
        started(SecondBatchHook('reverse'))


# BBN's reversed sampler on CIFAR-10-LT at imbalance 100.
REVERSED = [
    0.00402, 0.00671, 0.01120, 0.01868, 0.03119, 0.05199, 0.08672, 0.14474,
    0.24239, 0.40236
]


class Labels(torch.utils.data.Dataset):
    """Items that are their own labels, as many as CIFAR-10-LT has."""

    def __init__(self):
        counts = long_tailed_counts([5000] * 10, 100)
        self.labels = np.repeat(np.arange(10), counts)

    def get_gt_labels(self):
        return self.labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.labels[index]


def second():
    train = DataLoader(Labels(), batch_size=128, drop_last=True)
    return WeightedLoader(train, 0, 'reversed', 'second_batch', 0, 1)


def test_reversed_draw_has_the_published_probabilities():
    loader = second()
    np.testing.assert_allclose(
        class_probabilities(loader.sampler.counts, loader.sampler.weights),
        REVERSED,
        atol=1e-5)
    drawn = np.concatenate(
        [loader.next_batch(epoch) for epoch in range(2) for _ in range(96)])
    shares = np.bincount(drawn, minlength=10) / len(drawn)
    assert np.abs(shares - REVERSED).max() < 0.015  # 4 standard deviations


def test_epoch_has_as_many_batches_as_that_of_a_loader_that_drops_its_last():
    loader = second()
    assert [len(loader.next_batch(0)) for _ in range(96)] == [128] * 96
    with pytest.raises(StopIteration):
        loader.next_batch(0)


def test_purposes_draw_differently():
    train = FakeRunner().train_dataloader
    drawn = [
        WeightedLoader(train, 0, 'balanced', purpose, 0, 1).next_batch(0)
        for purpose in ('second_batch', 'cmo')
    ]
    assert not torch.equal(*(batch['inputs'] for batch in drawn))


def minority(train, seed=0, alpha=1., rank=0, world_size=1):
    """The loader of CMO: images have weight 1/n_y^alpha."""
    return WeightedLoader(train, seed, 1 - alpha, 'cmo', rank, world_size)


def loader(alpha=1., seed=0, rank=0, world_size=1, **options):
    train = FakeRunner(**options).train_dataloader
    return minority(train, seed, alpha, rank, world_size)


def drawn_numbers(loader, epoch, times=6):
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
        drawn_numbers(own, epoch).flatten() for own in [loader()]
        for epoch in range(60)
    ])
    shares = tail.bincount(minlength=84)[80:] / (tail >= 80).sum()
    assert (shares - 1 / 4).abs().max() < 0.04


def test_epoch_has_as_many_full_batches_as_that_of_the_train_loader():
    own = loader()
    # The last batch of the train loader has 4.
    assert drawn_numbers(own, 0).shape == (6, 16)
    with pytest.raises(StopIteration):
        own.next_batch(0)


def test_seed_and_epoch_decide_what_is_drawn():
    first = drawn_numbers(loader(), 7)
    again = loader()
    drawn_numbers(again, 6, times=2)  # an epoch that was left early
    assert torch.equal(drawn_numbers(again, 7), first)
    assert not torch.equal(drawn_numbers(again, 8), first)
    assert not torch.equal(drawn_numbers(loader(seed=1), 7), first)


def test_workers_draw_what_one_process_draws():
    assert torch.equal(
        drawn_numbers(loader(num_workers=1), 3, times=2),
        drawn_numbers(loader(), 3, times=2))


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
        return minority(train).next_batch(epoch)['inputs']

    first = noise(4)
    assert torch.equal(noise(4), first)
    assert (noise(5) != first).all()


def test_global_generators_are_left_alone():
    train = FakeRunner().train_dataloader
    before = np.random.get_state()[1].copy(), torch.get_rng_state()
    drawn_numbers(minority(train), 0)
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.get_rng_state(), before[1])


def test_processes_share_one_draw(monkeypatch):
    parts = []
    for rank in range(2):
        monkeypatch.setattr(
            'mmcurv.datasets.samplers.get_dist_info', lambda r=rank: (r, 2))
        own = loader(rank=rank, world_size=2)
        parts.append(drawn_numbers(own, 5).flatten())
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
        minority(train)
