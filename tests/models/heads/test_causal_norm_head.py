# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmengine.logging import MessageHub
from mmpretrain.registry import MODELS as MMPRETRAIN_MODELS
from mmpretrain.structures import DataSample

from mmcurv.datasets.paired_fields import mark_pairs
from mmcurv.engine.tap_points import last_classifier
from mmcurv.models import CausalNormHead
from mmcurv.models.heads.causal_norm_head import momentum_of_rate
from tests.engine.curvature_run import pool_of, scalars
from tests.engine.image_run import build


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


@pytest.mark.parametrize('rate, mu', [(0.2, 0.9), (0.02, 0.9), (0.002, 0.99),
                                      (0., 1.)])
def test_small_steps_have_a_long_memory(rate, mu):
    assert momentum_of_rate(rate) == pytest.approx(mu)


def test_momentum_follows_the_learning_rate_of_the_run(tmp_path):
    run = runner(
        tmp_path,
        dict(mu='lr'),
        param_scheduler=dict(type='MultiStepLR', milestones=[1], gamma=0.1))
    used = []
    run.hooks[-1].after_train_iter = \
        lambda *_, **__: used.append(run.model.head.fc.mu)
    run.train()
    assert used == pytest.approx([0.95, 0.95, 0.995, 0.995])


def test_momentum_by_learning_rate_needs_a_run():
    head, feats, _ = head_and_batch()
    head.mu = 'lr'
    MessageHub.get_instance('without a run')
    with pytest.raises(RuntimeError, match="mu='lr' needs.*train/lr"):
        head(feats)
    assert head.eval()(feats).shape == (3, 3)


@pytest.mark.parametrize('mu', ['rate', 1.1, -0.1])
def test_other_momenta_are_refused(mu):
    with pytest.raises(ValueError, match="mu must be in .* or 'lr', got"):
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
