# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""CR at several layers, without a run and in one."""
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from mmcurv.engine.curvature.hook import FeaturePoolHook
from tests.engine.curvature.test_step import (COUNTS, LABELS, LOSS, samples,
                                              step)
from tests.engine.curvature_run import (LAYER, CurvedClassifier, build,
                                        hook_of, pool_hook, scalars)

NAMES = ['a', 'b']
TWINS = [LAYER, 'head.twin']


@MODELS.register_module()
class TwinClassifier(CurvedClassifier):
    """Passes its features through a second layer as well."""

    def __init__(self):
        super().__init__()
        self.head.twin = nn.Identity()
        self.head.fc.register_forward_pre_hook(self._show_twin)

    def _show_twin(self, layer, args):
        self.head.twin(*args)


def two_steps():
    """A hook in training, as far as its steps need it."""
    hook = FeaturePoolHook(
        NAMES, start_epoch=2, curvature=dict(k=6), loss=dict(tau=1e12))
    for made in hook.steps.values():
        made.prepare(COUNTS, None)
    return hook


def run(hook, features, batch, epoch=10):
    """Term, None before the start, and measures of a batch."""
    hook.epoch, hook._measures = epoch, []
    losses = hook._add_curvature(list(features), batch, dict(loss=LOSS))
    return losses.get('loss_curvature'), hook._measures[0]


@pytest.fixture
def features():
    generator = torch.Generator().manual_seed(0)
    shape = (2, len(LABELS), 4)
    return torch.randn(shape, generator=generator).requires_grad_()


def test_term_and_measures_are_means_over_layers(features):
    term, measures = run(two_steps(), features, samples())
    alone = [step()(each, samples(), LOSS, 10, True) for each in features]
    assert term == (alone[0][0] + alone[1][0]) / 2
    for key in alone[0][1]:
        mean = (alone[0][1][key] + alone[1][1][key]) / 2
        assert measures[key] == mean


def test_each_layer_has_its_pool_its_gradient_and_its_measures(features):
    hook = two_steps()
    term, measures = run(hook, features, samples())
    term.backward()
    for i, name in enumerate(NAMES):
        own = features.detach()[i].requires_grad_()
        alone = step()
        alone_term, alone_measures = alone(own, samples(), LOSS, 10, True)
        (alone_term / 2).backward()
        assert torch.equal(features.grad[i], own.grad)
        assert torch.equal(hook.steps[name].curvature.pool.features,
                           alone.curvature.pool.features)
        for key in ('curvature_mean', 'log_curvature_mean',
                    'curvature_left_out'):
            assert measures[f'{key}/{name}'] == alone_measures[key]


def test_two_layers_with_one_feature_have_the_term_of_one(features):
    pair = features[:1].expand(2, -1, -1)
    term, _ = run(two_steps(), pair, samples())
    single, _ = step()(features[0], samples(), LOSS, 10, True)
    assert term == single


def test_nothing_is_added_before_the_start(features):
    term, measures = run(two_steps(), features, samples(), epoch=1)
    assert term is None and measures == dict(objective=LOSS)


def test_what_all_layers_complain_of_is_said_once(features):
    hook, mixed = two_steps(), torch.tensor([[0.6, 0.4]] * len(LABELS))
    said = []
    runner = SimpleNamespace(logger=SimpleNamespace(warning=said.append))
    run(hook, features, samples(scores=mixed), epoch=1)
    hook.after_train_epoch(runner)
    broken = features.detach().clone()
    broken[1, 0] = torch.nan
    run(hook, broken, samples(), epoch=1)
    hook.after_train_epoch(runner)
    assert len(said) == 2
    assert said[0].startswith('a, b: All 16 images')
    assert said[1].startswith('b: 1 features with NaN')


def twin_run(work_dir, layer, **config):
    runner = build(
        work_dir, pool_hook(layer=layer), model='TwinClassifier', **config)
    runner.train()
    return runner


@pytest.fixture(scope='module')
def twins(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('twins')
    return twin_run(work_dir, TWINS), work_dir


def test_run_with_one_feature_twice_is_that_with_one(twins, tmp_path):
    single = twin_run(tmp_path, LAYER)
    ours, theirs = (
        scalars(runner, 'loss_curvature') for runner in (twins[0], single))
    assert ours[0] == theirs[0]  # later ones differ by rounding
    assert ours == pytest.approx(theirs, rel=0.2)
    assert len(ours) == len(theirs)


def test_curvatures_of_each_layer_are_logged(twins):
    logged = twins[0].message_hub.log_scalars
    for name in TWINS:
        values = scalars(twins[0], f'curvature_mean/{name}')
        assert values[0] == scalars(twins[0], 'curvature_mean')[0]
        assert f'train/log_curvature_mean/{name}' in logged


def test_pools_of_a_resumed_run_are_those_of_the_uninterrupted(
        twins, tmp_path):
    whole, work_dir = twins
    resumed = twin_run(
        tmp_path, TWINS, load_from=str(work_dir / 'epoch_2.pth'), resume=True)
    for one, other in zip(whole.model.parameters(),
                          resumed.model.parameters()):
        assert torch.equal(one, other)
    for name in TWINS:
        pools = [
            hook_of(runner).steps[name].curvature.state_dict()
            for runner in (whole, resumed)
        ]
        for key, value in pools[0].items():
            torch.testing.assert_close(
                value, pools[1][key], rtol=0, atol=0, equal_nan=True)


def test_resume_with_another_number_of_layers_is_refused(twins, tmp_path):
    said = r"pools for \['head.fc'\], got those of \['head.fc', 'head.twin'\]"
    with pytest.raises(RuntimeError, match=said):
        twin_run(
            tmp_path,
            LAYER,
            max_epochs=4,
            load_from=str(twins[1] / 'epoch_3.pth'),
            resume=True)
