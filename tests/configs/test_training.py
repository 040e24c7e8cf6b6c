# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every method trains and validates, on few images.

In the quick tier each on bundled images with Curvature Regularization, and a
few without; the others are slow: the files of every data set, and all without.
"""
import copy
import json
import math
import uuid

import pytest
import torch
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.datasets import CIFAR10, CIFAR100

from mmcurv.benchmark.run_folder import read_run_record
from mmcurv.engine.config_options import merged_config
from mmcurv.engine.stages.run import plan_run, run_stages
from tests.real_formats import (write_cifar, write_class_folders,
                                write_fashion_mnist)
from tests.shipped_configs import (BASES, BUNDLED, CIFAR, ROOT, names_of,
                                   use_tiny_data)
from tests.small_runs import make_short, make_small

PLAIN_TOO = ('ce', 'ride', 'bbn', 'mislas', 'paco')
DATA = {
    'cifar10_lt': ['datasets/cifar10_lt.py'],
    'cifar100_folder': ['datasets/cifar100_folder.py'],
    'fashion_lt': ['datasets/fashion_lt.py'],
    'in_memory': ['datasets/cifar100_lt_in_memory.py'],
    'common': ['recipes/cifar_200e.py'],
}


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


@pytest.fixture(scope='module')
def data_folder(tmp_path_factory):
    """A ``data`` folder as the configs expect it, with few random images."""
    folder = tmp_path_factory.mktemp('data')
    write_cifar(folder / 'cifar10', 10, per_class=12)
    write_cifar(folder / 'cifar100', 100, per_class=6)
    write_fashion_mnist(folder / 'fashion_mnist', per_class=12)
    write_class_folders(folder / 'cifar100_if10', 100, per_class=8)
    return folder


@pytest.fixture(autouse=True)
def unsigned_cifar(monkeypatch):
    """Accept CIFAR files whose checksums are not the published ones."""
    for cls in (CIFAR10, CIFAR100):
        for name in ('train_list', 'test_list'):
            unsigned = [(file_name, None)
                        for file_name, _ in getattr(cls, name)]
            monkeypatch.setattr(cls, name, unsigned)


def small(path, cr, data_folder, work_dir, files=()):
    cfg = merged_config(
        str(path), with_files=[BASES + one for one in files], cr=cr)
    use_tiny_data(cfg, data_folder)
    make_small(cfg)
    make_short(cfg)
    cfg.work_dir = str(work_dir)
    return cfg


def logged(folder):
    """Every number that a stage logged, by name."""
    numbers = {}
    for path in folder.glob('*/vis_data/scalars.json'):
        for line in path.read_text().splitlines():
            numbers.update(json.loads(line))
    return numbers


def check_training(cfg, cr, folder):
    """Train a config of one stage or of several, and look at what is left."""
    if cfg.get('stages'):
        return check_stages(cfg, cr, folder)
    cfg.experiment_name = uuid.uuid4().hex
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert math.isfinite(scalars['train/loss'].current())
    assert 0 <= scalars['val/accuracy/top1'].current() <= 100
    assert 0 <= scalars['val/fairness/class_mean'].current() <= 100
    assert ('train/loss_curvature' in scalars) == cr
    if cr:
        losses = {
            name: scalar.current()
            for name, scalar in scalars.items()
            if name.startswith('train/loss')
        }
        assert losses['train/loss_curvature'] > 0
        assert scalars['train/objective'].current() == pytest.approx(
            sum(losses.values()), rel=1e-5)
    assert (folder / 'epoch_3.pth').is_file()
    assert list(folder.glob('*/vis_data/events.out.tfevents.*'))
    record = read_run_record(folder / 'run.json')
    assert (record['cr'] is not None) == cr
    if cr:
        assert record['cr']['start_epoch'] == 2
        assert record['cr']['loss']['tau'] == 2


def check_stages(cfg, cr, folder):
    run_stages(cfg, plan_run(cfg))
    record = read_run_record(folder / 'run.json')
    regularized = {
        stage.name
        for i, stage in enumerate(cfg.stages)
        if cr and stage.get('cr', i == 0)
    }
    assert {stage['name']
            for stage in record['stages'] if stage['cr']} == regularized
    assert 0 <= record['results']['last']['metrics']['overall'] <= 100
    for stage in cfg.stages:
        last = stage is cfg.stages[-1]
        own = folder if last else folder / f'stage_{stage.name}'
        numbers = logged(own)
        assert 0 <= numbers['fairness/class_mean'] <= 100
        assert ('loss_curvature' in numbers) == (stage.name in regularized)
    check_frozen_body(cfg, folder)


def check_frozen_body(cfg, folder):
    """What a later stage freezes does not move by a bit."""
    first, second = cfg.stages
    if 'backbone' not in second.get('freeze', []):
        return
    before, after = (
        torch.load(file, weights_only=True)['state_dict']
        for file in (folder / f'stage_{first.name}/epoch_3.pth',
                     *folder.glob('epoch_[13].pth')))
    statistics = ('running_mean', 'running_var', 'num_batches_tracked')
    moves = second.get('norm') == 'train'
    for name, value in before.items():
        if name.startswith('backbone'):
            moved = moves and name.endswith(statistics)
            assert torch.equal(value, after[name]) != moved, name


def cells():
    for path in BUNDLED:
        for cr in (True, False):
            slow = not cr and path.parent.name not in PLAIN_TOO
            yield pytest.param(
                path,
                cr,
                id=f'{path.parent.name}{"_cr" if cr else ""}',
                marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize('path, cr', [*cells()])
def test_method_trains_and_validates_on_bundled_images(path, cr, tmp_path):
    cfg = small(path, cr, None, tmp_path)
    check_training(cfg, cr, tmp_path)
    if path.parent.name == 'tau_norm':
        search = json.loads((tmp_path / 'tau_norm.json').read_text())
        assert len(search['grid']) == 21 and search['chosen_on_test']


def test_config_of_cifar_trains_on_files_of_cifar(data_folder, tmp_path):
    path, = (path for path in CIFAR if path.parent.name == 'ce')
    check_training(small(path, True, data_folder, tmp_path), True, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize('path', CIFAR, ids=names_of(CIFAR))
@pytest.mark.parametrize('cr', [False, True], ids=['plain', 'cr'])
def test_method_trains_and_validates_on_cifar(path, cr, data_folder, tmp_path):
    check_training(small(path, cr, data_folder, tmp_path), cr, tmp_path)


# Images of a batch that is augmented as a whole cannot be mixed before.
OTHER_DATA = [(method, name)
              for method in ('ce', 'ride', 'mislas', 'bbn', 'paco')
              for name in DATA if (method, name) != ('mislas', 'in_memory')]


@pytest.mark.slow
@pytest.mark.parametrize('method, name', OTHER_DATA)
def test_method_trains_with_other_data_and_recipes(method, name, data_folder,
                                                   tmp_path):
    if method == 'paco' and name != 'cifar10_lt':
        files = ['recipes/cifar_200e.py', 'recipes/cifar_two_views.py']
    else:
        files = DATA[name]
    path = ROOT / f'configs/{method}/{method}_resnet32_cifar100-lt-if100.py'
    cfg = small(path, True, data_folder, tmp_path, files)
    check_training(cfg, True, tmp_path)


def test_every_data_set_builds_and_yields_images(data_folder):
    own = ('ce', 'balanced_softmax', 'paco', 'ride')  # pipelines
    cells = [(path, []) for path in BUNDLED + CIFAR if path.parent.name in own]
    ce, = (path for path in CIFAR if path.parent.name == 'ce')
    cells += [(ce, files) for files in DATA.values()]
    for path, files in cells:
        cfg = merged_config(
            str(path), with_files=[BASES + one for one in files])
        use_tiny_data(cfg, data_folder)
        for loader in (cfg.train_dataloader, cfg.val_dataloader):
            item = DATASETS.build(copy.deepcopy(loader.dataset))[0]
            channels = len(cfg.data_preprocessor.mean)
            size = 28 if channels == 1 else 32
            views = item['inputs']
            for view in views if isinstance(views, list) else [views]:
                assert view.shape == (channels, size, size), (path, files)
                assert view.dtype == torch.uint8
            assert item['data_samples'].gt_label.numel() == 1
