# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every network takes a step with CR, at both sizes of image."""
import math

import pytest
import torch
from mmengine.config import Config

from tests.engine.curvature_run import pool_of
from tests.engine.image_run import build, image_classifier, trained
from tests.engine.step_watch import watch_of
from tests.shipped_configs import ROOT

BASES = ROOT / 'configs/_base_/models'
NETWORKS = sorted(
    path.stem.removesuffix('_224') for path in BASES.glob('*_224.py'))
COUNTS = (4, 4)  # a class of fewer images has no curvature


def train_one_step(work_dir, base, side, counts=COUNTS):
    """A run of one step, in its second epoch: in the first log_tau(1) = 0
    and so is the weight of CR."""
    cfg = Config.fromfile(BASES / f'{base}.py').model.to_dict()
    cfg['head']['num_classes'] = len(counts)
    runner = build(
        work_dir,
        model=cfg,
        dataset=dict(shape=(3, side, side), counts=counts),
        hook=dict(curvature=dict(k=3)))
    before = {
        name: value.clone()
        for name, value in runner.model.head.named_parameters()
    }
    runner.train_loop._epoch = 1
    runner.train()
    return runner, before


def check_step(run, classes=len(COUNTS)):
    runner, before = run
    losses, = watch_of(runner).losses
    assert losses['loss_curvature'] > 0
    assert all(math.isfinite(value) for value in losses.values())
    pool, layer = pool_of(runner), runner.model.head.fc
    assert pool.features.shape == (sum(COUNTS), layer.in_features)
    assert pool.num_classes == layer.out_features == classes
    assert pool.fill()[:len(COUNTS)].tolist() == list(COUNTS)
    for name, value in runner.model.head.named_parameters():
        assert torch.isfinite(value).all()
        assert not torch.equal(value, before[name])


@pytest.mark.parametrize('network', NETWORKS)
def test_network_of_32_pixels_takes_a_step_with_cr(network, tmp_path):
    check_step(train_one_step(tmp_path, f'{network}_32', side=32))


@pytest.mark.parametrize('network', NETWORKS)
def test_network_of_224_pixels_takes_a_step_with_cr_at_64(network, tmp_path):
    check_step(train_one_step(tmp_path, f'{network}_224', side=64))


def test_step_with_cr_has_as_many_classes_as_inaturalist(tmp_path):
    counts = COUNTS + (0, ) * (8142 - len(COUNTS))
    run = train_one_step(tmp_path, 'resnet50_224', side=32, counts=counts)
    check_step(run, classes=8142)


def test_features_before_the_dropout_of_hidden_layers_can_be_pooled(tmp_path):
    neck = dict(
        type='mmcurv.HiddenLayers',
        in_channels=16,
        map_size=2,
        widths=(32, 24),
        dropout=0.9)
    model = image_classifier(neck=neck, head=dict(in_channels=24))
    runner, _ = trained(tmp_path, model=model, layer='neck.layers.5')
    pooled = pool_of(runner).features
    assert pooled.shape == (32, 24)
    assert (pooled == 0).float().mean() < 0.8
