# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.paper_figures import closed_forms


def test_measured_spheres_meet_the_closed_form():
    record = closed_forms.measure_spheres(num_points=4000, distances=(0., 4.))
    for case in record['cases']:
        for points in case['curves'].values():
            for point in points:
                assert point['measured'] == pytest.approx(
                    point['true'], abs=0.05)


def test_equal_spheres_have_equal_degrees_and_the_larger_one_the_larger():
    record = closed_forms.measure_spheres(num_points=50)
    equal, unequal, _ = record['cases']
    for point in equal['curves']['Algorithm 2']:
        assert point['true'][0] == pytest.approx(point['true'][1])
    for point in unequal['curves']['Algorithm 2']:
        assert point['true'][1] > point['true'][0]


def test_printed_waves_are_flat_and_the_crossed_ones_are_not():
    record = closed_forms.measure_surfaces(
        num_points=80, neighbors=(10, ), steps=2)
    truth = {s['name']: s['true'] for s in record['surfaces']}
    assert truth['printed waves'] == [0, 0]
    assert min(truth['crossed waves']) > 0
    assert all(len(s['estimates']['10']) == 2 for s in record['surfaces'])


def test_used_loss_flattens_and_the_rejected_one_curves():
    default = 'hard max, detached (default)'
    used = closed_forms.measure_used()['variants'][default]
    rejected = closed_forms.measure_rejected()['variants'][default]
    assert set(used['slope_moving']) == {1.}
    assert set(rejected['slope_moving']) == {-1.}


def test_gradient_through_the_max_raises_the_flattest_class():
    record = closed_forms.measure_used()
    slopes = record['variants']['hard max with gradient']['slope_moving']
    below = np.array(record['curvature']) < 0.99
    assert set(np.array(slopes)[below]) == {-1.}


def test_loss_of_balanced_classes_is_zero_in_both_forms():
    for record in (closed_forms.measure_used(),
                   closed_forms.measure_rejected()):
        middle = len(record['curvature']) // 2
        curves = record['variants']['hard max, detached (default)']
        assert record['curvature'][middle] == pytest.approx(1)
        assert curves['loss'][middle] == pytest.approx(0, abs=1e-12)
