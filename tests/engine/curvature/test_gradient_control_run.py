# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs whose regularizer pulls as strongly as a part of the losses."""
import math

import pytest
import torch
from torch import nn

from mmcurv.engine.curvature.hook import FeaturePoolHook, loss_gradients
from mmcurv.regularization import gradient_control
from tests.engine.curvature.test_step import COUNTS, LABELS, samples
from tests.engine.curvature_run import (build, hook_of, pool_hook, scalars,
                                        step_of)
from tests.engine.runner_log import log_of

MEASURES = ['curvature', 'spread', 'tangent', 'random']
GRADIENT = dict(control='gradient', loss={})


def hook_in_training(names='a', **options):
    """A hook in training, as far as its steps need it."""
    options = dict(dict(control='gradient', alpha=0.3), **options)
    hook = FeaturePoolHook(
        names, start_epoch=2, curvature=dict(k=6), **options)
    for step in hook.steps.values():
        step.prepare(COUNTS, None)
    hook._measures = []
    hook.epoch = 1  # fills the pool, which tangent spaces ask for
    filling = [own.detach() + 0.1 for own in features_of(names)]
    hook._add_curvature(filling, samples(), losses_of(filling))
    hook.epoch, hook._measures = 10, []
    return hook


def features_of(names='a', dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    shape = (len(names), len(LABELS), 4)
    points = torch.randn(shape, generator=generator)
    return [own.to(dtype).requires_grad_() for own in points]


def losses_of(features):
    weights = torch.arange(1., 1 + len(features))
    labels = torch.tensor(LABELS)
    parts = [
        weight * nn.functional.cross_entropy(own.float(), labels)
        for weight, own in zip(weights, features)
    ]
    return dict(loss=sum(parts))


def pull(hook, features, scale=1.):
    """Gradients of the losses and of the term in the features."""
    losses = losses_of(features)
    own = torch.autograd.grad(
        losses['loss'] * scale, features, retain_graph=True)
    hook.tap.taken = features
    term = hook._add_curvature(features, samples(), losses)['loss_curvature']
    assert term == 0
    return own, torch.autograd.grad(term * scale, features)


@pytest.mark.parametrize('measure', MEASURES)
def test_each_layer_is_pulled_in_its_own_ratio(measure):
    hook = hook_in_training(['a', 'b'], measure=measure)
    for theirs, ours in zip(*pull(hook, features_of('ab'))):
        ratio = (ours.norm() / theirs.norm()).item()
        assert ratio == pytest.approx(0.3, rel=1e-5)
    measures = hook._measures[0]
    assert measures['gradient_damping'] == 1
    assert (f'{measure}_mean/a' in measures) == (measure != 'random')


def test_measures_pull_in_their_own_directions():
    pulls = [
        pull(hook_in_training(measure=measure), features_of())[1][0]
        for measure in MEASURES
    ]
    for i, one in enumerate(pulls):
        for other in pulls[:i]:
            assert not torch.allclose(one, other, rtol=0.1)


def test_descent_along_the_pull_lowers_the_spread():
    hook = hook_in_training(measure='spread')
    features = features_of()
    _, (slope, ) = pull(hook, features)
    values = []
    for moved in (features[0], features[0] - 0.1 * slope / slope.norm()):
        other = hook_in_training(measure='spread')
        pull(other, [moved.detach().requires_grad_()])
        values.append(other._measures[0]['log_spread_mean'])
    assert values[1] < values[0]


@pytest.mark.parametrize('scale', [2.**-10, 65536.])
def test_scaled_losses_have_the_ratio_in_half_precision(scale):
    """A loss is scaled after the term was added, as GradScaler does."""
    (theirs, ), (ours, ) = pull(hook_in_training(),
                                features_of(dtype=torch.float16), scale)
    if scale > 1:  # 2^-10 / 16 is too small for float16 itself
        ratio = (ours.double().norm() / theirs.double().norm()).item()
        assert ratio == pytest.approx(0.3, rel=5e-3)
    wide = pull(hook_in_training(), features_of())[1][0] * scale
    assert (ours - wide).norm() < 0.02 * wide.norm()


def test_small_gradients_in_half_precision_are_not_lost():
    """Of a mean over a batch, they would round to 0 without a scale."""
    features = torch.ones(4096, 1, dtype=torch.float16, requires_grad=True)
    loss = (features * 1e-4).float().mean()
    assert not torch.autograd.grad(loss, features, retain_graph=True)[0].any()
    found, = loss_gradients(loss, [features], ['a'])
    torch.testing.assert_close(
        found, torch.full_like(found, 1e-4 / 4096), rtol=1e-2, atol=0)


def test_frozen_features_are_not_pulled():
    hook = hook_in_training()
    features = [own.detach() for own in features_of()]
    hook.tap.taken = features
    losses = hook._add_curvature(features, samples(), losses_of(features))
    assert losses['loss_curvature'] == 0
    assert not losses['loss_curvature'].requires_grad


def test_a_layer_that_adds_nothing_to_the_losses_is_refused():
    hook, features = hook_in_training(), features_of()
    hook.tap.taken = [features[0] * 1]
    with pytest.raises(RuntimeError, match='found no way .* layer a'):
        hook._add_curvature(features, samples(), losses_of(features))


@pytest.mark.parametrize('spoiled', ['features', 'loss'])
def test_a_broken_batch_leaves_the_term_out_and_is_told(spoiled):
    hook, features = hook_in_training(), features_of()
    with torch.no_grad():
        features[0][0, 0] = math.nan
    losses = losses_of(features)
    if spoiled == 'loss':
        losses['loss'] = losses['loss'] * math.inf
    hook.tap.taken = features
    term = hook._add_curvature(features, samples(), losses)['loss_curvature']
    assert not torch.autograd.grad(term, features)[0].any()
    said = list(hook.steps['a'].complaints())
    assert any('left out in 1 steps' in text for text in said)


@pytest.mark.parametrize('measure', MEASURES)
@pytest.mark.parametrize('refresh', ['batch', 'neighbors'])
def test_resumed_run_goes_on_bit_for_bit(tmp_path, measure, refresh,
                                         monkeypatch):
    monkeypatch.setattr(gradient_control, 'WINDOW', 4)
    hook = pool_hook(
        measure=measure, refresh=refresh, live='pool', alpha=5., **GRADIENT)
    whole = build(tmp_path / 'whole', hook, max_epochs=4)
    whole.train()
    resumed = build(
        tmp_path / 'resumed',
        hook,
        max_epochs=4,
        load_from=str(tmp_path / 'whole/epoch_2.pth'),
        resume=True)
    resumed.train()
    for one, other in zip(whole.model.parameters(),
                          resumed.model.parameters()):
        assert torch.equal(one, other)
    ours, theirs = (
        step_of(run).control.state_dict() for run in (whole, resumed))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert ours['steps'][0] == 44


def test_a_rising_loss_damps_the_term_and_is_told(monkeypatch):
    monkeypatch.setattr(gradient_control, 'WINDOW', 4)
    hook, ratios = hook_in_training(alpha=0.4), []
    for number in range(11):  # after the one that filled the pool
        features = features_of()
        losses = {
            name: loss * (1 + number)
            for name, loss in losses_of(features).items()
        }
        theirs, = torch.autograd.grad(
            losses['loss'], features, retain_graph=True)
        hook.tap.taken = features
        term = hook._add_curvature(features, samples(), losses)
        ours, = torch.autograd.grad(term['loss_curvature'], features)
        ratios.append((ours.norm() / theirs.norm()).item())
    assert ratios == pytest.approx([0.4] * 6 + [0.2] * 4 + [0.1], rel=1e-4)
    damping = [measures['gradient_damping'] for measures in hook._measures]
    assert damping == [1] * 6 + [0.5] * 4 + [0.25]
    said = list(hook.steps['a'].complaints())
    assert said[0].startswith('The training loss rose under loss_curvature')
    assert '2 times' in said[0] and '0.25 of alpha' in said[0]
    assert not list(hook.steps['a'].complaints())


def test_ordinary_run_is_not_damped(tmp_path, monkeypatch):
    monkeypatch.setattr(gradient_control, 'WINDOW', 11)
    runner = build(tmp_path, pool_hook(measure='spread', **GRADIENT))
    runner.train()
    damping = scalars(runner, 'gradient_damping')
    assert len(damping) == 22 and min(damping) == 1


def test_accumulated_gradients_have_the_ratio_of_each_batch(tmp_path):
    """Two halves of a step: loss and pull are divided alike."""
    seen = []
    runner = build(
        tmp_path,
        pool_hook(alpha=0.3, **GRADIENT),
        max_epochs=2,
        optim_wrapper=dict(
            accumulative_counts=2, optimizer=dict(type='SGD', lr=0.1)))
    hook = hook_of(runner)
    add = hook.tap.callback

    def watched(features, samples, losses):
        plain, = torch.autograd.grad(
            losses['loss'], features, retain_graph=True)
        losses = add(features, samples, losses)
        slopes = []
        features[0].register_hook(slopes.append)
        seen.append((plain / 2, slopes))
        return losses

    hook.tap.callback = watched
    runner.train()
    for plain, (slope, ) in seen[11:]:
        ratio = (slope - plain).norm() / plain.norm()
        assert ratio.item() == pytest.approx(0.3, rel=1e-3)


@pytest.mark.slow
def test_compiled_model_is_refused(tmp_path):
    torch.compiler.reset()
    runner = build(
        tmp_path,
        pool_hook(**GRADIENT),
        cfg=dict(compile=dict(backend='aot_eager')),
        max_epochs=2)
    with pytest.raises(RuntimeError, match='train without compile'):
        runner.train()
    torch.compiler.reset()


def test_log_says_measure_and_strength(tmp_path):
    runner = build(tmp_path, pool_hook(measure='spread', **GRADIENT))
    said = log_of(runner)
    runner.train()
    assert any(
        "measure 'spread', controlled by gradient with alpha 0.03" in text
        for text in said)
    assert hook_of(runner).options['alpha'] == 0.03
