# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whom Curvature Regularization pushes, how hard and where to.

For a classifier trained without CR: gradients of the cross-entropy and of the
CR term in the features of one epoch of batches, class by class, as if CR
started now. Nothing is trained.
"""
import argparse
import json
import os.path as osp
import platform

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint

from mmcurv.engine.extraction.images import (extract_features,
                                             train_set_as_tested)
from mmcurv.engine.extraction.model import build_model
from mmcurv.files import write_json
from mmcurv.regularization import (CurvatureBalancing, CurvatureRegularization,
                                   FeaturePool, PooledCurvature)

HERE = osp.dirname(osp.abspath(__file__))
SCHEMA, SCHEMA_VERSION = 'mmcurv.cr_gradient', 1
VARIANTS = {
    'CR': ({}, CurvatureRegularization, {}),
    'detach_max=False': ({}, CurvatureRegularization, dict(detach_max=False)),
    'live=batch': (dict(live='batch'), CurvatureRegularization, {}),
    'normal=next': (dict(normal='next'), CurvatureRegularization, {}),
    'balancing': ({}, CurvatureBalancing, {}),
    'balancing, live=batch': (dict(live='batch'), CurvatureBalancing, {}),
}


def read_features(config, checkpoint):
    """Features (N, p), labels (N,) and the classifier of a checkpoint."""
    cfg = Config.fromfile(config)
    init_default_scope(cfg.default_scope)
    model = build_model(cfg)
    load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
    loader = Runner.build_dataloader(train_set_as_tested(cfg), seed=0)
    layer = 'head.fc'
    features, labels = extract_features(model, loader, layer)
    return features, labels, model.get_submodule(layer).eval()


def measure(features, labels, classifier, epoch, tau, batch_size, variant):
    """One row per class: norms of gradients and where CR's points to."""
    options, loss_type, loss_options = variant
    counts = torch.bincount(labels)
    size = len(counts)
    curvature = PooledCurvature(
        FeaturePool(counts.tolist(), features.shape[1]), **options)
    everyone = torch.arange(len(labels))
    curvature.push(features, labels, everyone)
    loss = loss_type(tau=tau, **loss_options)
    centers = torch.zeros(size, features.shape[1])
    centers.index_add_(0, labels, features)
    centers /= counts[:, None]
    sums = {
        name: torch.zeros(size)
        for name in ('ce_norm', 'cr_norm', 'outward', 'with_ce', 'pushed')
    }
    order = torch.randperm(
        len(labels), generator=torch.Generator().manual_seed(0))
    for batch in order.split(batch_size):
        live, own = features[batch].requires_grad_(), labels[batch]
        ce = F.cross_entropy(classifier(live), own)
        log_g = curvature(live, own, batch)
        ce_grad, = torch.autograd.grad(ce, live)
        cr_grad, = torch.autograd.grad(loss(log_g, ce, epoch), live)
        outward = F.cosine_similarity(
            -cr_grad, live.detach() - centers[own], dim=1)
        pushed = cr_grad.norm(dim=1) > 0
        for name, values in (('ce_norm', ce_grad.norm(dim=1)),
                             ('cr_norm', cr_grad.norm(dim=1)),
                             ('outward', outward * pushed),
                             ('with_ce',
                              F.cosine_similarity(cr_grad, ce_grad, dim=1) *
                              pushed), ('pushed', pushed.float())):
            sums[name].index_add_(0, own, values)
    log_g = curvature.class_values()
    return [
        dict({
            'class': c,
            'train_count': int(counts[c]),
            'log_curvature': log_g[c].item(),
            'ce_norm': (sums['ce_norm'][c] / counts[c]).item(),
            'cr_norm': (sums['cr_norm'][c] / counts[c]).item(),
            'outward': (sums['outward'][c] / sums['pushed'][c]).item(),
            'with_ce': (sums['with_ce'][c] / sums['pushed'][c]).item(),
        }) for c in range(size)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of a run without CR')
    parser.add_argument('checkpoint', help='one of its checkpoints')
    parser.add_argument('--epoch', type=int, default=15)
    parser.add_argument('--tau', type=float, default=10)
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--out', default=osp.join(HERE, 'cr_gradient.json'))
    args = parser.parse_args()
    found = read_features(args.config, args.checkpoint)
    rows = {
        name: measure(*found, args.epoch, args.tau, args.batch_size, variant)
        for name, variant in VARIANTS.items()
    }
    record = dict(
        schema=SCHEMA,
        schema_version=SCHEMA_VERSION,
        config=osp.basename(args.config),
        checkpoint=osp.basename(args.checkpoint),
        epoch=args.epoch,
        tau=args.tau,
        batch_size=args.batch_size,
        torch=torch.__version__,
        python=platform.python_version(),
        variants=rows)
    write_json(args.out, record)
    print(json.dumps(record['variants'], indent=1))


if __name__ == '__main__':
    main()
