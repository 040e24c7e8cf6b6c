# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""FeaturePoolHook without options: layers, first epoch, tau, mixed images."""
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import MODELS
from mmpretrain.models.utils.batch_augments import RandomBatchAugment
from torch import nn

from mmcurv.engine.curvature.hook import usual_mixed, usual_start, usual_tau
from mmcurv.engine.hooks import CMOHook, FeaturePoolHook, PairedMixupHook
from tests.engine.bbn_run import bbn_model
from tests.engine.curvature_run import build as build_points
from tests.engine.curvature_run import hook_of, pool_hook, pool_of, step_of
from tests.engine.image_run import NoiseImages, build, image_classifier
from tests.engine.paired_run import paired_classifier
from tests.engine.runner_log import log_of
from tests.engine.test_classifier_layers import (ARCFACE, CONFORMER, DEIT,
                                                 LENET, STACKED, SUBCENTERS)
from tests.engine.toy_run import COUNTS
from tests.models.classifiers.ride_run import LAYERS, experts

HOOK = dict(type='mmcurv.FeaturePoolHook')


@pytest.mark.parametrize('epochs, first', [(200, 6), (100, 6), (20, 6),
                                           (10, 6), (9, 5), (4, 3), (2, 2),
                                           (1, 1)])
def test_term_begins_in_epoch_6_or_in_the_second_half(epochs, first):
    assert usual_start(epochs) == first


@pytest.mark.parametrize('share, epochs, tau', [
    (0.5, 200, 100),
    (0.6, 200, 120),
    (0.6, 180, 108),
    (0.6, 100, 60),
    (0.6, 90, 54),
    (0.5, 333, 166.5),
    (0.5, 20, 10),
    (0.5, 3, 2),
    (0.5, 1, 2),
])
def test_tau_is_a_share_of_the_epochs_and_at_least_2(share, epochs, tau):
    assert usual_tau(share, epochs)[0] == tau


class OwnHead(nn.Module):
    """A classifier and another matrix, both in the head."""

    def __init__(self, rows):
        super().__init__()
        self.first = nn.Linear(16, rows)
        self.second = nn.Linear(rows, 3)


def with_head(rows, second_network=False):
    model = nn.Module()
    model.head = OwnHead(rows)
    if second_network:
        model.momentum_head = OwnHead(rows)
    return model


def of_head(type, **options):
    return image_classifier(head=dict(type=type, **options))


def of_classifier(type, **options):
    loss = options.pop('loss', None)
    head = dict(loss=dict(type=loss)) if loss else {}
    return dict(image_classifier(head=head), type=type, **options)


VIT = image_classifier(
    backbone=dict(
        type='VisionTransformer',
        arch=dict(
            embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=8),
        img_size=32,
        patch_size=16),
    neck=None,
    head=dict(type='VisionTransformerClsHead', in_channels=8, hidden_dim=5))
ASSIGNMENT = experts(num_experts=2)
ASSIGNMENT['head'].update(
    type='mmcurv.ExpertAssignmentHead',
    top_logits=3,
    loss=dict(type='mmcurv.ExpertAssignmentLoss'))

CHOSEN = {
    'linear': (image_classifier(), 'head.fc'),
    'normed': (of_head('mmcurv.NormedLinearHead'), 'head.fc'),
    'causal': (of_head('mmcurv.CausalNormHead'), 'head.fc'),
    'paired': (of_head('mmcurv.PairedLinearHead'), 'head.fc'),
    'scaled': (of_head('mmcurv.ScaledLinearHead'), 'head.fc'),
    'tau_norm': (of_head('mmcurv.TauNormHead'), 'head.fc'),
    'dis_align': (of_head('mmcurv.DisAlignHead'), 'head.fc'),
    'mbj': (of_head('mmcurv.MBJHead'), 'head.fc'),
    'bbn': (bbn_model(), 'head.conventional'),
    'ride': (experts(), LAYERS),
    'ride_ea': (ASSIGNMENT, LAYERS[:2]),
    'paco': (of_classifier(
        'mmcurv.PaCoClassifier', loss='mmcurv.PaCoLoss',
        feature_dim=3), 'head.fc'),
    'dive': (of_classifier('mmcurv.DiVEClassifier'), 'head.fc'),
    'ofa': (of_classifier('mmcurv.OFAClassifier'), 'head.fc'),
    'stacked': (STACKED, 'head.layers.1.fc'),
    'vit': (VIT, 'head.layers.head'),
    'lenet': (LENET, 'backbone.classifier.2'),
    'arcface': (ARCFACE, 'head.norm_product'),
    'arcface_subcenters': (SUBCENTERS, 'head.norm_product'),
    'own': (with_head(4), 'head.second'),
    'beside_a_second_network': (with_head(4, True), 'head.second'),
}


def chosen(model, **options):
    """Options of a hook after ``before_train`` on a set of three classes."""
    if isinstance(model, dict):
        model = MODELS.build(dict(model, _scope_='mmpretrain'))
    said = []
    runner = SimpleNamespace(
        model=model,
        hooks=[],
        iter=0,
        train_loop=None,
        max_epochs=200,
        work_dir='',
        train_dataloader=SimpleNamespace(dataset=NoiseImages()),
        logger=SimpleNamespace(info=said.append))
    hook = FeaturePoolHook(**options)
    hook.before_train(runner)
    hook.tap.detach()
    return hook.options, ''.join(said)


@pytest.mark.parametrize('name', CHOSEN)
def test_layer_is_the_classifier_of(name):
    model, layer = CHOSEN[name]
    options, said = chosen(model)
    assert options['layer'] == layer
    names = [layer] if isinstance(layer, str) else layer
    assert f'layer {", ".join(names)} (' in said


@pytest.mark.parametrize('model, said', [
    (CONFORMER, r'found 2; .*: head\.conv_cls_head, head\.trans_cls_head\.'),
    (DEIT, r'found 2; .*: head\.layers\.head, head\.layers\.head_dist\.'),
    (with_head(3), r'found 2; .*: head\.first, head\.second\.'),
    (nn.Sequential(nn.Linear(2, 5)), r'row for each of 3 classes, in Seq.*'
     r'found 0; layers that hold a matrix: 0 \(5 outputs\)\.'),
    (nn.Sequential(nn.Conv2d(2, 3, 1)), r'found 0; .*: none\.'),
])
def test_model_without_one_classifier_is_told_what_there_is(model, said):
    with pytest.raises(ValueError, match=f'{said} Name the layer'):
        chosen(model)


def test_layer_that_the_head_names_wrongly_is_refused():
    model = with_head(4)
    model.head.curvature_layers = ['third']
    with pytest.raises(ValueError, match=r"'head\.third' is no layer.*second"):
        chosen(model)


def test_options_are_complete_before_the_first_step():
    options, said = chosen(image_classifier(), curvature=dict(k=5))
    assert options == dict(
        layer='head.fc',
        start_epoch=6,
        refresh='batch',
        live='pool',
        measure='curvature',
        control='value',
        alpha=None,
        mixed='skip',
        pool={},
        curvature=dict(k=5),
        loss=dict(tau=100.))
    assert said == (
        'Curvature Regularization: layer head.fc (the last classifier layer), '
        'from epoch 6 of 200 on, tau 100 (0.5 of 200 epochs), mixed images: '
        "'skip' (nothing mixes every batch).")


def test_what_is_given_wins():
    given = dict(
        layer='head.first',
        start_epoch=9,
        mixed='dominant',
        loss=dict(type='mmcurv.CurvatureBalancing', tau=7))
    options, said = chosen(with_head(3), tau_share=0.6, **given)
    assert {name: options[name] for name in given} == given
    assert said.count('as given') == 3


@pytest.mark.parametrize('kind', ['Regularization', 'Balancing'])
def test_each_loss_of_ours_gets_the_tau_of_the_run(kind):
    loss = dict(type=f'mmcurv.Curvature{kind}', tau=None)
    options, _ = chosen(image_classifier(), loss=loss, tau_share=0.6)
    assert options['loss'] == dict(loss, tau=120.)


@MODELS.register_module()
class SumOfCurvatures(nn.Module):
    """A term without a schedule."""
    num_skipped = 0

    def forward(self, log_curvature, loss, epoch):
        return 1e-3 * log_curvature.sum()


def test_loss_without_tau_gets_none(tmp_path):
    loss = dict(type='SumOfCurvatures')
    runner = build_points(tmp_path, pool_hook(loss=loss))
    said = log_of(runner)
    runner.train()
    assert hook_of(runner).options['loss'] == loss
    assert any('a loss without tau' in text for text in said)
    assert 'train/loss_curvature' in runner.message_hub.log_scalars


@pytest.mark.parametrize('augments, mixed', [
    (None, 'skip'),
    (dict(augments=dict(type='Mixup', alpha=1.)), 'dominant'),
    (dict(augments=dict(type='Mixup', alpha=1.), probs=1.), 'dominant'),
    (dict(augments=dict(type='Mixup', alpha=1.), probs=0.9), 'skip'),
    (dict(
        augments=[dict(type='Mixup', alpha=1.),
                  dict(type='CutMix', alpha=1.)],
        probs=[0.7, 0.3]), 'dominant'),
    (dict(
        augments=[dict(type='Mixup', alpha=1.),
                  dict(type='CutMix', alpha=1.)],
        probs=[0.7, 0.2]), 'skip'),
    (dict(augments=dict(type='ResizeMix', alpha=1.)), 'dominant'),
    (dict(augments=lambda images, scores: (images, scores)), 'skip'),
])
def test_mixed_images_are_skipped_unless_all_batches_are_mixed(
        augments, mixed):
    model = nn.Module()
    model.data_preprocessor = nn.Module()
    model.data_preprocessor.batch_augments = augments and RandomBatchAugment(
        **augments)
    assert usual_mixed(model, [])[0] == mixed
    assert usual_mixed(nn.Module(),
                       []) == ('skip', 'nothing mixes every batch')


@pytest.mark.parametrize('mixing, mixed', [(PairedMixupHook, 'dominant'),
                                           (CMOHook, 'skip')])
def test_hook_that_mixes_all_batches_counts_as_well(mixing, mixed):
    runner = SimpleNamespace(
        model=paired_classifier(),
        hooks=[mixing()],
        iter=0,
        train_loop=None,
        max_epochs=20,
        work_dir='',
        train_dataloader=SimpleNamespace(dataset=NoiseImages()),
        logger=SimpleNamespace(info=lambda text: None))
    hook = FeaturePoolHook()
    hook.before_train(runner)
    assert hook.options['mixed'] == hook.steps['head.fc'].mixed == mixed


def test_one_entry_is_a_whole_config(tmp_path):
    runner = build(tmp_path, custom_hooks=[HOOK], max_epochs=4)
    said = log_of(runner)
    runner.train()
    assert pool_of(runner).fill().tolist() == [12, 10, 10]
    terms = runner.message_hub.get_scalar('train/loss_curvature').data[0]
    assert len(terms) == 2 * 2 and all(term > 0 for term in terms)
    line, = [text for text in said if text.startswith('Curvature Reg')]
    assert 'from epoch 3 of 4 on, tau 2 (0.5 of 4 epochs)' in line


def test_run_of_two_epochs_has_the_smallest_tau_and_says_so(tmp_path):
    runner = build(tmp_path, custom_hooks=[HOOK])
    said = log_of(runner)
    runner.train()
    assert step_of(runner).loss.tau == 2
    assert any('tau 2 (the smallest; 0.5 of 2 epochs is 1)' in text
               for text in said)


def test_layer_whose_last_classes_are_empty_is_found_by_its_name(tmp_path):
    unnamed = dict(type='CornerPoints', counts=COUNTS[:2], named=False)
    runner = build_points(tmp_path, pool_hook(layer=None), dataset=unnamed)
    runner.train()
    assert pool_of(runner).fill().tolist() == [*COUNTS[:2], 0]


def test_list_of_one_layer_is_the_layer(tmp_path):
    first = build_points(tmp_path, pool_hook(layer=['head.fc']), max_epochs=2)
    first.train()
    assert hook_of(first).options['layer'] == 'head.fc'
    resumed = build_points(
        tmp_path / 'resumed',
        pool_hook(),
        max_epochs=2,
        load_from=str(tmp_path / 'epoch_2.pth'),
        resume=True)
    resumed.train()
    again = {}
    hook_of(resumed).before_save_checkpoint(resumed, again)
    state = again['mmcurv_feature_pool']['layers']['head.fc']
    assert torch.equal(state['curvature']['pool.features'],
                       pool_of(first).features)
