# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import gzip
import json

import pytest
from mmpretrain.datasets import CIFAR10

from mmcurv.datasets import LongTailed
from mmcurv.datasets.preparing import Options, is_ready
from mmcurv.datasets.preparing.small_sets import (prepare_cifar_lt,
                                                  prepare_fashion_mnist,
                                                  prepare_svhn)
from tests.listed_formats import write_svhn
from tests.real_formats import write_fashion_mnist

pytestmark = pytest.mark.usefixtures('tiny_counts')


def test_long_tails_of_cifar_are_written_as_long_tailed_cuts_them(
        tmp_path, write_published_cifar):
    write_published_cifar(tmp_path, 10, 20)
    options = Options(str(tmp_path), imbalance_factors=[10, 20], seed=3)
    checks = prepare_cifar_lt(options, 10)
    assert [check.state for check in checks] == ['ok'] * 5 + ['built'] * 2
    full = CIFAR10(str(tmp_path), 'train', download=False)
    for factor in (10, 20):
        part = LongTailed(full, factor, seed=3)
        record = json.loads(
            (tmp_path / f'cifar10_lt_if{factor}_seed3.json').read_text())
        assert record['counts'] == part.counts
        assert record['positions'] == part.positions.tolist()
        assert record['fingerprint'] == part.fingerprint
        assert record['seed'] == 3 and record['imbalance_factor'] == factor


def test_factor_that_empties_a_class_is_told(tmp_path, write_published_cifar):
    write_published_cifar(tmp_path, 100, 2)
    checks = prepare_cifar_lt(Options(str(tmp_path)), 100)
    assert checks[-1].state == 'wrong'
    assert 'leaves' in checks[-1].found and 'empty' in checks[-1].found
    assert not list(tmp_path.glob('*.json'))


def test_files_that_are_not_the_published_ones_are_not_read(
        tmp_path, write_published_cifar):
    write_published_cifar(tmp_path, 10, 20)
    with open(tmp_path / 'cifar-10-batches-py/data_batch_2', 'ab') as file:
        file.write(b'x')
    checks = prepare_cifar_lt(Options(str(tmp_path)), 10)
    assert [check.state for check in checks] == ['ok', 'wrong', 'wrong']
    assert 'MD5' in checks[1].found


def test_svhn_is_counted(tmp_path):
    write_svhn(tmp_path, labels=[*range(1, 11)] * 2)
    checks = prepare_svhn(Options(str(tmp_path)))
    assert [check.state for check in checks] == ['missing']
    assert checks[0].found.endswith('test_32x32.mat')
    assert 'http://ufldl.stanford.edu/housenumbers/' in checks[0].remedy
    write_svhn(tmp_path, 'test', range(1, 10))
    checks = prepare_svhn(Options(str(tmp_path)))
    assert [check.state for check in checks] == ['ok'] * 4 + ['wrong']
    assert 'images 10' in checks[-1].remedy


def test_fashion_mnist_may_be_extracted(tmp_path):
    write_fashion_mnist(tmp_path / 'fashion', 3)
    checks = prepare_fashion_mnist(Options(str(tmp_path / 'fashion')))
    assert is_ready(checks) and len(checks) == 5
    (tmp_path / 'fashion/t10k-labels-idx1-ubyte').unlink()
    checks = prepare_fashion_mnist(Options(str(tmp_path / 'fashion')))
    assert checks[0].found.startswith('1 of 4 not in')


def test_fashion_mnist_cut_short_is_told(tmp_path):
    write_fashion_mnist(tmp_path / 'fashion', 3)
    path = tmp_path / 'fashion/train-images-idx3-ubyte'
    data = gzip.compress(path.read_bytes())
    path.with_suffix('.gz').write_bytes(data[:-100])
    path.unlink()
    checks = prepare_fashion_mnist(Options(str(tmp_path / 'fashion')))
    assert [check.state for check in checks] == ['ok', 'wrong', 'ok', 'ok']
    assert 'no whole gzip file' in checks[1].found


def test_remedy_for_fashion_mnist_names_the_package_that_has_it(tmp_path):
    check, = prepare_fashion_mnist(Options(str(tmp_path)))
    assert 'dataset-fashion-mnist' in check.remedy
