# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The benchmark for GPUs, run on the CPU with little to do."""
import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / 'benchmarks'


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    import gpu
    return gpu


def test_shapes_are_those_of_the_long_tailed_sets(gpu):
    cifar, imagenet = gpu.shapes().values()
    assert (len(cifar.counts), sum(cifar.counts)) == (100, 10847)
    assert (len(imagenet.counts), sum(imagenet.counts)) == (1000, 115846)


def test_times_and_sizes_of_a_small_shape_are_written(gpu, monkeypatch,
                                                      tmp_path, capsys):
    small = gpu.Shape('ce_resnet8_fashion-mini-if100', (1, 28, 28), 16,
                      (60, 30, 10), 2)
    monkeypatch.setattr(gpu, 'shapes', lambda: {'small': small})
    monkeypatch.setattr(gpu, 'BATCHES', ((70, 8, 10), ))
    monkeypatch.setattr(gpu, 'CLOUD', (2, 90, 4))
    monkeypatch.setattr(gpu, 'AUDITED', (3, 30, 8))
    gpu.main(['--device', 'cpu', '--out', str(tmp_path / 'gpu.json')])
    assert 'small' in capsys.readouterr().out
    record = json.loads((tmp_path / 'gpu.json').read_text())
    found = record['steps']['small']
    assert found['pool_bytes'] == 100 * 64 * 4
    assert found['waits_with'] is None
    assert len(found['all_seconds']['with']) == 2
    for part in ('forward', 'backward', 'step'):
        for name in ('with', 'without'):
            assert found[f'{part}_{name}_seconds'] > 0
    frames, = record['routes']['frames']
    assert frames['eigh_seconds'] > 0 and frames['tridiagonal_seconds'] > 0
    assert record['routes']['class_curvature']['eigh_seconds'] > 0
    assert record['audit']['finished'] and record['audit']['seconds'] > 0
