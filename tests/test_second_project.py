# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One entry in custom_hooks regularizes a project that mmcurv never names."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

TRAIN_A_VIDEO_CLASSIFIER = """
import json
import sys
from pathlib import Path

import mmcv
import numpy as np
import torch

from tests.mmaction_wheel import add_missing_modules

add_missing_modules()
from mmengine.runner import Runner

folder = Path(sys.argv[1])
rng = np.random.default_rng(0)
lines = []
for video in range(16):
    label = video % 2
    frame = rng.integers(0, 100, (32, 32, 3)) + 100 * label
    mmcv.imwrite(
        frame.astype(np.uint8), str(folder / f'{video}' / 'img_00001.jpg'))
    lines.append(f'{video} 1 {label}')
(folder / 'train.txt').write_text('\\n'.join(lines))

torch.manual_seed(0)
runner = Runner(
    model=dict(
        type='Recognizer2D',
        backbone=dict(
            type='mmaction.ResNet', depth=18, pretrained=None,
            norm_eval=False),
        cls_head=dict(
            type='TSNHead', num_classes=2, in_channels=512,
            consensus=dict(type='AvgConsensus', dim=1)),
        data_preprocessor=dict(
            type='ActionDataPreprocessor', mean=[128.] * 3, std=[64.] * 3,
            format_shape='NCHW')),
    train_dataloader=dict(
        batch_size=8,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dict(
            type='RawframeDataset',
            ann_file=str(folder / 'train.txt'),
            data_prefix=dict(img=str(folder)),
            pipeline=[
                dict(type='SampleFrames', clip_len=1, num_clips=1),
                dict(type='RawFrameDecode'),
                dict(type='FormatShape', input_format='NCHW'),
                dict(type='PackActionInputs')
            ])),
    train_cfg=dict(by_epoch=True, max_epochs=2),
    optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01)),
    custom_hooks=[
        dict(
            type='mmcurv.FeaturePoolHook', layer='cls_head.fc_cls',
            start_epoch=1, curvature=dict(k=5))
    ],
    default_hooks=dict(
        logger=dict(type='LoggerHook', interval=1), checkpoint=None),
    default_scope='mmaction',
    experiment_name='second_project',
    work_dir=str(folder / 'work'))

model = runner.model
parse_losses = model.parse_losses
first_layer = model.backbone.conv1.conv.weight
steps = []


def noting_parse_losses(losses):
    gradient = torch.autograd.grad(
        losses['loss_curvature'], first_layer, retain_graph=True)[0]
    total, log_vars = parse_losses(losses)
    steps.append(
        dict(
            epoch=runner.epoch + 1,
            classification=losses['loss_cls'].item(),
            curvature=losses['loss_curvature'].item(),
            total=total.item(),
            gradient=gradient.norm().item()))
    return total, log_vars


model.parse_losses = noting_parse_losses
weights_before = first_layer.detach().clone()
runner.train()
moved = (first_layer - weights_before).abs().max().item()
(folder / 'result.json').write_text(json.dumps(dict(steps=steps, moved=moved)))
"""


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp('second_project')
    done = subprocess.run(
        [sys.executable, '-c', TRAIN_A_VIDEO_CLASSIFIER,
         str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / 'result.json').read_text())


def test_every_step_optimizes_the_sum_of_both_losses(trained):
    assert [step['epoch'] for step in trained['steps']] == [1, 1, 2, 2]
    for step in trained['steps']:
        both = step['classification'] + step['curvature']
        assert step['total'] == pytest.approx(both, rel=1e-6)
    assert trained['moved'] > 0


def test_curvature_loss_reaches_the_first_layer(trained):
    last = trained['steps'][-1]
    assert 0 < abs(last['curvature']) < float('inf')
    assert 0 < last['gradient'] < float('inf')


def test_first_epoch_has_weight_zero(trained):
    first = trained['steps'][0]
    assert first['curvature'] == 0
    assert first['gradient'] == 0
