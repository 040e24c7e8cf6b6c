# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Every family of configs trains and validates, on few random images."""
import copy
import json
import math
import uuid

import pytest
import torch
from mmengine.registry import DATASETS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.datasets import CIFAR10, CIFAR100

from mmcurv.engine.stages.run_stages import plan_run, run_stages
from tests.real_formats import (write_cifar, write_class_folders,
                                write_fashion_mnist)
from tests.shipped_configs import FAMILIES, names_of, read, use_tiny_data
from tests.small_runs import make_short, make_small

STAGED = [path for path in FAMILIES if read(path).get('stages')]
ONE_STAGE = [path for path in FAMILIES if path not in STAGED]


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


@pytest.fixture
def unsigned_cifar(monkeypatch):
    """Accept CIFAR files whose checksums are not the published ones."""
    for cls in (CIFAR10, CIFAR100):
        for name in ('train_list', 'test_list'):
            unsigned = [(file_name, None)
                        for file_name, _ in getattr(cls, name)]
            monkeypatch.setattr(cls, name, unsigned)


@pytest.mark.parametrize('path', FAMILIES, ids=names_of(FAMILIES))
def test_datasets_of_a_family_build_and_yield_images(path, data_folder,
                                                     unsigned_cifar):
    cfg = copy.deepcopy(read(path))
    use_tiny_data(cfg, data_folder)
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        item = DATASETS.build(loader.dataset)[0]
        channels = len(cfg.data_preprocessor.mean)
        size = 28 if channels == 1 else 32
        views = item['inputs']
        for view in views if isinstance(views, list) else [views]:
            assert view.shape == (channels, size, size)
            assert view.dtype == torch.uint8
        assert item['data_samples'].gt_label.numel() == 1


@pytest.mark.parametrize('path', ONE_STAGE, ids=names_of(ONE_STAGE))
@pytest.mark.parametrize('suffix', ['', '_cr'], ids=['plain', 'cr'])
def test_family_trains_and_validates(path, suffix, data_folder, tmp_path,
                                     unsigned_cifar):
    cfg = copy.deepcopy(read(path.with_stem(path.stem + suffix)))
    use_tiny_data(cfg, data_folder)
    make_small(cfg)
    make_short(cfg)
    cfg.merge_from_dict({
        'work_dir': str(tmp_path),
        'experiment_name': uuid.uuid4().hex,
    })
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert math.isfinite(scalars['train/loss'].current())
    assert 0 <= scalars['val/accuracy/top1'].current() <= 100
    assert 0 <= scalars['val/fairness/class_mean'].current() <= 100
    assert ('train/loss_curvature' in scalars) == bool(suffix)
    if suffix:
        losses = {
            name: scalar.current()
            for name, scalar in scalars.items()
            if name.startswith('train/loss')
        }
        assert losses['train/loss_curvature'] > 0
        assert scalars['train/objective'].current() == pytest.approx(
            sum(losses.values()), rel=1e-5)
    assert (tmp_path / 'epoch_3.pth').is_file()
    assert list(tmp_path.glob('*/vis_data/events.out.tfevents.*'))


def logged(folder):
    """Every number that a stage logged, by name."""
    numbers = {}
    for path in folder.glob('*/vis_data/scalars.json'):
        for line in path.read_text().splitlines():
            numbers.update(json.loads(line))
    return numbers


@pytest.mark.parametrize('path', STAGED, ids=names_of(STAGED))
@pytest.mark.parametrize('suffix', ['', '_cr'], ids=['plain', 'cr'])
def test_stages_of_a_family_train_and_validate(path, suffix, data_folder,
                                               tmp_path, unsigned_cifar):
    cfg = copy.deepcopy(read(path.with_stem(path.stem + suffix)))
    use_tiny_data(cfg, data_folder)
    make_small(cfg)
    make_short(cfg)
    cfg.work_dir = str(tmp_path)
    run_stages(plan_run(cfg))
    record = json.loads((tmp_path / 'run.json').read_text())
    regularized = {
        stage.name
        for i, stage in enumerate(cfg.stages)
        if suffix and stage.get('cr', i == 0)
    }
    assert {stage['name'] for stage in record['stages'] if stage['cr']} \
        == regularized
    for stage in cfg.stages:
        last = stage is cfg.stages[-1]
        folder = tmp_path if last else tmp_path / f'stage_{stage.name}'
        numbers = logged(folder)
        assert 0 <= numbers['fairness/class_mean'] <= 100
        assert ('loss_curvature' in numbers) == (stage.name in regularized)
    evaluates = cfg.stages[-1].get('changes', {}).get('train_cfg', 0) is None
    name = 'epoch_001.json' if evaluates else 'epoch_003.json'
    assert (tmp_path / 'class_accuracy' / name).is_file()
