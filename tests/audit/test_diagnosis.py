# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest
import torch
from scipy import stats

from mmcurv.audit import diagnosis as module
from mmcurv.audit.audit_record import audit_banks
from mmcurv.audit.diagnosis import PrincipalCoordinates, settings
from mmcurv.audit.options import AuditOptions
from mmcurv.geometry import class_curvature, knn, point_curvature
from tests.audit.sphere_bank import sphere_bank


def cloud(n=120, p=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(n, p, generator=generator, dtype=torch.float64)
    return points * torch.logspace(0, -1, p).double()


def principal(points, k, m, *memory):
    return PrincipalCoordinates(points, knn(points, k), m, *memory)


@pytest.mark.parametrize('normal', ['smallest', 'next'])
@pytest.mark.parametrize('m, fit', [(2, 'ridge'), (3, 'symmetric'),
                                    (4, 'paper'), (6, 'ridge')])
@pytest.mark.parametrize('p', [4, 12, 60])
def test_principal_coordinates_have_the_curvature_of_their_points(
        normal, m, fit, p):
    points = cloud(p=p)
    found = principal(points, 25, 6).curvature(m, [fit], 1e-4)[normal, fit]
    direct = point_curvature(
        points, k=25, tangent_dim=m, normal=normal, fit=fit)
    for own, expected in zip(found, (direct.log_abs_det, direct.residual)):
        torch.testing.assert_close(
            own, expected, rtol=1e-6, atol=1e-8, equal_nan=True)


def test_principal_coordinates_in_little_memory_are_the_same():
    points = cloud()
    a, b = (
        principal(points, 25, 4, *bound).curvature(3, ['symmetric'], 0)
        for bound in ((), (1, )))
    torch.testing.assert_close(a['smallest', 'symmetric'], b['smallest',
                                                             'symmetric'])


def test_least_squares_of_the_paper_are_the_symmetric_ones():
    axes = principal(cloud(), 25, 6)
    for m in (2, 3, 4, 6):
        found = axes.curvature(m, ['paper', 'symmetric'], 0)
        for normal in ('smallest', 'next'):
            torch.testing.assert_close(found[normal, 'paper'],
                                       found[normal, 'symmetric'])


def test_point_without_a_curvature_has_none_in_principal_coordinates():
    points = cloud(30, 4)
    points[5:] = points[4]
    found = principal(points, 20, 2).curvature(2, ['ridge'], 1e-4)
    for normal in ('smallest', 'next'):
        direct = point_curvature(points, k=20, normal=normal).log_abs_det
        own = found[normal, 'ridge'][0]
        assert torch.equal(own.isnan(), direct.isnan())
        assert own.isnan().any()


def test_settings_are_those_that_determine_a_fit_and_hold_the_default():
    tried = settings(AuditOptions(k=25, tangent_dim=5))
    assert len(set(tried)) == len(tried)
    assert all(setting.tangent_dim * (setting.tangent_dim + 1) //
               2 <= setting.k for setting in tried)
    assert (25, 5, 'smallest', 'ridge') in tried
    assert {setting.k for setting in tried} == {10, 20, 25, 31, 40, 60}


def thick_bank(counts=(120, 90, 70, 60, 50, 45)):
    """Spheres that extend in every direction, so that all m have a fit."""
    bank = sphere_bank(counts, p=8)
    noise = np.random.default_rng(5).normal(0, 0.2, bank.features.shape)
    bank.features = (bank.features + noise).astype(np.float32)
    return bank


@pytest.fixture(scope='module')
def record():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, 'NEIGHBORS', (10, 40))
        patch.setattr(module, 'TANGENT_DIMS', (2, 3))
        options = AuditOptions(class_size='all')
        return audit_banks(thick_bank(), options=options, with_diagnosis=True)


def test_each_row_is_the_class_curvature_under_its_options(record):
    bank = thick_bank()
    features = torch.from_numpy(bank.features)
    labels = torch.from_numpy(bank.labels)
    accuracy = [row['accuracy'] for row in record['classes']]
    default = class_curvature(features, labels, 6).log_value
    rows = record['diagnosis']['rows']
    assert len(rows) == 2 * 2 * 2 * 2 * 3
    for row in rows:
        direct = class_curvature(
            features,
            labels,
            6,
            k=row['k'],
            tangent_dim=row['tangent_dim'],
            normal=row['normal'],
            fit=row['fit'],
            reduction=row['reduction'])
        assert row['pearson'] == pytest.approx(
            stats.pearsonr(direct.value, accuracy).statistic, abs=1e-3)
        assert row['unusable_share'] == pytest.approx(
            1 - direct.points_used.sum().item() / 435)
        assert row['kendall_to_default'] == pytest.approx(
            stats.kendalltau(direct.log_value, default).statistic, abs=1e-3)


def test_default_row_is_the_audit_itself(record):
    row, = (row for row in record['diagnosis']['rows'] if row['is_default'])
    assert row['kendall_to_default'] == pytest.approx(1)
    assert row['pearson'] == pytest.approx(
        record['correlation']['curvature']['pearson'], abs=1e-3)
    assert row['scale'] == 'raw'
    assert row['residual'] == pytest.approx(
        np.median([row['fit_residual'] for row in record['classes']]),
        abs=1e-3)


def test_classes_too_small_for_a_setting_are_counted(monkeypatch):
    monkeypatch.setattr(module, 'NEIGHBORS', (10, ))
    monkeypatch.setattr(module, 'TANGENT_DIMS', (2, 4))
    record = audit_banks(thick_bank((60, 60, 60, 8, 1)), with_diagnosis=True)
    found = {
        row['tangent_dim']: row
        for row in record['diagnosis']['rows']
        if row['k'] == 10 and row['fit'] == 'ridge'
    }
    assert found[2]['classes'] == 4
    assert found[4]['classes'] == 3
    assert found[2]['unusable_share'] == pytest.approx(1 / 189)
    assert found[4]['unusable_share'] == pytest.approx(9 / 189)


def test_diagnosis_without_accuracies_still_ranks(monkeypatch):
    monkeypatch.setattr(module, 'NEIGHBORS', (10, ))
    monkeypatch.setattr(module, 'TANGENT_DIMS', (2, ))
    record = audit_banks(sphere_bank(predictions=None), with_diagnosis=True)
    rows = record['diagnosis']['rows']
    assert all(math.isnan(row['pearson']) for row in rows)
    assert all(math.isfinite(row['kendall_to_default']) for row in rows)
