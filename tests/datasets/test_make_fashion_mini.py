# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.datasets import kept_positions
from mmcurv.datasets.small import read_idx, write_idx
from tests.tools.tool_runs import call

SIZES = dict(train=200, t10k=50)


@pytest.fixture
def source(tmp_path):
    rng = np.random.default_rng(0)
    for prefix, size in SIZES.items():
        images = rng.integers(0, 256, (size, 28, 28)).astype(np.uint8)
        labels = rng.permutation(np.arange(size) % 10).astype(np.uint8)
        write_idx(tmp_path / f'{prefix}-images-idx3-ubyte', images)
        write_idx(tmp_path / f'{prefix}-labels-idx1-ubyte', labels)
    return tmp_path


@pytest.fixture
def cut(capsys):

    def run(source, out):
        call('make_fashion_mini', source, '--out', out, '--imbalance-factor',
             10, '--max-count', 15, '--test-count', 2)
        return capsys.readouterr().out

    return run


def test_cut_keeps_the_drawn_images_and_is_the_same_byte_for_byte(source, cut):
    expected = dict(train=[15, 11, 8, 6, 5, 4, 3, 2, 1, 1], t10k=[2] * 10)
    printed = cut(source, source / 'first')
    cut(source, source / 'second')
    for prefix, counts in expected.items():
        assert f'per class {counts}' in printed
        images, labels = (
            read_idx(source / f'{prefix}-{kind}-ubyte')
            for kind in ('images-idx3', 'labels-idx1'))
        kept = kept_positions(labels, counts, seed=0)
        for kind, full in (('images-idx3', images), ('labels-idx1', labels)):
            name = f'{prefix}-{kind}-ubyte.gz'
            first = source / 'first' / name
            np.testing.assert_array_equal(read_idx(first), full[kept])
            second = source / 'second' / name
            assert first.read_bytes() == second.read_bytes()
