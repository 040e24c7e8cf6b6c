# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.regularization import log_schedule


@pytest.mark.parametrize('tau, values', [
    (100, {
        6: 0.3891,
        10: 0.5,
        50: 0.8495,
        100: 1.0,
        150: 1.0880,
        200: 1.1505
    }),
    (120, {
        6: 0.3743,
        10: 0.4810,
        50: 0.8171,
        100: 0.9619,
        120: 1.0,
        200: 1.1067
    }),
])
def test_weights_are_those_of_the_papers_settings(tau, values):
    for epoch, value in values.items():
        assert log_schedule(epoch, tau) == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize('tau', [1.01, 2, 100, 1e6])
def test_schedule_starts_at_zero_is_one_at_tau_and_never_falls(tau):
    assert log_schedule(1, tau) == 0
    assert log_schedule(tau, tau) == 1
    values = [log_schedule(epoch, tau) for epoch in range(1, 201)]
    assert values == sorted(values)
    assert log_schedule(7, tau) == math.log(7, tau)


@pytest.mark.parametrize('tau', [1, 0.5, 0, -3, math.inf, math.nan])
def test_base_of_at_most_one_or_without_end_is_refused(tau):
    with pytest.raises(ValueError, match=f'greater than 1, got {tau}'):
        log_schedule(10, tau)


@pytest.mark.parametrize('epoch', [0, -1])
def test_epochs_are_counted_from_one(epoch):
    with pytest.raises(ValueError, match=f'from 1, got {epoch}'):
        log_schedule(epoch, 100)
