# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Gradients of each refresh of Curvature Regularization beside the exact one.

A pool of features that drift: each batch moves its images a little. At some
steps the gradient of the sum of log G over classes in the batch's features is
taken with every refresh and with 'all', from the same pool. Nothing is
trained.
"""
import argparse
import json
import os.path as osp
import platform
import time

import numpy as np
import torch
import torch.nn.functional as F

from mmcurv.files import write_json
from mmcurv.regularization import FeaturePool, PooledCurvature

HERE = osp.dirname(osp.abspath(__file__))
SCHEMA, VERSION = 'mmcurv.refresh_gradients', 1
RIVALS = {
    'batch': dict(refresh='batch'),
    'neighbors, sample 1': dict(refresh='neighbors', sample=1),
    'neighbors, sample 2': dict(refresh='neighbors', sample=2),
    'neighbors, sample 4': dict(refresh='neighbors', sample=4),
    'neighbors, all': dict(refresh='neighbors', sample=10**6),
}
DRIFTS = (0., .05, .3)


def drawn_features(classes, largest, factor, p=64, seed=0):
    """Classes on curved sheets, largest to largest / factor of them."""
    generator = torch.Generator().manual_seed(seed)
    decay = factor**(-torch.arange(classes) / max(1, classes - 1))
    counts = (largest * decay).round().long().clamp_min(4)
    labels = torch.arange(classes).repeat_interleave(counts)
    sheet = torch.randn(len(labels), 4, generator=generator)
    axes = torch.randn(classes, 4, p, generator=generator) / p**.5
    bends = torch.randn(classes, 4, p, generator=generator) / p**.5
    centers = 2 * torch.randn(classes, p, generator=generator) / p**.5
    flat = torch.einsum('nd,ndp->np', sheet, axes[labels])
    bent = torch.einsum('nd,ndp->np', sheet.square(), bends[labels])
    noise = .1 * torch.randn(len(labels), p, generator=generator)
    return centers[labels] + flat + .5 * bent + noise, labels


def read_features(path, most):
    """Those of a file, of each class at most ``most`` down to a tenth."""
    held = np.load(path)
    features = torch.as_tensor(held['features']).float()
    labels = torch.as_tensor(held['labels']).long()
    classes = int(labels.max()) + 1
    decay = 50.**(-torch.arange(classes) / max(1, classes - 1))
    keep = torch.cat([(labels == c).nonzero()[:max(4, int(most * decay[c])), 0]
                      for c in range(classes)])
    return features[keep], labels[keep]


def gradient(curvature, features, labels, images):
    """Gradient (B, p) of the sum of log G, and CPU seconds."""
    live = features.clone().requires_grad_()
    start = time.process_time()
    log_g = curvature(live, labels, images)
    torch.where(torch.isfinite(log_g), log_g, 0).sum().backward()
    return live.grad, time.process_time() - start


def measure(features, labels, drift, batch, steps, draws, seed=0):
    """One dict per rival: cosine and norm against 'all', bias, seconds."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.bincount(labels).tolist()
    spread = features.std(0).mean()

    def built(**options):
        curvature = PooledCurvature(
            FeaturePool(size, features.shape[1]), **options)
        curvature.push(features, labels, torch.arange(len(labels)))
        return curvature

    exact = built(refresh='all')
    rivals = {name: built(**options) for name, options in RIVALS.items()}
    now = features.clone()
    found = {name: [] for name in rivals}
    order = torch.cat(
        [torch.randperm(len(labels), generator=generator) for _ in range(3)])
    for step, images in enumerate(order.split(batch)[:steps]):
        now[images] += drift * spread * torch.randn(
            len(images), features.shape[1], generator=generator)
        own = labels[images]
        # An epoch of drift first, so that what is remembered is stale.
        measured = step >= steps - 8
        if measured:
            truth, full = gradient(exact, now[images], own, images)
        for name, curvature in rivals.items():
            number = draws if measured and 'sample' in name else 1
            grads, seconds = zip(
                *(gradient(curvature, now[images], own, images)
                  for _ in range(number)))
            curvature.push(now[images], own, images)
            if measured:
                mean = torch.stack(grads).mean(0)
                found[name].append([
                    np.mean([
                        F.cosine_similarity(
                            g.flatten(), truth.flatten(), dim=0) for g in grads
                    ]),
                    np.mean([g.norm() / truth.norm() for g in grads]),
                    F.cosine_similarity(
                        mean.flatten(), truth.flatten(), dim=0),
                    (mean - truth).norm() / truth.norm(),
                    np.mean(seconds) / full
                ])
        exact.push(now[images], own, images)
    names = ('cosine', 'norm', 'cosine_of_mean', 'bias', 'cost')
    return [
        dict(refresh=name, **dict(zip(names, map(float, np.mean(rows, 0)))))
        for name, rows in found.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--features',
        help='npz with features and labels: real ones in place of drawn ones, '
        'added to a record that is there')
    parser.add_argument('--batch', type=int, default=128)
    parser.add_argument('--draws', type=int, default=20)
    parser.add_argument(
        '--out', default=osp.join(HERE, 'refresh', 'gradients.json'))
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    if args.features is None:
        sets = {
            '10 classes, 200 each': drawn_features(10, 200, 1),
            '100 classes, 120 to 4': drawn_features(100, 120, 30),
        }
    else:
        sets = {
            'CIFAR-100 features, 200 to 4': read_features(args.features, 200)
        }
        if osp.exists(args.out):
            with open(args.out, encoding='utf-8') as file:
                rows = [
                    row for row in json.load(file)['rows']
                    if row['set'] not in sets
                ]
    for name, (features, labels) in sets.items():
        steps = 2 * len(labels) // args.batch
        for drift in DRIFTS:
            torch.manual_seed(0)
            for row in measure(features, labels, drift, args.batch, steps,
                               args.draws):
                rows.append(dict(set=name, drift=drift, **row))
                print(rows[-1], flush=True)
    write_json(
        args.out,
        dict(
            schema=SCHEMA,
            schema_version=VERSION,
            batch=args.batch,
            draws=args.draws,
            torch=torch.__version__,
            python=platform.python_version(),
            rows=rows))


if __name__ == '__main__':
    main()
