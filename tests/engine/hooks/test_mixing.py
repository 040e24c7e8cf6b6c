# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmpretrain.models.utils import ClsDataPreprocessor
from mmpretrain.models.utils.batch_augments import CutMix
from torch import nn

from mmcurv.engine.hooks import CMOHook, PairedMixupHook
from mmcurv.engine.hooks.mixing import (Box, blend, check_takes_pairs,
                                        common_size, draw_box, paste,
                                        share_outside)
from mmcurv.models import BatchAugmentPreprocessor
from tests.engine.paired_run import (COUNTS, LABELS, SIDE, FakeRunner, batches,
                                     paired_classifier, pairs_of, started)


class Centre:
    """Returns the numbers it was given."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def integers(self, high):
        return self.numbers.pop(0)


@pytest.mark.parametrize('row, column, expected', [
    (16, 10, Box(8, 24, 2, 18)),
    (0, 31, Box(0, 8, 23, 32)),
    (31, 0, Box(23, 32, 0, 8)),
])
def test_box_of_three_quarters_has_half_the_sides(row, column, expected):
    assert draw_box(Centre(row, column), 32, 32, 0.75) == expected


def test_boxes_are_those_of_mmpretrain(monkeypatch):
    rng = np.random.default_rng(0)
    for _ in range(200):
        share = rng.beta(1, 1)
        row, column = int(rng.integers(24)), int(rng.integers(40))
        centre = [row, column]
        monkeypatch.setattr(np.random, 'randint',
                            lambda *args, **kwargs: centre.pop(0))
        top, bottom, left, right = CutMix(alpha=1.).rand_bbox((24, 40), share)
        box = draw_box(Centre(row, column), 24, 40, share)
        assert box == (top, bottom, left, right)


def test_share_outside_counts_the_pixels_that_are_left():
    rng = np.random.default_rng(1)
    for _ in range(50):
        box = draw_box(rng, 12, 20, rng.beta(1, 1))
        pixels = np.ones((12, 20))
        pixels[box.top:box.bottom, box.left:box.right] = 0
        assert share_outside(box, 12, 20) == pytest.approx(pixels.mean())


def test_border_leaves_more_of_the_image_than_was_asked_for():
    rng = np.random.default_rng(2)
    shares = [
        share_outside(draw_box(rng, 32, 32, 0.5), 32, 32) for _ in range(2000)
    ]
    assert min(shares) == 1 - (22 / 32)**2  # int(32 * sqrt(0.5)) = 22
    # A side of 2h and a uniform centre 0 to 31 leave sum(min(c + h, 32) -
    # max(c - h, 0)) / 32 of it on average.
    side = np.mean([min(c + 11, 32) - max(c - 11, 0) for c in range(32)]) / 32
    assert np.mean(shares) == pytest.approx(1 - side**2, abs=0.01)


def test_image_that_is_kept_whole_has_an_empty_box():
    box = draw_box(Centre(3, 4), 32, 32, 1.)
    assert box == (3, 3, 4, 4)
    assert share_outside(box, 32, 32) == 1


def test_all_centres_are_drawn_alike():
    rng = np.random.default_rng(3)
    tops = [draw_box(rng, 4, 8, 1.) for _ in range(4000)]
    rows = np.bincount([box.top for box in tops], minlength=4) / 4000
    columns = np.bincount([box.left for box in tops], minlength=8) / 4000
    assert np.abs(rows - 1 / 4).max() < 0.03
    assert np.abs(columns - 1 / 8).max() < 0.03


NORMALIZE = dict(
    mean=[125.307, 122.961, 113.8575], std=[51.5865, 50.847, 51.255])
BOX = Box(1, 4, 0, 2)
ORDER, SHARE = torch.tensor([2, 0, 1, 3]), 0.37


@pytest.fixture
def images():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (2, 4, 3, 6, 5), generator=generator).byte()


def normalized(inputs, **options):
    preprocess = ClsDataPreprocessor(**NORMALIZE, **options)
    return preprocess(dict(inputs=inputs))['inputs']


def test_pasted_pixels_are_those_of_the_other_image(images):
    main, others = images
    pasted = paste(main, others, BOX)
    assert pasted.dtype == torch.uint8
    for b, channel, row, column in torch.cartesian_prod(
            *map(torch.arange, main.shape)).tolist():
        inside = 1 <= row < 4 and column < 2
        expected = (others if inside else main)[b, channel, row, column]
        assert pasted[b, channel, row, column] == expected


@pytest.mark.parametrize('mix', [
    lambda inputs, others: paste(inputs, others, BOX),
    lambda inputs, others: blend(inputs, ORDER, SHARE)
])
def test_lists_are_mixed_like_tensors_and_nothing_changes_in_place(
        images, mix):
    main, others = images
    before = images.clone()
    together = mix(main, others)
    apart = mix(list(main), list(others))
    assert isinstance(apart, list)
    assert torch.equal(torch.stack(apart), together)
    assert torch.equal(images, before)


@pytest.mark.parametrize('to_rgb', [False, True])
@pytest.mark.parametrize('stacked', [True, False])
def test_blend_of_bytes_is_that_of_normalized_images(images, to_rgb, stacked):
    main = images[0] if stacked else list(images[0])
    after = normalized(images[0], to_rgb=to_rgb)
    after = SHARE * after + (1 - SHARE) * after[ORDER]
    before = normalized(blend(main, ORDER, SHARE), to_rgb=to_rgb)
    torch.testing.assert_close(before, after, rtol=0, atol=1e-5)


def test_rounding_to_bytes_would_show(images):
    exact = blend(images[0], ORDER, SHARE)
    assert exact.dtype == torch.float32
    assert (normalized(exact) - normalized(exact.byte())).abs().max() > 1e-2


def test_floating_images_keep_their_type(images):
    assert blend(images[0].double(), ORDER, SHARE).dtype == torch.float64


def test_size_is_height_and_width(images):
    assert common_size(images[0], images[1]) == (6, 5)
    assert common_size(list(images[0])) == (6, 5)


def test_images_of_two_sizes_are_refused(images):
    with pytest.raises(ValueError, match=r'one shape .*\(3, 5, 5\)'):
        common_size(images[0], images[1, :, :, 1:])
    with pytest.raises(ValueError, match='one shape'):
        common_size([images[0, 0], images[0, 1, :, 1:]])


def test_head_that_takes_pairs_is_accepted():
    check_takes_pairs(paired_classifier())


def test_head_that_would_ignore_the_second_label_is_refused():
    model = paired_classifier(head='LinearClsHead')
    with pytest.raises(TypeError, match=r'got head \(LinearClsHead\)'):
        check_takes_pairs(model)


def test_second_head_that_would_ignore_it_is_refused():
    model = paired_classifier()
    model.auxiliary = paired_classifier(head='LinearClsHead').head
    with pytest.raises(TypeError, match=r'got auxiliary \(LinearClsHead\)'):
        check_takes_pairs(model)


def test_model_without_a_head_is_refused():
    with pytest.raises(TypeError, match='got no head'):
        check_takes_pairs(nn.Linear(2, 2))


@pytest.mark.parametrize('options, name', [
    (dict(batch_augments=dict(augments=dict(type='Mixup', alpha=1.))),
     'batch_augments'),
    (dict(to_onehot=True), 'to_onehot'),
])
def test_soft_labels_beside_the_pairs_are_refused(options, name):
    model = paired_classifier(**options)
    with pytest.raises(ValueError, match=f'{name} of the data preprocessor'):
        check_takes_pairs(model)


def test_augmentation_after_the_mixing_is_refused():
    flip = dict(type='BatchRandomFlip', prob=0.5)
    preprocessor = BatchAugmentPreprocessor(augment=[flip])
    model = paired_classifier()
    model.data_preprocessor = preprocessor
    with pytest.raises(ValueError, match='Augment in the pipeline'):
        check_takes_pairs(model)
    preprocessor.augment = []
    check_takes_pairs(model)


def test_two_hooks_that_mix_are_refused():
    hook = PairedMixupHook()
    runner = FakeRunner(hook)
    runner.hooks.append(CMOHook())
    with pytest.raises(ValueError, match='got PairedMixupHook, CMOHook'):
        hook.before_train(runner)


@pytest.mark.parametrize('stacked', [True, False])
def test_batch_is_mixed_with_a_permutation_of_itself(stacked):
    hook = PairedMixupHook()
    runner = started(hook, stacked=stacked)
    plain = [[int(image[0, 0, 0]) for image in batch['inputs']]
             for batch in runner.train_dataloader]
    for numbers, batch in zip(plain, batches(hook, runner, 1)):
        labels, others, share = pairs_of(batch)
        assert labels == [LABELS[number] for number in numbers]
        partners = []
        for image, number, other in zip(batch['inputs'], numbers, others):
            assert image.dtype == torch.float32
            assert torch.equal(image, image[:1, :1, :1].expand(1, 8, 8))
            partner = (image[0, 0, 0].item() - share * number) / (1 - share)
            assert partner == pytest.approx(round(partner), abs=0.02)
            assert LABELS[round(partner)] == other
            partners.append(round(partner))
        assert sorted(partners) == sorted(numbers)


@pytest.mark.parametrize('alpha', [1., 0.2])
def test_shares_follow_the_beta_distribution(alpha):
    hook = PairedMixupHook(alpha=alpha)
    runner = started(hook)
    shares = [pairs_of(batch)[2] for batch in batches(hook, runner, 200)]
    assert len(set(shares)) == 1200  # every batch has its own
    assert np.mean(shares) == pytest.approx(0.5, abs=0.04)
    variance = 1 / (4 * (2 * alpha + 1))  # of Beta(alpha, alpha)
    assert np.var(shares) == pytest.approx(variance, rel=0.1)


def test_iteration_and_seed_decide():
    first = [pairs_of(batch) for batch in batches(*ready(), 2)]
    hook, runner = ready()
    runner.iter = 6  # resumed at the second epoch
    assert [pairs_of(batch) for batch in batches(hook, runner, 1)] == first[6:]
    assert [pairs_of(batch) for batch in batches(*ready(seed=1), 1)] \
        != first[:6]


def ready(**options):
    hook = PairedMixupHook()
    return hook, started(hook, **options)


def test_alpha_of_zero_is_refused():
    with pytest.raises(ValueError, match='alpha must be positive, got 0'):
        PairedMixupHook(alpha=0)


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
        monkeypatch.setattr('mmcurv.engine.hooks.mixing.get_rank',
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
