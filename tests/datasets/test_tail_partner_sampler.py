# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from collections import Counter

import numpy as np
import pytest

from mmcurv.datasets import TailPartnerSampler, tail_classes
from tests.datasets.toy import ToyImages

COUNTS = [40, 30, 20, 6, 4]  # the last two are tail classes
LABELS = np.repeat(np.arange(5), COUNTS)
PARTNERS = [[-1, -1], [-1, -1], [-1, -1], [2, 0], [1, 2]]


def made(groups=50, partners=PARTNERS, **options):
    sampler = TailPartnerSampler(
        ToyImages(LABELS.tolist()), groups=groups, seed=3, **options)
    if partners is not None:
        sampler.set_partners(partners)
    return sampler


def groups_of(sampler):
    return np.array(list(sampler)).reshape(-1, sampler.group_size)


def test_group_is_a_tail_image_its_partners_and_a_head_image():
    for tail, *others in LABELS[groups_of(made(num_fused=3))]:
        first, second = PARTNERS[tail]
        assert others[:3] == [first, second, first]
        assert others[3] in (0, 1, 2)


def test_tail_images_come_equally_often():
    drawn = Counter(groups_of(made(groups=50))[:, 0].tolist())
    assert drawn == {i: 5 for i in np.flatnonzero(LABELS >= 3)}


def test_other_head_images_are_drawn_as_they_are_distributed():
    drawn = LABELS[groups_of(made(groups=6000))[:, -1]]
    shares = np.bincount(drawn, minlength=5)[:3] / 6000
    assert shares == pytest.approx([40 / 90, 30 / 90, 20 / 90], abs=0.03)


def test_epoch_repeats_itself_and_differs_from_the_next():
    sampler = made()
    first = list(sampler)
    assert list(made()) == first and len(sampler) == len(first) == 250
    sampler.set_epoch(1)
    assert list(sampler) != first


def test_processes_take_whole_groups_of_one_draw(monkeypatch):
    whole = groups_of(made())
    shares = []
    for rank in range(2):
        monkeypatch.setattr('mmcurv.datasets.samplers.get_dist_info', lambda:
                            (rank, 2))
        shares.append(groups_of(made()))
    for rank, share in enumerate(shares):
        assert (share == whole[rank::2]).all()


def test_sampler_without_partners_says_who_tells_them():
    with pytest.raises(RuntimeError, match='ConfusingClassesHook'):
        next(iter(made(partners=None)))


@pytest.mark.parametrize('row', [[3, 0], [-1, 0], []])
def test_partners_that_are_no_head_classes_are_refused(row):
    with pytest.raises(ValueError, match='partners of tail class 4'):
        made(partners=[*PARTNERS[:4], row])


@pytest.mark.parametrize('options', [
    dict(groups=0),
    dict(num_fused=0),
    dict(groups=float('nan')),
    dict(num_fused=float('inf')),
])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match='whole number of at least 1'):
        made(**options)


@pytest.mark.parametrize('counts, share, expected', [
    ([50, 3, 20, 9], 0.5, [False, True, False, True]),
    ([50, 3, 20, 9], 0.74, [False, True, False, True]),
    ([50, 3, 20, 9], 0.75, [False, True, True, True]),
    ([5, 5, 5, 5, 5], 0.5, [False, False, False, True, True]),
])
def test_rare_classes_are_the_smallest_share(counts, share, expected):
    assert tail_classes(counts, share).tolist() == expected


@pytest.mark.parametrize('share', [0, 1, -0.5, float('nan')])
def test_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match='above 0 and below 1'):
        tail_classes([3, 2, 1], share)


def test_share_that_is_no_class_is_refused():
    with pytest.raises(ValueError, match='0.3 of 3 classes is none'):
        tail_classes([3, 2, 1], 0.3)
