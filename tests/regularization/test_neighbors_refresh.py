# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""refresh='neighbors': what live points do as neighbours of stored ones."""
import pytest
import torch
import torch.nn.functional as F

from .pooled_runs import COUNTS, Drift, filled, owners, pooled

MANY = 1000  # stored points for each live one: all of them


def batch_of(drift, labels, size=9, drifted=False):
    if drifted:
        return drift.batch(size)
    images = torch.randperm(len(labels), generator=drift.generator)[:size]
    return images, drift.features[images].clone()


def gradient(curvature, features, labels, images):
    features = features.clone().requires_grad_()
    log_g = curvature(features, labels[images], images)
    log_g[:3].sum().backward()
    return features.grad


def primed(stored, labels, **options):
    curvature = filled(stored, labels, **options)
    curvature.measure_all()
    return curvature


@pytest.mark.parametrize('size', [1, 9, 30])
def test_all_stored_neighbours_give_the_gradient_of_all_points(size):
    labels = owners()
    drift = Drift(len(labels))
    images, features = batch_of(drift, labels, size)
    gradients = [
        gradient(
            primed(drift.features.clone(), labels, **options), features,
            labels, images)
        for options in (dict(refresh='all'),
                        dict(refresh='neighbors', sample=MANY),
                        dict(refresh='batch'))
    ]
    torch.testing.assert_close(gradients[1], gradients[0])
    if size < 30:
        assert (gradients[2] - gradients[0]).norm() > .1 * gradients[0].norm()


def test_a_sample_gives_the_gradient_of_all_points_in_expectation():
    labels = owners()
    drift = Drift(len(labels))
    images, features = batch_of(drift, labels, 6)
    stored = drift.features.clone()
    expected = gradient(
        primed(stored, labels, refresh='all'), features, labels, images)
    curvature = primed(stored, labels, refresh='neighbors')
    torch.manual_seed(0)
    draws = torch.stack(
        [gradient(curvature, features, labels, images) for _ in range(600)])
    error = draws.std(0) / len(draws)**.5
    outside = (draws.mean(0) - expected).abs() > 3.5 * error + 1e-9
    assert not outside.any()
    assert error.max() > 1e-6  # the draws do differ


def test_value_is_that_of_remembered_and_measured_points():
    labels = owners()
    drift = Drift(len(labels))
    stored = drift.features.clone()
    images, features = batch_of(drift, labels, drifted=True)
    one = primed(stored, labels, refresh='neighbors', sample=MANY)
    log_g = one(features, labels[images], images)
    exact = primed(
        stored, labels, refresh='all')(features, labels[images], images)
    plain = primed(stored, labels)(features, labels[images], images)
    # Stored points that have lost a live neighbour are measured, too.
    torch.testing.assert_close(log_g[:3], exact[:3], rtol=0, atol=.05)
    assert (plain - exact)[:3].abs().max() > (log_g - exact)[:3].abs().max()
    one.push(features, labels[images], images)
    torch.testing.assert_close(one.class_values(), log_g, equal_nan=True)


def test_drifting_features_keep_the_gradient_nearer_than_the_batch_alone():
    labels = torch.arange(120) % 2
    cosines = dict(batch=[], neighbors=[])
    for refresh, sample in (('batch', 1), ('neighbors', 4)):
        drift = Drift(120)
        own, exact = (
            pooled((60, 60), refresh=r, sample=sample)
            for r in (refresh, 'all'))
        for curvature in (own, exact):
            curvature.push(drift.features, labels, torch.arange(120))
        for _ in range(20):
            images, features = drift.batch(12)
            grads = [
                torch.autograd.grad(
                    c(moved, labels[images], images).sum(), moved)[0]
                for c, moved in ((c, features.clone().requires_grad_())
                                 for c in (own, exact))
            ]
            cosines[refresh].append(
                F.cosine_similarity(
                    grads[0].flatten(), grads[1].flatten(), dim=0).item())
            for curvature in (own, exact):
                curvature.push(features, labels[images], images)
    mean = {name: sum(c) / len(c) for name, c in cosines.items()}
    assert mean['neighbors'] > mean['batch'] + .02, mean


def test_neighbours_are_in_the_state_and_a_resumed_run_goes_on_exactly():
    labels = owners()
    drift = Drift(len(labels))
    first = primed(drift.features.clone(), labels, refresh='neighbors')
    images, features = batch_of(drift, labels, drifted=True)
    first(features, labels[images], images)
    first.push(features, labels[images], images)
    second = pooled(
        torch.bincount(labels, minlength=len(COUNTS)).tolist(),
        refresh='neighbors')
    second.load_state_dict(first.state_dict())
    images, features = batch_of(drift, labels, drifted=True)
    results = []
    for curvature in (first, second):
        torch.manual_seed(3)
        results.append(gradient(curvature, features, labels, images))
    assert torch.equal(*results)


def test_classes_too_small_to_measure_are_left_alone():
    labels = owners()
    drift = Drift(len(labels))
    curvature = primed(drift.features.clone(), labels, refresh='neighbors')
    images = (labels >= 3).nonzero()[:, 0]
    log_g = curvature(drift.features[images], labels[images], images)
    assert log_g[3:].isnan().all() and log_g[:3].isfinite().all()
    empty = torch.empty(0).long()
    curvature(drift.features[:0], empty, empty)


@pytest.mark.parametrize('options, message', [
    (dict(live='batch'), "needs live='pool', got 'batch'"),
    (dict(sample=0), 'sample'),
    (dict(sample=1.5), 'sample'),
])
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        pooled(refresh='neighbors', **options)
