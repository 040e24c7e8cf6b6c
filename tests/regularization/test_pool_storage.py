# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A pool is the same wherever its features lie."""
import errno
import gc
import os
import resource
from contextlib import contextmanager

import pytest
import torch

from mmcurv.regularization import FeaturePool, PooledCurvature
from mmcurv.regularization.feature_storage import make_features

STORAGES = ('device', 'host', 'file')
COUNTS, P = [12, 9, 5], 6
MIB = 2**20


def pool_in(storage, folder, dtype=torch.float32):
    folder = str(folder) if storage == 'file' else None
    return FeaturePool(COUNTS, P, dtype=dtype, storage=storage, folder=folder)


def terms(pool):
    """log G and its gradient in each of some steps, and the features."""
    generator = torch.Generator().manual_seed(0)
    curvature = PooledCurvature(pool, k=4)
    labels = torch.arange(3).repeat_interleave(torch.tensor(COUNTS))
    found = []
    for step in range(4):
        images = torch.randperm(
            26, generator=generator)[:26 if not step else 8]
        features = torch.randn(len(images), P, generator=generator)
        features.requires_grad_()
        log_g = curvature(features, labels[images], images)
        found += [log_g, *torch.autograd.grad(log_g[:2].sum(), features)]
        curvature.push(features, labels[images], images)
    return [*found, pool.features]


def maps_below(folder):
    """Lines on mapped pool files of this process that were made there."""
    with open('/proc/self/maps') as lines:
        return [
            line for line in lines
            if 'feature_pool_rank' in line and f'{folder}/' in line
        ]


@pytest.mark.parametrize('dtype',
                         [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize('storage', STORAGES[1:])
def test_curvatures_gradients_and_features_are_the_same_bits(
        tmp_path, storage, dtype):
    kept = terms(pool_in('device', None, dtype))
    for ours, theirs in zip(terms(pool_in(storage, tmp_path, dtype)), kept):
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours.nan_to_num(), theirs.nan_to_num())
        assert torch.equal(ours.isnan(), theirs.isnan())


@pytest.mark.parametrize('before', STORAGES)
@pytest.mark.parametrize('after', STORAGES)
def test_state_goes_from_each_storage_to_each(tmp_path, before, after):
    first = pool_in(before, tmp_path)
    terms(first)
    torch.save(first.state_dict(), tmp_path / 'state.pt')
    second = pool_in(after, tmp_path)
    place = second.features.data_ptr()
    second.load_state_dict(torch.load(tmp_path / 'state.pt'))
    assert second.features.data_ptr() == place
    for name, value in first.state_dict().items():
        assert torch.equal(second.state_dict()[name], value)


def test_features_begin_with_zeros(tmp_path):
    for storage in STORAGES:
        pool = pool_in(storage, tmp_path)
        assert pool.features.shape == (26, P) and not pool.features.any()


def test_file_is_mapped_and_has_no_name_and_no_room_afterwards(tmp_path):
    features = make_features(
        4 * MIB // 24, P, storage='file', folder=str(tmp_path / 'new'))
    assert os.listdir(tmp_path / 'new') == []
    line, = maps_below(tmp_path / 'new')
    assert '(deleted)' in line and 'rw-s' in line
    assert 'feature_pool_rank0_' in line
    features[-1] = 3.
    del features
    gc.collect()
    assert maps_below(tmp_path / 'new') == []


def test_pools_in_one_folder_do_not_share_a_file(tmp_path):
    one, two = (pool_in('file', tmp_path) for _ in range(2))
    one.features.fill_(1.)
    assert not two.features.any()


def test_pool_without_a_slot_needs_no_file(tmp_path):
    pool = FeaturePool([0, 0],
                       P,
                       storage='file',
                       folder=str(tmp_path / 'never'))
    assert pool.features.shape == (0, P)
    assert not (tmp_path / 'never').exists()


def test_full_disk_is_told_with_bytes_needed_and_free(tmp_path, monkeypatch):

    def full(descriptor, offset, size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'posix_fallocate', full)
    with pytest.raises(
            OSError,
            match=rf'a file of {26 * P * 4} bytes in .*{tmp_path.name}.*has '
            r'[\d,]+ bytes free \(No space left.*folder=.*max_bytes=') as info:
        pool_in('file', tmp_path)
    assert info.value.errno == errno.ENOSPC
    assert os.listdir(tmp_path) == []


@contextmanager
def largest_file(size):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_room_is_taken_before_the_first_feature_comes(tmp_path):
    """By a file that may not grow so far, and by one that may."""
    with largest_file(MIB), pytest.raises(OSError, match='1,048,584 bytes'):
        make_features(MIB // 24 + 1, P, storage='file', folder=str(tmp_path))
    assert os.listdir(tmp_path) == []
    with largest_file(MIB):
        features = make_features(
            MIB // 24, P, storage='file', folder=str(tmp_path))
    features.fill_(1.)
    assert features.sum() == MIB // 24 * P


@pytest.mark.skipif(
    not os.access('/dev/shm', os.W_OK), reason='no disk in main memory')
def test_disk_that_is_too_small_is_refused(tmp_path):
    """Half a pebibyte, which no disk in main memory has."""
    with pytest.raises(OSError, match='562,949,953,421,312 bytes'):
        make_features(2**46, 2, storage='file', folder='/dev/shm')
    assert not [n for n in os.listdir('/dev/shm') if 'feature_pool' in n]


@pytest.mark.parametrize('options, said', [
    (dict(storage='disk'), "'device', 'host', 'file'.*got 'disk'"),
    (dict(storage='host', device='meta'), "'host' keeps.*device='meta'"),
    (dict(storage='file', device='meta'), "'file' keeps.*device='meta'"),
    (dict(storage='host', folder='x'), "folder is that of storage='file'"),
    (dict(folder='x'), "folder is that of storage='file'"),
    (dict(storage='file'), 'needs a folder'),
])
def test_options_that_do_not_go_together_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        FeaturePool(COUNTS, P, **options)


def test_storage_off_the_devices_needs_a_system_that_reserves(monkeypatch):
    monkeypatch.delattr(os, 'posix_fallocate')
    with pytest.raises(ValueError, match="Linux. Take 'host'"):
        FeaturePool(COUNTS, P, storage='file', folder='x')


def test_host_memory_is_pinned_where_cuda_is_there(monkeypatch):
    asked = []
    zeros = torch.zeros

    def watched(*shape, pin_memory=False, **options):
        asked.append((pin_memory, options.get('device')))
        return zeros(*shape, **options)

    monkeypatch.setattr(torch, 'zeros', watched)
    for there in (True, False):
        monkeypatch.setattr(torch.cuda, 'is_available', lambda: there)
        make_features(3, 2, storage='host')
    make_features(3, 2, device='cpu')
    assert asked == [(True, 'cpu'), (False, 'cpu'), (False, 'cpu')]
