# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""CMO in single iterations; whole runs are in test_paired_mixing_run.py."""
import numpy as np
import pytest
import torch

from mmcurv.engine.hooks import CMOHook
from tests.engine.paired_run import (COUNTS, LABELS, SIDE, batches, pairs_of,
                                     started)


@pytest.mark.parametrize('stacked', [True, False])
def test_minority_image_covers_one_box_of_each_main_image(stacked):
    hook = CMOHook(prob=1.)
    runner = started(hook, stacked=stacked)
    plain = list(runner.train_dataloader)
    plain = [[int(image[0, 0, 0]) for image in batch['inputs']]
             for batch in plain]
    mixed = 0
    for index, batch in enumerate(batches(hook, runner, 2)):
        pairs = pairs_of(batch)
        if pairs is None:  # the border left nothing of the box
            continue
        labels, others, share = pairs
        regions = []
        for image, number, label, other in zip(batch['inputs'],
                                               plain[index % 6], *pairs[:2]):
            assert image.dtype == torch.uint8 and label == LABELS[number]
            pasted = image[0] != number
            assert len(image[0][pasted].unique()) <= 1
            if pasted.any():
                assert other == LABELS[image[0][pasted][0]]
                regions.append(pasted)
        assert all(torch.equal(region, regions[0]) for region in regions)
        rows, columns = regions[0].any(1), regions[0].any(0)
        assert torch.equal(regions[0], rows[:, None] & columns)  # a rectangle
        assert share == pytest.approx(1 - regions[0].sum() / SIDE**2)
        mixed += 1
    assert mixed > 6


def test_background_follows_the_images_and_foreground_the_classes():
    hook = CMOHook(prob=1.)
    runner = started(hook)
    main, pasted = np.zeros(3), np.zeros(3)
    for pairs in map(pairs_of, batches(hook, runner, 80)):
        if pairs is not None:
            main += np.bincount(pairs[0], minlength=3)
            pasted += np.bincount(pairs[1], minlength=3)
    assert np.abs(main / main.sum() - np.array(COUNTS) / 84).max() < 0.03
    assert np.abs(pasted / pasted.sum() - 1 / 3).max() < 0.03


@pytest.mark.parametrize('prob', [0., 0.5, 1.])
def test_iterations_mix_with_the_given_probability(prob):
    hook = CMOHook(prob=prob)
    runner = started(hook)
    mixed = list(map(pairs_of, batches(hook, runner, 100)))
    share = np.mean([pairs is not None for pairs in mixed])
    # Boxes with sides below 2 of 8 pixels are empty: lambda > 1 - (2 / 8)^2.
    assert share == pytest.approx(prob * (1 - 1 / 16), abs=0.05)


@pytest.mark.parametrize('options, epochs, first, last', [
    (dict(), 200, 4, 196),
    (dict(), 100, 4, 96),
    (dict(), 20, 4, 16),
    (dict(), 7, 1, 5),
    (dict(), 2, 0, 1),
    (dict(begin_epoch=1), 8, 0, 6),
    (dict(begin_epoch=2, end_epoch=3), 200, 1, 2),
    (dict(begin_epoch=8, end_epoch=300), 9, 7, 8),
])
def test_window_of_epochs_counted_from_0(options, epochs, first, last):
    hook = CMOHook(prob=1., **options)
    runner = started_for(hook, epochs)
    mixing = []
    for epoch in range(epochs):
        runner.epoch = epoch
        if any(pairs_of(batch) for batch in batches(hook, runner, 1)):
            mixing.append(epoch)
    assert mixing == list(range(first, last + 1))


def started_for(hook, epochs):
    runner = started(CMOHook())
    runner.max_epochs, runner.hooks = epochs, [hook]
    hook.before_train(runner)
    return runner


@pytest.mark.parametrize('options, epochs', [
    (dict(begin_epoch=6, end_epoch=5), 200),
    (dict(begin_epoch=9), 8),
])
def test_window_without_an_epoch_is_refused(options, epochs):
    with pytest.raises(ValueError, match=f'within the {epochs} epochs'):
        started_for(CMOHook(**options), epochs)


def test_last_batch_of_an_epoch_gets_as_many_images_as_it_has():
    hook = CMOHook(prob=1.)
    runner = started(hook)
    sizes = [(len(batch['inputs']), len(pairs_of(batch)[1]))
             for batch in batches(hook, runner, 3) if pairs_of(batch)]
    assert (4, 4) in sizes and (16, 16) in sizes


def test_reused_samples_carry_no_marks_of_an_earlier_iteration():
    hook = CMOHook(prob=1.)
    runner = started(hook)
    assert any(pairs_of(batch) for batch in batches(hook, runner, 1))
    marked = sum('paired_share' in sample
                 for sample in runner.train_dataloader.dataset.samples)
    assert marked > 0
    runner.epoch = 197
    assert not any(pairs_of(batch) for batch in batches(hook, runner, 1))
    assert not any('paired_share' in sample or 'paired_label' in sample
                   for sample in runner.train_dataloader.dataset.samples)


def test_images_of_the_data_set_are_never_changed():
    hook = CMOHook(prob=1.)
    runner = started(hook, stacked=False)
    images = runner.train_dataloader.dataset.images
    before = images.clone()
    assert any(pairs_of(batch) for batch in batches(hook, runner, 2))
    assert torch.equal(images, before)


def test_iteration_alone_decides_on_mixing_and_box():
    hook = CMOHook()
    runner = started(hook)
    whole = [pairs_of(batch) for batch in batches(hook, runner, 2)]
    hook = CMOHook()
    runner = started(hook)
    runner.iter, runner.epoch = 6, 5  # resumed at the second epoch
    rest = [pairs_of(batch) for batch in batches(hook, runner, 1)]
    shares = [[pairs and pairs[2] for pairs in part]
              for part in (whole[6:], rest)]
    assert shares[0] == shares[1] and any(shares[0])


def test_processes_mix_with_boxes_of_their_own(monkeypatch):
    shares = []
    for rank in range(2):
        monkeypatch.setattr('mmcurv.engine.hooks.cmo_hook.get_rank',
                            lambda: rank)
        hook = CMOHook(prob=1.)
        shares.append([
            pairs and pairs[2]
            for pairs in map(pairs_of, batches(hook, started(hook), 1))
        ])
    assert shares[0] != shares[1]


@pytest.mark.parametrize('options, said', [
    (dict(prob=1.5), 'prob must be from 0 to 1, got 1.5'),
    (dict(beta=0), 'beta must be positive, got 0'),
    (dict(begin_epoch=0), 'begin_epoch is counted from 1, got 0'),
    (dict(end_epoch=float('nan')), 'end_epoch is counted from 1, got nan'),
])
def test_impossible_option_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        CMOHook(**options)
