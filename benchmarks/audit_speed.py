# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Time and memory of the audit, and the authors' package beside it.

Four parts, each in a process of its own:
- the commands from start to end, page included, in CPU seconds: 10 classes,
  30,000 x 128 in 100, 50 images of each of 1,000, 20 of each of 8,142,
  --diagnose, --help and compare, each beside its aim, and the import of
  PyTorch that all audits of features contain;
- the whole audit of 30,000 x 128 in 100 classes;
- the whole audit of 100 x 1,281 x 2,048 from a memory-mapped bank, with its
  peak memory (needs 1.1 GB in a temporary folder);
- curvature of 10 x 1,281 x 512 by mmcurv and by perceptual_manifold_geometry
  0.1.4, which has no vectorised form: its points are timed on a sample and
  scaled up. Give the folder it was installed into, --no-deps is enough, as
  PERCEPTUAL_MANIFOLD_GEOMETRY; without it that part is left out.
"""
import importlib.util
import json
import os
import os.path as osp
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

from mmcurv.audit.audit_record import audit_banks
from mmcurv.audit.feature_bank import FeatureBank, load_bank, save_bank
from mmcurv.audit.options import AuditOptions
from mmcurv.geometry import class_curvature

PARTS = ('commands', 'whole', 'mapped', 'package')
PACKAGE = 'PERCEPTUAL_MANIFOLD_GEOMETRY'
COMMAND = ('-m', 'mmcurv.cli')
ROUNDS = 3
SAMPLE = dict(curvatures=8, estimate_curvatures=200)  # points


def peak():
    """Largest resident memory of this process, in bytes.

    Not ru_maxrss: that of a fresh process holds its parent's.
    """
    with open('/proc/self/status') as file:
        line = next(line for line in file if line.startswith('VmHWM'))
    return int(line.split()[1]) * 1024


def cloud(classes, per_class, p, rng):
    """Anisotropic Gaussian classes about centres of their own, float32."""
    scale = np.logspace(0, -1, p, dtype=np.float32)
    for _ in range(classes):
        points = rng.standard_normal((per_class, p), np.float32)
        yield (points + 2 * rng.standard_normal(p, np.float32)) * scale


def scores(labels, classes, rng):
    """Predictions that are right for seven of ten samples, and counts."""
    wrong = rng.random(len(labels)) < 0.3
    predictions = np.where(wrong, rng.integers(classes, size=len(labels)),
                           labels)
    return dict(
        predictions=predictions,
        confidence=rng.random(len(labels)),
        train_counts=rng.integers(5, 500, classes))


def bank_of(features, classes, per_class, rng):
    labels = np.repeat(np.arange(classes), per_class)
    return FeatureBank(
        features=features,
        labels=labels,
        class_names=[str(c) for c in range(classes)],
        **scores(labels, classes, rng))


def whole():
    """30,000 x 128, the geometry and everything else of the record."""
    rng = np.random.default_rng(0)
    bank = bank_of(
        np.concatenate(list(cloud(100, 300, 128, rng))), 100, 300, rng)
    imports = peak()
    started = time.perf_counter()
    record = audit_banks(bank)
    return dict(
        what='whole audit of 30,000 x 128, 100 classes, float32',
        seconds=time.perf_counter() - started,
        imports_and_data_bytes=imports,
        peak_bytes=peak(),
        classes=len(record['classes']))


# Classes, images of each, CPU seconds aimed at, further options.
AUDITS = dict(
    classes_10=(10, 300, 3, ()),
    classes_100=(100, 300, 8, ()),
    classes_1000=(1000, 50, 10, ()),
    diagnose=(100, 300, 40, ('--diagnose', )),
    classes_8142=(8142, 20, 180, ()))


def commands():
    """CPU seconds of the commands, which a busy machine hardly changes."""
    rng, found = np.random.default_rng(0), {}
    with tempfile.TemporaryDirectory() as folder:

        def take(name, aim, *words):
            before = os.times()
            subprocess.run([sys.executable, *words],
                           check=True,
                           stdout=subprocess.DEVNULL)
            after = os.times()
            found[name] = dict(
                cpu_seconds=after.children_user - before.children_user +
                after.children_system - before.children_system,
                aim=aim)
            print(name, found[name], file=sys.stderr, flush=True)

        # What no audit of features can be quicker than.
        take('import_torch', None, '-c', 'import torch')
        take('help', 0.5, *COMMAND, 'audit', '--help')
        for name, (classes, per_class, aim, options) in AUDITS.items():
            file, out = (
                osp.join(folder, f'{name}{end}') for end in ('.npz', ''))
            labels = np.repeat(np.arange(classes), per_class)
            np.savez(
                file,
                features=np.concatenate(
                    list(cloud(classes, per_class, 128, rng))),
                labels=labels,
                **scores(labels, classes, rng))
            take(name, aim, *COMMAND, 'audit', file, '--out-dir', out,
                 *options)
        record = osp.join(folder, 'classes_100', 'audit.json')
        take('compare', 2, *COMMAND, 'compare', record, record, '--out-dir',
             folder)
    return dict(what='commands, float32 features of 128', **found)


def write_bank(folder, clouds, classes, per_class, p, rng):
    """A bank on disk of the points of each class, (per_class, p) at a time."""
    place = np.lib.format.open_memmap(
        osp.join(folder, 'features.npy'),
        mode='w+',
        dtype=np.float32,
        shape=(classes * per_class, p))
    for c, points in enumerate(clouds):
        place[c * per_class:(c + 1) * per_class] = points
    save_bank(bank_of(place, classes, per_class, rng), folder)


def mapped():
    """100 x 1,281 x 2,048 on disk; memory beside the file counts too."""
    classes, per_class, p = 100, 1281, 2048
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        write_bank(folder, cloud(classes, per_class, p, rng), classes,
                   per_class, p, rng)
        # A process of its own, whose peak holds nothing of the making.
        found = in_process('mapped_audit', folder)
    return dict(
        what=f'whole audit of {classes} x {per_class:,} x {p:,}, float32, '
        'memory-mapped, max_memory 1 GiB',
        **found)


def mapped_audit(folder):
    imports = peak()
    stages = {}
    started = time.perf_counter()

    def watch(stage, done, total):
        if done == total:
            stages[stage] = time.perf_counter() - started

    record = audit_banks(
        load_bank(folder),
        options=AuditOptions(max_memory=2**30),
        progress=watch)
    return dict(
        seconds=time.perf_counter() - started,
        seconds_until_end_of=stages,
        imports_bytes=imports,
        peak_bytes=peak(),
        feature_bytes=record['provenance']['num_features'] * 4 *
        record['provenance']['feature_dim'],
        nearest_manifold_candidates=record['provenance']
        ['nearest_manifold_candidates'])


def package():
    """Both curvatures of the package, per point on a sample."""
    classes, per_class, p = 10, 1281, 512
    rng = np.random.default_rng(0)
    features = np.concatenate(list(cloud(classes, per_class, p, rng)))
    labels = torch.arange(classes).repeat_interleave(per_class)
    tensor = torch.from_numpy(features)
    ours = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        class_curvature(tensor, labels, classes)
        ours.append(time.perf_counter() - started)
    found = dict(
        what=f'curvature of {classes} x {per_class:,} x {p}, float32',
        ours_seconds=min(ours),
        ours_all_seconds=ours)
    folder = os.environ.get(PACKAGE)
    if folder is None:
        return dict(found, note=f'{PACKAGE} is not set: not compared')
    theirs = load_package(folder)
    points = features[:per_class]
    for name, sample in SAMPLE.items():
        # Its neighbour search is over the whole class, its loop is not cut.
        spent = seconds_per_point(theirs, name, points, sample)
        found[f'{name}_seconds'] = spent * classes * per_class
        found[f'{name}_over_ours'] = (spent * classes * per_class / min(ours))
    return dict(
        found,
        note='package 0.1.4; points scaled up from '
        f'{SAMPLE["curvatures"]} (curvatures, its default) and '
        f'{SAMPLE["estimate_curvatures"]} (estimate_curvatures)')


def load_package(folder):
    """Its curvature module alone: the others need ripser and scikit-dimension.
    """
    path = osp.join(folder, 'perceptual_manifold_geometry', 'curvature.py')
    spec = importlib.util.spec_from_file_location('their_curvature', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seconds_per_point(module, name, points, sample):
    """Time of one more point, from two sizes, so that set-up falls out.

    The least of three rounds of each size, as for ours.
    """
    sizes = (sample + 22, 2 * sample + 22)
    times = {size: [] for size in sizes}
    for _ in range(ROUNDS):
        for size in sizes:
            started = time.perf_counter()
            getattr(module, name)(points[:size])
            times[size].append(time.perf_counter() - started)
    return (min(times[sizes[1]]) - min(times[sizes[0]])) / sample


def in_process(*arguments):
    """What this file prints for these arguments, in a fresh interpreter."""
    output = subprocess.run(
        [sys.executable, osp.abspath(__file__), *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True).stdout
    return json.loads(output.splitlines()[-1])


def main():
    return {part: in_process(part) for part in PARTS}


if __name__ == '__main__':
    print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
