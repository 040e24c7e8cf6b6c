# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from mmcurv.audit import geometry as module
from mmcurv.audit.class_reader import ClassReader
from mmcurv.audit.geometry import manifold_pairs
from mmcurv.audit.result_cache import ResultCache
from mmcurv.geometry import pairwise_separation
from tests.audit.sphere_bank import sphere_bank


def parts(**changes):
    bank = sphere_bank(**changes)
    table = pairwise_separation(
        torch.from_numpy(bank.features), torch.from_numpy(bank.labels), 6)
    return ClassReader(bank.features, bank.labels, 6), table.numpy()


def test_all_pairs_are_the_table_of_the_geometry():
    reader, table = parts()
    pairs = manifold_pairs(reader, False, 2**30, ResultCache())
    assert pairs.candidates is None
    assert len(pairs.separation) == 30
    for (i, j), degree in pairs.separation.items():
        assert degree == pytest.approx(table[i, j], rel=1e-5)
    for i, (j, degree) in enumerate(pairs.nearest(6)):
        assert j == np.nanargmin(table[i])
        assert degree == pytest.approx(table[i, j], rel=1e-5)


@pytest.mark.parametrize('p', [5, 200])
def test_costly_pairs_are_measured_only_for_near_centres_and_wanted_ones(
        monkeypatch, p):
    monkeypatch.setattr(module, 'ALL_PAIRS_COST', 0)
    monkeypatch.setattr(module, 'CANDIDATES_COST', 0)
    reader, table = parts(p=p)
    wanted = [(0, 5), (3, 1)]
    pairs = manifold_pairs(reader, False, 2**30, ResultCache(), wanted)
    assert pairs.candidates == 1
    centers = torch.stack([reader(c).mean(0) for c in range(6)])
    distance = torch.cdist(centers, centers).fill_diagonal_(torch.inf)
    for i, j in [*enumerate(distance.argmin(1).tolist()), *wanted]:
        assert pairs.separation[i, j] == pytest.approx(table[i, j], rel=1e-5)
        assert pairs.separation[j, i] == pytest.approx(table[j, i], rel=1e-5)
    assert len(pairs.separation) < 30


def test_all_pairs_that_do_not_fit_into_memory_are_not_attempted():
    reader, _ = parts()
    pairs = manifold_pairs(reader, False, 1000, ResultCache())
    assert pairs.candidates == 5


def test_absent_classes_have_no_nearest_manifold():
    bank = sphere_bank()
    keep = bank.labels != 2
    reader = ClassReader(bank.features, bank.labels, 6, keep)
    nearest = manifold_pairs(reader, False, 2**30, ResultCache()).nearest(6)
    assert nearest[2] is None
    assert all(found[0] != 2 for c, found in enumerate(nearest) if c != 2)
