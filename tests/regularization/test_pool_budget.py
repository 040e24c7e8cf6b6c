# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Bytes of pools, and the best pool for a number of bytes."""
import doctest
import itertools

import pytest
import torch

from mmcurv import files
from mmcurv.datasets.prepare import PUBLISHED, imagenet_lt_counts
from mmcurv.engine import class_owners as owners_module
from mmcurv.engine.class_owners import class_owners, most_held
from mmcurv.regularization import FeaturePool, PooledCurvature, pool_budget
from mmcurv.regularization.pool_budget import (PoolChoice, choice_text,
                                               choose_pool)
from mmcurv.regularization.pool_bytes import pool_bytes

COUNTS, P = [300, 80, 20, 3], 16
GIB = 2**30
IMAGENET = PUBLISHED['imagenet']['train']


def bytes_of(module):
    return sum(b.numel() * b.element_size() for b in module.buffers())


def built(counts=COUNTS, **options):
    return PooledCurvature(FeaturePool(counts, P, **options))


@pytest.mark.parametrize('addressing', ['index', 'fifo'])
@pytest.mark.parametrize(
    'dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('most', [None, 50, 1])
def test_bytes_are_those_of_all_buffers(addressing, dtype, most):
    curvature = built(addressing=addressing, dtype=dtype, max_per_class=most)
    slots = sum(min(count, most or count) for count in COUNTS)
    size = pool_bytes(slots, 403, 4, P, dtype, addressing == 'index')
    assert size.total == bytes_of(curvature)
    features = curvature.pool.features
    assert size.features == features.numel() * features.element_size()
    assert size.features + size.places == bytes_of(curvature.pool)


@pytest.mark.parametrize('slots, features', [(0, 0), (1, 64), (3, 256),
                                             (4, 256), (5, 512)])
def test_pinned_memory_comes_in_powers_of_two(slots, features):
    assert pool_bytes(slots, 5, 2, P, pinned=True).features == features


@pytest.mark.parametrize('dtype, most', [(torch.float32, None),
                                         (torch.float16, None),
                                         (torch.float16, 79),
                                         (torch.float16, 41)])
def test_all_bytes_that_a_pool_takes_choose_it(dtype, most):
    exactly = bytes_of(built(dtype=dtype, max_per_class=most))
    choice = choose_pool(COUNTS, P, exactly)
    assert choice == PoolChoice(dtype, most, exactly)


def test_choice_is_the_best_of_all_pools_that_fit():
    """Against every pool, for budgets in steps of a kilobyte."""
    sizes = {}
    for dtype, most in itertools.product((torch.float32, torch.float16),
                                         range(41, 301)):
        slots = sum(min(count, most) for count in COUNTS)
        sizes[dtype, most] = pool_bytes(slots, 403, 4, P, dtype).total
    for allowed in range(
            min(sizes.values()),
            max(sizes.values()) + 2000, 1000):
        fits = [key for key, size in sizes.items() if size <= allowed]
        best = max(fits, key=lambda key: (key[1], key[0] == torch.float32))
        if best[1] < 300:  # in 32 bits only where no image is left out
            best = torch.float16, max(m for d, m in fits if d != torch.float32)
        choice = choose_pool(COUNTS, P, allowed)
        assert (choice.dtype, choice.max_per_class or 300) == best
        assert choice.total == sizes[best]


def test_what_is_given_is_not_changed():
    whole = bytes_of(built(dtype=torch.float16))
    choice = choose_pool(COUNTS, P, whole, dtype=torch.float32)
    assert choice.dtype == torch.float32 and choice.max_per_class < 300
    assert choice.total <= whole
    choice = choose_pool(COUNTS, P, whole, max_per_class=100)
    assert choice.dtype == torch.float32 and choice.max_per_class == 100
    choice = choose_pool(COUNTS, P, 10**9, dtype=torch.bfloat16)
    assert choice == PoolChoice(torch.bfloat16, None, whole)


@pytest.mark.parametrize('options, least', [
    (dict(), dict(max_per_class=41)),
    (dict(k=9), dict(max_per_class=10)),
    (dict(k=500), dict()),
    (dict(max_per_class=200), dict(max_per_class=200)),
])
def test_less_than_the_smallest_pool_names_what_was_asked_and_the_least(
        options, least):
    size = bytes_of(built(dtype=torch.float16, **least))
    assert choose_pool(COUNTS, P, size, **options).total == size
    with pytest.raises(
            ValueError, match=rf'is {size - 1:,}, .*float16.*{size:,} bytes'):
        choose_pool(COUNTS, P, size - 1, **options)


def test_budget_is_that_of_the_process_that_holds_most():
    processes = 3

    def held(sizes):
        return most_held(sizes, processes)

    choice = choose_pool(COUNTS, P, 8000, k=9, held=held)
    capacity = [min(count, choice.max_per_class) for count in COUNTS]
    owners = class_owners(capacity, processes)
    sizes = [
        bytes_of(
            built(
                dtype=choice.dtype,
                max_per_class=choice.max_per_class,
                classes=owners == rank)) for rank in range(processes)
    ]
    assert max(sizes) == choice.total <= 8000
    assert choice.max_per_class > choose_pool(
        COUNTS, P, 8000, k=9).max_per_class


@pytest.mark.parametrize('counts', [[1300] * 1000, [1282] * 167 + [1281] * 833,
                                    imagenet_lt_counts()])
def test_imagenet_in_16_bits_fits_half_of_a_host_of_16_gib(counts):
    """As it is published, or at worst with 1,300 images in each class."""
    choice = choose_pool(counts, 2048, 8 * GIB)
    long_tailed = sum(counts) == 115846
    assert choice.dtype == (torch.float32 if long_tailed else torch.float16)
    assert choice.max_per_class is None and choice.total < 5.1 * GIB
    if sum(counts) == IMAGENET.images:
        size = pool_bytes(IMAGENET.images, IMAGENET.images, 1000, 2048,
                          torch.float16)
        assert size.features == 5_247_660_032
        assert size.total == choice.total


def test_imagenet_in_less_is_capped():
    choice = choose_pool([1300] * 1000, 2048, 4 * GIB)
    assert choice.dtype == torch.float16
    per_image = 2048 * 2 + 8 + 12  # feature, image, remembered curvature
    fixed = 8 * (3 * 1000 + 1 + 1_300_000) + 1
    assert choice.max_per_class == (4 * GIB - fixed) // (1000 * per_image)


def test_sentence_says_what_was_chosen_and_what_it_takes():
    choice = PoolChoice(torch.float16, 732, int(4.9 * GIB))
    assert choice_text(choice, 5 * GIB) == (
        'pool.max_bytes chose a pool in float16 with at most 732 images a '
        'class: 4.9 GiB of 5 GiB allowed.')
    choice = PoolChoice(torch.float32, None, 100)
    assert 'in float32 with all images: 100 B of 1 KiB' in choice_text(
        choice, 1024)


@pytest.mark.parametrize('module', [files, pool_budget, owners_module])
def test_examples_print_what_they_say(module):
    result = doctest.testmod(module)
    assert result.attempted and not result.failed
