# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy
import pickle

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from mmcurv.engine.curvature.feature_tap import FeatureTap
from mmcurv.engine.extraction.layers import classifier_layers, find_layer


class Toy(nn.Module):
    """``times`` says how often the classifier runs; ``wrap`` checkpoints."""

    def __init__(self, times=1, wrap=None, layer=None):
        super().__init__()
        self.backbone = nn.Linear(3, 4)
        self.head = nn.Module()
        self.head.fc = layer or nn.Linear(4, 2)
        self.times = times
        self.wrap = wrap

    def scores(self, features):
        for _ in range(self.times):
            scores = self.head.fc(features)
        return scores if self.times else features

    def forward(self, inputs, data_samples=None, mode='tensor'):
        features = self.backbone(inputs)
        if self.wrap:
            scores = self.wrap(self.scores, features)
        else:
            scores = self.scores(features)
        return dict(loss=scores.sum()) if mode == 'loss' else scores


class Callback:
    """Keeps what it is called with and adds a loss."""

    def __init__(self):
        self.calls = []

    def __call__(self, features, data_samples, losses):
        own, = features
        self.calls.append((own, data_samples))
        return {**losses, 'loss_curvature': own.square().sum()}


@pytest.fixture
def callback():
    return Callback()


def attached(model, callback, layer='head.fc'):
    tap = FeatureTap(layer, callback)
    tap.attach(model)
    return tap


def num_hooks(model):
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks)
        for module in model.modules())


def test_feature_is_the_input_of_the_layer_with_its_graph(callback):
    model, x = Toy(), torch.randn(5, 3)
    attached(model, callback)
    losses = model(inputs=x, data_samples=['s'] * 5, mode='loss')
    (features, samples), = callback.calls
    assert samples == ['s'] * 5
    assert torch.equal(features, model.backbone(x))
    losses['loss_curvature'].backward()
    assert model.backbone.weight.grad.abs().sum() > 0
    assert model.head.fc.weight.grad is None


def test_arguments_may_be_positional(callback):
    model = Toy()
    attached(model, callback)
    assert 'loss_curvature' in model(torch.randn(5, 3), ['s'] * 5, 'loss')
    assert callback.calls[0][1] == ['s'] * 5


def test_other_modes_and_no_gradient_are_left_alone(callback):
    model, x = Toy(), torch.randn(5, 3)
    expected = model(x)
    tap = attached(model, callback)
    assert torch.equal(model(x), expected)
    assert torch.equal(model(inputs=x, mode='predict'), expected)
    with torch.no_grad():
        assert list(model(x, mode='loss')) == ['loss']
    assert callback.calls == []
    assert tap._inputs is None


def test_output_that_is_no_dict_of_losses_is_left_alone(callback):
    model = nn.Module()
    model.head, model.forward = nn.Linear(3, 2), lambda x, mode: x
    attached(model, callback, layer='head')
    assert model(x=torch.ones(1), mode='loss') == 1
    assert callback.calls == []


def test_misspelt_layer_lists_candidates_and_suggests_one(callback):
    words = (
        r"layer: 'head.fcc' is no layer of Toy\. Did you mean 'head\.fc'\?"
        r".*: 'backbone', 'head\.fc'\.")
    with pytest.raises(ValueError, match=words):
        attached(Toy(), callback, layer='head.fcc')
    with pytest.raises(
            ValueError, match="layer: '' is no layer of Toy. It has"):
        find_layer(Toy(), '')


def test_model_without_a_classifier_says_none():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1))
    assert classifier_layers(model) == []
    with pytest.raises(ValueError, match='layers of this model: none'):
        find_layer(model, 'zzz')


def test_layer_that_runs_twice_is_refused(callback):
    model = Toy(times=2)
    attached(model, callback)
    with pytest.raises(RuntimeError, match="'head.fc'.*ran 2 times.*several"):
        model(torch.randn(5, 3), mode='loss')


def test_layer_that_does_not_run_is_refused(callback):
    model = Toy(times=0)
    attached(model, callback)
    with pytest.raises(RuntimeError, match='ran 0 times: it was not run'):
        model(torch.randn(5, 3), mode='loss')


def test_layer_inside_a_reentrant_checkpoint_is_refused(callback):
    model = Toy(wrap=lambda f, x: checkpoint(f, x, use_reentrant=True))
    attached(model, callback)
    with pytest.raises(RuntimeError, match='re-entrant activation checkpoint'):
        model(torch.randn(5, 3), mode='loss')


def test_layer_inside_a_checkpoint_that_is_not_reentrant_is_fine(callback):
    x, grads = torch.randn(5, 3), []
    for wrap in (None, lambda f, y: checkpoint(f, y, use_reentrant=False)):
        torch.manual_seed(0)
        model = Toy(wrap=wrap)
        attached(model, callback)
        sum(model(x, mode='loss').values()).backward()
        grads.append(model.backbone.weight.grad)
    assert len(callback.calls) == 2  # the second run of the layer is not seen
    assert torch.equal(*grads)


@pytest.mark.parametrize('reentrant', [True, False])
def test_checkpoint_before_the_layer_is_fine(callback, reentrant):
    model = Toy()
    backbone = model.backbone
    model.backbone = nn.Linear(3, 3)
    model.scores = lambda x: model.head.fc(
        checkpoint(backbone, x, use_reentrant=reentrant))
    attached(model, callback)
    model(torch.randn(5, 3), mode='loss')['loss_curvature'].backward()
    assert backbone.weight.grad.abs().sum() > 0


class Map(nn.Module):
    """Feeds its layer with what ``shape`` makes of the features."""

    def __init__(self, shape):
        super().__init__()
        self.shape, self.inner = shape, nn.Identity()

    def forward(self, x):
        self.inner(self.shape(x))
        return x


def tapped_input(callback, shape):
    model = Toy(layer=Map(shape))
    attached(model, callback, layer='head.fc.inner')
    model(torch.randn(5, 3), mode='loss')
    return callback.calls[0][0]


def test_pooled_map_of_one_pixel_is_a_vector(callback):
    assert tapped_input(callback,
                        lambda x: x[:, :, None, None]).shape == (5, 4)


@pytest.mark.parametrize('shape, got', [
    (lambda x: x.view(5, 1, 2, 2), r'\(5, 1, 2, 2\)'),
    (lambda x: x[0], r'\(4,\)'),
    (lambda x: (x, x), 'tuple'),
])
def test_input_that_is_no_vector_per_image_is_refused(callback, shape, got):
    with pytest.raises(
            RuntimeError,
            match=r"'head.fc.inner' must have .*\(B, p\).*" + got):
        tapped_input(callback, shape)


@pytest.mark.parametrize(
    'duplicate', [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copy_of_a_tapped_model_carries_an_inert_tap(callback, duplicate):
    model = Toy()
    attached(model, callback)
    twin = duplicate(model)
    assert list(twin(torch.randn(5, 3), mode='loss')) == ['loss']
    assert callback.calls == []
    assert 'loss_curvature' in model(torch.randn(5, 3), mode='loss')


def test_model_can_be_copied_while_it_computes_losses(callback):
    model, twins = Toy(), []
    attached(model, callback)
    model.head.fc.register_forward_hook(
        lambda *_: twins.append(copy.deepcopy(model.head.fc)))
    assert 'loss_curvature' in model(torch.randn(5, 3), mode='loss')
    assert torch.equal(twins[0].weight, model.head.fc.weight)


def test_detached_model_has_no_hooks_and_can_be_scripted(callback):
    model = Toy()
    tap = attached(model, callback)
    assert num_hooks(model) == 3
    tap.detach()
    assert num_hooks(model) == 0
    x = torch.randn(2, 4)
    assert torch.equal(torch.jit.script(model.head.fc)(x), model.head.fc(x))


def test_attaching_again_does_not_tap_twice(callback):
    model = Toy()
    tap = attached(model, callback)
    tap.attach(model)
    assert num_hooks(model) == 3
    model(torch.randn(5, 3), mode='loss')
    assert len(callback.calls) == 1


def test_tap_left_behind_by_another_run_is_removed(callback):
    model, stale = Toy(), Callback()
    attached(model, stale)
    attached(model, callback)
    model(torch.randn(5, 3), mode='loss')
    assert len(callback.calls) == 1
    assert stale.calls == []
    assert num_hooks(model) == 3


def test_failed_step_leaves_nothing_for_the_next_one(callback):
    model = Toy()
    attached(model, callback)
    with pytest.raises(RuntimeError, match='shapes'):
        model(torch.randn(5, 9), mode='loss')
    model(torch.randn(5, 3), mode='loss')
    assert len(callback.calls) == 1


def test_state_dict_has_no_trace_of_the_tap(callback):
    model = Toy()
    keys = list(model.state_dict())
    attached(model, callback)
    assert list(model.state_dict()) == keys
