# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcurv.geometry.reduction import REDUCTIONS, reduce_by_class

ONE_CLASS = dict(
    mean=lambda values: np.log(np.mean(values)),
    geometric=lambda values: np.mean(np.log(values)),
    median=lambda values: np.log(np.median(values)))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(REDUCTIONS),
    st.lists(
        st.tuples(
            st.one_of(st.just(0.), st.just(math.nan), st.floats(1e-3, 1e3)),
            st.integers(0, 3)),
        max_size=30))
def test_reduction_equals_numpy_class_by_class(reduction, samples):
    values = np.array([value for value, _ in samples], dtype=np.float64)
    labels = np.array([label for _, label in samples], dtype=np.int64)
    result = reduce_by_class(
        torch.from_numpy(values).log(), torch.from_numpy(labels), 4, reduction)
    for c in range(4):
        own = values[(labels == c) & ~np.isnan(values)]
        if len(own) == 0:
            assert result[c].isnan()
            continue
        with np.errstate(divide='ignore'):
            expected = ONE_CLASS[reduction](own)
        assert result[c].item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('reduction', REDUCTIONS)
def test_reduction_neither_over_nor_underflows(reduction):
    for shift in (-1e4, 1e4):
        logs = torch.tensor([shift, shift + 1, shift + 2]).double()
        result = reduce_by_class(logs, torch.zeros(3).long(), 1, reduction)
        assert shift <= result.item() <= shift + 2


@pytest.mark.parametrize('reduction', ['mean', 'median'])
def test_gradient_is_finite_beside_flat_and_undetermined_points(reduction):
    logs = torch.tensor([0.5, -math.inf, math.nan, 1., 0.7,
                         -math.inf]).double().requires_grad_()
    labels = torch.tensor([0, 0, 0, 0, 0, 1])
    result = reduce_by_class(logs, labels, 2, reduction)
    result[0].backward()
    assert logs.grad.isfinite().all()
    assert (logs.grad[[1, 2, 5]] == 0).all()
