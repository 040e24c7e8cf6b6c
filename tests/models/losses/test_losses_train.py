# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Each loss in a run of one epoch, with its head, beside CR at head.fc."""
import pytest
import torch
from mmengine.registry import MODELS

from mmcurv.models.losses import effective_number_weights, ldam_margins
from tests.engine.curvature_run import scalars
from tests.engine.image_run import build, image_classifier

COUNTS = (16, 10, 6)
NORMED = dict(type='mmcurv.NormedLinearHead')
DEFERRED = dict(type='mmcurv.DeferredReweightingHook', start_epoch=1)
HEADS = {
    'focal':
    dict(loss=dict(type='mmcurv.SoftmaxFocalLoss', gamma=1.)),
    'sigmoid focal':
    dict(loss=dict(type='FocalLoss', gamma=2., alpha=0.5)),
    'cb':
    dict(
        loss=dict(type='mmcurv.ClassBalancedLoss', carrier='focal'),
        init_cfg=dict(
            type='Kaiming', layer='Linear', mode='fan_in', bias_prob=1 / 3)),
    'ldam':
    dict(NORMED, loss=dict(type='mmcurv.LDAMLoss')),
    'balanced softmax':
    dict(loss=dict(type='mmcurv.BalancedSoftmaxLoss')),
    'lade':
    dict(loss=dict(type='mmcurv.LADELoss')),
    'gcl':
    dict(NORMED, loss=dict(type='mmcurv.GCLLoss')),
    'seesaw':
    dict(loss=dict(type='SeesawLoss', num_classes=3)),
}
CLASS_COUNTS = dict(class_counts=dict(type='mmcurv.ClassCountsHook'))


def built(work_dir, name, hooks=(), counts=COUNTS, **head):
    return build(
        work_dir,
        model=image_classifier(head=dict(HEADS[name], **head)),
        dataset=dict(counts=counts),
        hooks=hooks,
        hook=dict(start_epoch=1),
        default_hooks=dict(checkpoint=None, **CLASS_COUNTS),
        max_epochs=1)


@pytest.mark.parametrize('name', HEADS)
def test_loss_trains_beside_curvature_regularization(name, tmp_path):
    hooks = [DEFERRED] if name in ('focal', 'ldam') else []
    runner = built(tmp_path, name, hooks)
    layer = runner.model.head.fc
    before = layer.weight.clone()
    runner.train()
    assert (layer.weight != before).any()
    losses = torch.tensor(scalars(runner, 'loss'))
    assert len(losses) == 2 and losses.isfinite().all()
    assert torch.tensor(scalars(runner, 'loss_curvature')).isfinite().all()
    if hooks:
        torch.testing.assert_close(runner.model.head.loss_module.class_weights,
                                   effective_number_weights(COUNTS).float())


@pytest.mark.parametrize('name', ['ldam', 'gcl', 'focal', 'cb', 'lade'])
def test_loss_trains_on_mixed_images(name, tmp_path):
    options = {} if HEADS[name].get('type') else dict(
        type='mmcurv.PairedLinearHead')
    hooks = [dict(type='mmcurv.PairedMixupHook')]
    runner = built(tmp_path, name, hooks, **options)
    runner.train()
    assert torch.tensor(scalars(runner, 'loss')).isfinite().all()


@pytest.mark.parametrize('name', ['ldam', 'focal'])
def test_mixup_into_soft_labels_is_answered_with_the_paired_one(
        name, tmp_path):
    runner = built(tmp_path, name)
    runner.model.data_preprocessor = MODELS.build(
        dict(
            type='ClsDataPreprocessor',
            num_classes=3,
            to_onehot=True,
            batch_augments=dict(augments=dict(type='Mixup', alpha=1.))))
    with pytest.raises(ValueError, match='not linear.*PairedMixupHook'):
        runner.train()


def test_margins_are_those_of_the_train_set(tmp_path):
    runner = built(tmp_path, 'ldam')
    runner.train()
    torch.testing.assert_close(runner.model.head.loss_module.margins,
                               ldam_margins(COUNTS).float())


def test_bias_of_class_balanced_loss_starts_at_the_prior(tmp_path):
    runner = built(tmp_path, 'cb')
    runner.model.init_weights()
    expected = -torch.log(torch.tensor(2.)).expand(3)
    torch.testing.assert_close(runner.model.head.fc.bias.data, expected)


def test_seesaw_counts_the_samples_it_has_seen(tmp_path):
    runner = built(tmp_path, 'seesaw')
    runner.train()
    assert runner.model.head.loss_module.cum_samples.tolist() == list(COUNTS)


@pytest.mark.parametrize('name', ['ldam', 'balanced softmax', 'lade', 'gcl'])
def test_other_classes_than_the_head_has_are_refused_before_a_step(
        name, tmp_path):
    runner = built(tmp_path, name, num_classes=5)
    words = (r'head\.loss_module .*expected 5 of them, the num_classes of '
             'head, but the train set has 3 classes')
    with pytest.raises(ValueError, match=words):
        runner.train()
    assert runner.iter == 0


def test_gcl_on_balanced_data_is_refused_before_a_step(tmp_path):
    runner = built(tmp_path, 'gcl', counts=(8, 8, 8))
    with pytest.raises(ValueError, match='different sizes, got 8'):
        runner.train()
    assert runner.iter == 0
