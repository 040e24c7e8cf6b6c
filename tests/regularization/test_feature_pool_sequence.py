# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Any sequence of pushes equals a plain Python dict and deque."""
import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcurv.regularization import FeaturePool
from tests.reference.pool_reference import PoolReference

BAD = [math.nan, math.inf, -math.inf]
MODES = [('index', None), ('index', 1), ('index', 2), ('index', 4),
         ('fifo', None), ('fifo', 2)]


@st.composite
def runs(draw):
    """Class sizes, an owner class per image, and batches of image numbers.

    The owners need not agree with the class sizes, so that rings overflow
    also without a cap.
    """
    counts = draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    counts[0] = max(counts[0], 1)
    classes = [c for c, count in enumerate(counts) if count]
    owner = [draw(st.sampled_from(classes)) for _ in range(sum(counts))]
    row = st.tuples(
        st.integers(0,
                    len(owner) - 1), st.sampled_from([None] * 8 + BAD))
    batches = draw(st.lists(st.lists(row, max_size=8), max_size=8))
    return counts, owner, batches


def numbered(batches, owner):
    """Give every row a feature of its own."""
    number = 0
    for batch in batches:
        features = []
        for image, bad in batch:
            number += 1
            features.append((float(number), number if bad is None else bad))
        images = [image for image, _ in batch]
        yield features, [owner[image] for image in images], images


def push(pool, features, labels, images):
    pool.push(
        torch.tensor(features).reshape(-1, 2),
        torch.tensor(labels).long(),
        torch.tensor(images).long())


def assert_equal(pool, reference):
    assert pool.fill().tolist() == reference.fill()
    assert pool.num_nonfinite.item() == reference.num_nonfinite
    for c in range(pool.num_classes):
        expected = [list(feature) for feature in reference.members(c)]
        assert pool.members(c).tolist() == expected
    if reference.by_index:
        assert_slots_and_images_agree(pool)


def assert_slots_and_images_agree(pool):
    for slot, image in enumerate(pool.image.tolist()):
        assert image == -1 or pool.slot[image] == slot
    for image, slot in enumerate(pool.slot.tolist()):
        assert slot == -1 or pool.image[slot] == image


@pytest.mark.parametrize('addressing, cap', MODES)
@given(run=runs())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_sequence_of_pushes_equals_dict_and_deque(addressing, cap, run):
    counts, owner, batches = run
    pool = FeaturePool(counts, 2, addressing, max_per_class=cap)
    reference = PoolReference(counts, addressing, cap)
    for batch in numbered(batches, owner):
        push(pool, *batch)
        reference.push(*batch)
        assert_equal(pool, reference)


@pytest.mark.parametrize('addressing, cap', MODES)
@given(run=runs(), cut=st.integers(0, 8))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_loaded_pool_continues_as_the_saved_one_would(addressing, cap, run,
                                                      cut):
    counts, owner, batches = run
    pool = FeaturePool(counts, 2, addressing, max_per_class=cap)
    batches = list(numbered(batches, owner))
    for batch in batches[:cut]:
        push(pool, *batch)
    saved = copy.deepcopy(pool.state_dict())
    other = FeaturePool(counts, 2, addressing, max_per_class=cap)
    other.load_state_dict(saved)
    for batch in batches[cut:]:
        push(pool, *batch)
        push(other, *batch)
    for name, value in pool.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name
    for c in range(len(counts)):
        assert torch.equal(other.members(c), pool.members(c))
