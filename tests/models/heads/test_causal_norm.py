# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample

from mmcurv.engine.extraction.layers import last_classifier
from mmcurv.models import CausalNormHead
from mmcurv.models.heads.causal_norm import (CausalNormLinear,
                                             causal_norm_logits)
from mmcurv.samples import mark_pairs
from tests.engine.curvature_run import pool_of, scalars
from tests.engine.image_run import build
from tests.reference.causal_norm_loop import causal_norm_loop

OPTIONS = dict(num_heads=2, tau=16., gamma=1 / 32)
LAYER = dict(OPTIONS, alpha=1., mu=0.9)


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def layer(**options):
    torch.manual_seed(0)
    return CausalNormLinear(6, 3, **dict(LAYER, **options))


@pytest.mark.parametrize('alpha', [0., 1., 1.5])
@pytest.mark.parametrize('num_heads', [1, 2, 3])
def test_logits_are_those_of_the_slow_loop(alpha, num_heads):
    x, w, d = drawn(4, 6), drawn(5, 6, seed=1), drawn(6, seed=2)
    options = dict(alpha=alpha, num_heads=num_heads, tau=16., gamma=1 / 32)
    expected = causal_norm_loop(x.tolist(), w.tolist(), d.tolist(), **options)
    torch.testing.assert_close(
        causal_norm_logits(x, w, d, **options),
        torch.tensor(expected, dtype=torch.float64))


def test_logit_of_a_right_triangle():
    x, w = torch.tensor([[3., 4.]]), torch.tensor([[0., 3.]])
    logit = causal_norm_logits(x, w, num_heads=1, tau=10., gamma=1.)
    assert logit.item() == pytest.approx(10 * 4 / 5 * 3 / 4)


def test_whole_removal_leaves_nothing_along_the_moving_feature():
    x, d = drawn(4, 6), drawn(6, seed=1)
    logits = causal_norm_logits(x, d[None], d, alpha=1., num_heads=1)
    assert logits.abs().max() < 1e-12


def test_only_directions_of_feature_and_moving_feature_enter():
    x, w, d = drawn(4, 6), drawn(5, 6, seed=1), drawn(6, seed=2)
    torch.testing.assert_close(
        causal_norm_logits(7 * x, w, 100 * d, 1.5, **OPTIONS),
        causal_norm_logits(x, w, d, 1.5, **OPTIONS))


def test_gradient_is_that_of_finite_differences():
    w, d = drawn(3, 6, seed=1).requires_grad_(), drawn(6, seed=2)
    x = drawn(2, 6).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, w: causal_norm_logits(x, w, d, 1.5), (x, w))


def test_alpha_acts_at_test_only():
    x = drawn(4, 6).float()
    with_it, without = layer(alpha=3.), layer(alpha=0.)
    trained = with_it(x), without(x)
    assert torch.equal(*trained)
    assert torch.equal(without.eval()(x), trained[1])
    assert not torch.allclose(with_it.eval()(x), trained[0])


def test_nothing_is_removed_before_the_first_step():
    x, tested = drawn(4, 6).float(), layer(alpha=3.).eval()
    assert not tested.moving_feature.any()
    assert torch.equal(tested(x), layer()(x))


def test_slice_of_zeros_counts_as_no_direction():
    x, trained = torch.zeros(2, 6), layer()
    x[0, :3] = 1
    logits = trained(x)
    assert logits[0].any() and not logits[1].any()
    assert torch.isfinite(trained.eval()(x)).all()


def test_moving_feature_adds_the_mean_to_its_share():
    trained, x = layer(mu=0.5), [drawn(4, 6, seed=s).float() for s in (1, 2)]
    trained(x[0]), trained(x[1])
    torch.testing.assert_close(trained.moving_feature,
                               0.5 * x[0].mean(0) + x[1].mean(0))


def test_moving_feature_takes_no_gradient_and_gives_none():
    x = drawn(4, 6).float().requires_grad_()
    trained = layer()
    trained(x)
    assert not trained.moving_feature.requires_grad
    assert [name for name, _ in trained.named_parameters()] == ['weight']


def test_moving_feature_rests_at_test_and_where_nothing_is_learnt():
    tested = layer()
    with torch.no_grad():
        tested(drawn(4, 6).float())
    tested.eval()(drawn(4, 6).float())
    assert not tested.moving_feature.any()


def test_moving_feature_is_saved_with_the_weights():
    trained, other = layer(), CausalNormLinear(6, 3, **LAYER)
    trained(drawn(4, 6).float())
    other.load_state_dict(trained.state_dict())
    assert other.moving_feature.any()
    assert torch.equal(other.moving_feature, trained.moving_feature)


def test_moving_feature_keeps_its_precision_under_autocast():
    trained = layer()
    with torch.autocast('cpu', torch.bfloat16):
        trained(drawn(4, 6).bfloat16())
    assert trained.moving_feature.dtype == torch.float32
    assert trained.moving_feature.any()


def test_weights_start_uniform_within_one_over_the_root_of_the_width():
    weight = CausalNormLinear(128, 100, **LAYER).weight
    bound = 1 / math.sqrt(128)
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=.02)


@pytest.mark.parametrize('num_heads', [0, 4])
def test_heads_that_do_not_divide_the_feature_are_refused(num_heads):
    words = f'num_heads={num_heads} and 6 features'
    with pytest.raises(ValueError, match=words):
        layer(num_heads=num_heads)


def classifier(width=16, depth=32, num_classes=10, **head):
    return dict(
        type='ImageClassifier',
        backbone=dict(
            type='mmcurv.DualBranchResNet', depth=depth, base_channels=width),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='mmcurv.CausalNormHead',
            num_classes=num_classes,
            in_channels=8 * width,
            **head))


def runner(work_dir, head=None, hooks=(), **options):
    model = classifier(width=2, depth=14, num_classes=3, **(head or {}))
    return build(work_dir, model=model, hooks=hooks, **options)


def head_and_batch():
    torch.manual_seed(0)
    head = CausalNormHead(3, 4)
    samples = [DataSample().set_gt_label(c) for c in (0, 2, 1)]
    return head, (torch.randn(3, 4), ), samples


@pytest.mark.parametrize('num_classes', [10, 100])
def test_classifier_adds_a_weight_and_no_bias(num_classes):
    model = MMPRETRAIN_MODELS.build(classifier(num_classes=num_classes))
    parameters = sum(p.numel() for p in model.parameters())
    assert parameters == 537488 + 128 * num_classes
    assert last_classifier(model, num_classes) == 'head.fc'


def test_loss_is_the_cross_entropy_of_the_training_logits():
    head, feats, samples = head_and_batch()
    expected = F.cross_entropy(head(feats), torch.tensor([0, 2, 1]))
    assert torch.equal(head.loss(feats, samples)['loss'], expected)


def test_prediction_is_the_softmax_with_the_moving_feature_removed():
    head, feats, samples = head_and_batch()
    logits = head(feats)
    head.eval()
    scores = torch.stack([s.pred_score for s in head.predict(feats, samples)])
    assert torch.equal(scores, head.fc(feats[0]).softmax(1))
    assert not torch.allclose(scores, logits.softmax(1))


def test_mixed_images_have_the_loss_of_both_labels():
    head, feats, samples = head_and_batch()
    first = head.loss(feats, samples)['loss']
    mark_pairs(samples, torch.tensor([1, 1, 1]), 0.7)
    second = F.cross_entropy(head(feats), torch.tensor([1, 1, 1]))
    torch.testing.assert_close(
        head.loss(feats, samples)['loss'], 0.7 * first + 0.3 * second)


@pytest.mark.parametrize('mu', [1.1, -0.1])
def test_other_momenta_are_refused(mu):
    with pytest.raises(ValueError, match=f'mu must be in .* got {mu}'):
        CausalNormHead(3, 4, mu=mu)


def test_curvature_regularization_pools_the_feature_before_it_is_normalized(
        tmp_path):
    run = runner(tmp_path)
    taken = []
    handle = run.model.head.fc.register_forward_pre_hook(
        lambda _, args: taken.append(args[0].detach()))
    run.train()
    handle.remove()
    pool = pool_of(run)
    assert pool.features.shape[-1] == 16
    last = taken[-1]
    held = pool.features.flatten(0, -2)
    assert all((held == row).all(1).any() for row in last)
    assert (last.norm(dim=1) - 1).abs().max() > 1e-3
    assert len(scalars(run, 'loss_curvature')) == 2


def test_resumed_run_ends_bit_for_bit_as_the_whole_one(tmp_path):
    save = dict(checkpoint=dict(type='CheckpointHook', interval=1))
    whole = runner(tmp_path, default_hooks=save, max_epochs=3)
    whole.train()
    resumed = runner(
        tmp_path / 'resumed',
        default_hooks=save,
        max_epochs=3,
        load_from=str(tmp_path / 'epoch_1.pth'),
        resume=True)
    resumed.train()
    states = whole.model.state_dict(), resumed.model.state_dict()
    assert states[0]['head.fc.moving_feature'].any()
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


def test_averaged_copy_of_the_model_has_the_moving_feature(tmp_path):
    run = runner(tmp_path, hooks=[dict(type='EMAHook')])
    run.train()
    ema = next(h for h in run.hooks if type(h).__name__ == 'EMAHook')
    averaged = ema.ema_model.module.head.fc.moving_feature
    assert averaged.any()
    assert torch.equal(averaged, run.model.head.fc.moving_feature)
