# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import platform
import subprocess

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from torch import nn

import mmcurv
import mmcurv.models  # noqa: F401
from mmcurv.engine.provenance import (code_version, config_hash,
                                      count_parameters, machine, multiply_adds,
                                      package_versions)
from mmcurv.registry import MODELS


def git(folder, *arguments):
    return subprocess.run(['git', '-C', folder, *arguments],
                          check=True,
                          capture_output=True,
                          text=True,
                          env=dict(
                              PATH='/usr/local/bin:/usr/bin:/bin',
                              HOME=str(folder),
                              GIT_AUTHOR_NAME='a',
                              GIT_AUTHOR_EMAIL='a@b',
                              GIT_COMMITTER_NAME='a',
                              GIT_COMMITTER_EMAIL='a@b')).stdout.strip()


def pretend_to_live_in(folder, monkeypatch):
    package = folder / 'mmcurv'
    package.mkdir(exist_ok=True)
    (package / '__init__.py').touch()
    monkeypatch.setattr(mmcurv, '__file__', str(package / '__init__.py'))


def test_commit_and_cleanness_of_a_checkout(tmp_path, monkeypatch):
    pretend_to_live_in(tmp_path, monkeypatch)
    git(tmp_path, 'init')
    git(tmp_path, 'add', '.')
    git(tmp_path, 'commit', '-m', 'first')
    found = code_version()
    assert found['version'] == mmcurv.__version__
    assert found['commit'] == git(tmp_path, 'rev-parse', 'HEAD')
    assert found['clean'] is True
    (tmp_path / 'logs').mkdir()
    (tmp_path / 'logs' / 'run.log').touch()
    assert code_version()['clean'] is True
    (tmp_path / 'logs' / 'new.py').touch()
    assert code_version()['clean'] is False


def test_package_inside_a_foreign_repository_has_no_commit(
        tmp_path, monkeypatch):
    git(tmp_path, 'init')
    site = tmp_path / 'site-packages'
    site.mkdir()
    pretend_to_live_in(site, monkeypatch)
    assert code_version()['commit'] is None
    assert code_version()['clean'] is None


def test_package_outside_any_repository_has_no_commit(tmp_path, monkeypatch):
    pretend_to_live_in(tmp_path, monkeypatch)
    assert code_version()['commit'] is None


def test_versions_are_those_of_the_process():
    found = package_versions()
    assert found['torch'] == torch.__version__.split('+')[0]
    assert found['python'] == platform.python_version()


def test_machine_names_what_numbers_depend_on():
    found = machine()
    assert found['processor']
    assert found['cores'] >= 1
    assert found['threads'] == torch.get_num_threads()
    assert found['processes'] == 1
    assert len(found['accelerators']) == torch.cuda.device_count()


BASE = dict(
    model=dict(type='ImageClassifier', head=dict(num_classes=10)),
    train_cfg=dict(max_epochs=20),
    randomness=dict(seed=0, deterministic=False))


def changed(**changes):
    cfg = Config(BASE)
    cfg.merge_from_dict(changes)
    return config_hash(cfg)


def test_hash_is_64_hexadecimal_digits():
    assert len(config_hash(BASE)) == 64
    int(config_hash(BASE), 16)


def test_seed_and_place_do_not_enter():
    same = dict(
        work_dir='a', resume=True, load_from='b.pth', launcher='pytorch')
    assert changed(**same, **{'randomness.seed': 7}) == config_hash(BASE)


def test_how_often_is_saved_logged_or_measured_does_not_enter():
    hooks = dict(
        checkpoint=dict(type='CheckpointHook', interval=1),
        geometry=dict(type='mmcurv.GeometryMonitorHook', interval=1))
    base = changed(default_hooks=hooks)
    hooks['checkpoint']['interval'] = hooks['geometry']['interval'] = 5
    hooks['run_record'] = dict(type='mmcurv.RunRecordHook')
    assert changed(default_hooks=hooks) == base
    hooks['geometry']['curvature'] = dict(k=20)  # another measure
    assert changed(default_hooks=hooks) != base


def test_hook_that_is_switched_off_is_borne():
    off = config_hash(dict(default_hooks=dict(geometry=None), randomness=None))
    assert off != config_hash(dict(default_hooks=None))


def test_what_is_trained_enters():
    hashes = {
        config_hash(BASE),
        changed(**{'model.head.num_classes': 100}),
        changed(**{'train_cfg.max_epochs': 21}),
        changed(**{'randomness.deterministic': True}),
        changed(custom_hooks=[dict(type='mmcurv.FeaturePoolHook')])
    }
    assert len(hashes) == 5


def test_order_of_keys_and_kind_of_sequence_do_not_enter():
    turned = dict(reversed(BASE.items()))
    assert config_hash(turned) == config_hash(BASE)
    assert config_hash(dict(a=(1, 2))) == config_hash(dict(a=[1, 2]))


def test_classes_enter_by_name_and_not_by_address():
    assert config_hash(dict(norm=nn.BatchNorm2d)) == config_hash(
        dict(norm=nn.BatchNorm2d))
    assert config_hash(dict(norm=nn.BatchNorm2d)) != config_hash(
        dict(norm=nn.LayerNorm))


def test_hashing_leaves_the_config_alone():
    cfg = Config(BASE)
    before = cfg.to_dict()
    config_hash(cfg)
    assert cfg.to_dict() == before


class OneConvolution(BaseModel):

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(5)
        self.fc = nn.Linear(5, 7)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return self.fc(self.norm(self.conv(inputs)).mean((2, 3)))


class LooksAtItsData(OneConvolution):

    def forward(self, inputs, data_samples=None, mode='tensor'):
        return super().forward(inputs) if inputs.sum() > 0 else None


def test_multiply_adds_of_a_convolution_and_a_linear_layer():
    count = multiply_adds(OneConvolution(), (3, 8, 6))
    assert count == 8 * 6 * 5 * 3 * 9 + 5 * 7


def test_counting_changes_nothing():
    model = OneConvolution()
    model.norm.eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = torch.get_rng_state()
    multiply_adds(model, (3, 8, 6))
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training and not model.norm.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


def test_model_that_looks_at_its_data_has_no_count():
    assert multiply_adds(LooksAtItsData(), (3, 8, 6)) is None


def test_shared_parameters_count_once():
    model = OneConvolution()
    count = count_parameters(model)
    model.again = model.fc
    assert count_parameters(model) == count == 5 * 3 * 9 + 10 + 5 * 7 + 7


def test_resnet_32_has_its_published_cost():
    """He et al., Deep Residual Learning: 69 million at 32 x 32."""
    backbone = MODELS.build(dict(type='mmcurv.CifarResNet', depth=32))

    class Model(BaseModel):

        def __init__(self):
            super().__init__()
            self.backbone = backbone

        def forward(self, inputs, data_samples=None, mode='tensor'):
            return self.backbone(inputs)[0]

    assert round(multiply_adds(Model(), (3, 32, 32)) / 1e6) == 69
