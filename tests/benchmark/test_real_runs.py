# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The runs of benchmarks/real_runs: configs, record, and the document."""
import json
import runpy
from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / 'benchmarks' / 'real_runs'
CONFIGS = sorted(FOLDER.glob('*_fashion-*.py')) + sorted(
    FOLDER.glob('*_cifar100-*.py'))
program = runpy.run_path(str(FOLDER / 'record.py'))


def kept(name):
    return json.loads((FOLDER / name).read_text(encoding='utf-8'))


@pytest.fixture
def run_folder(tmp_path):
    """Two epochs of two steps, CR in the second, as a run leaves them."""
    steps = [
        dict(epoch=1, loss=4., time=2.),
        dict(epoch=1, loss=3., time=1.),
        {
            'accuracy/top1': 20.,
            'step': 1
        },
        dict(epoch=2, loss=2., loss_curvature=.5, time=3.),
        dict(epoch=2, loss=1., loss_curvature=.7, time=1.),
    ]
    run = dict(
        created='today',
        seed=0,
        config=dict(path='configs/some_net.py', hash='abc', text='long'),
        code={},
        packages={},
        machine={},
        split=dict(class_counts=[3, 1], fingerprint='f'),
        results=dict(last=dict(metrics=dict(overall=75.))),
        classes=[dict(test_count=2), dict(test_count=2)],
        history=dict(epochs=[2], overall=[75.]),
        cr=dict(start_epoch=2),
        cost=dict(parameters=1234567))
    path = tmp_path / 'stamp' / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(map(json.dumps, steps)))
    (tmp_path / 'run.json').write_text(json.dumps(run))
    return tmp_path


def test_epochs_are_means_over_all_of_their_steps(run_folder):
    run = program['read_run'](str(run_folder))
    assert run['loss'] == [3.5, 1.5]
    assert run['loss_curvature'] == [None, pytest.approx(.6)]
    assert run['seconds'] == [3., 4.] and run['steps'] == [2, 2]
    assert run['test_images'] == 4 and run['top1'] == [None, 75.]


def test_run_that_was_started_twice_is_refused(run_folder):
    other = run_folder / 'later' / 'vis_data'
    other.mkdir(parents=True)
    (other / 'scalars.json').touch()
    with pytest.raises(ValueError, match='too many values'):
        program['read_epochs'](str(run_folder))


def test_kept_runs_learned():
    for run in kept('record.json')['runs']:
        assert run['loss'] == sorted(run['loss'], reverse=True)
        assert run['top1'][-1] > 5 * 100 / len(run['class_counts'])


def test_kept_runs_are_those_of_the_configs():
    runs = kept('record.json')['runs']
    assert {ROOT / run['config'] for run in runs} == set(CONFIGS)
    for run in runs:
        cfg = Config.fromfile(ROOT / run['config'])
        assert len(run['loss']) == cfg.train_cfg.max_epochs
        assert (run['cr'] is not None) == ('custom_hooks' in cfg)


@pytest.mark.parametrize('path', CONFIGS, ids=[path.stem for path in CONFIGS])
def test_config_is_fed_from_memory_to_the_end_of_its_schedule(path):
    cfg = Config.fromfile(path)
    assert cfg.data_preprocessor.type == 'mmcurv.BatchAugmentPreprocessor'
    assert cfg.data_preprocessor.num_classes == cfg.model.head.num_classes
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        assert loader.dataset.type == 'mmcurv.InMemoryDataset'
    assert cfg.param_scheduler[1].end == cfg.train_cfg.max_epochs
    assert cfg.default_hooks.logger.interval == 1
    assert cfg.log_processor.window_size == 1


def test_whole_fashion_mnist_is_that_of_the_pipeline():
    record = kept('whole_fashion_mnist.json')
    assert record['train']['class_counts'] == [6000] * 10
    assert record['test']['class_counts'] == [1000] * 10
    assert record['epoch']['images'] == 60000
    for name in ('train', 'test'):
        assert record[name]['same_as_pipeline'] is True


def test_document_has_the_times_of_whole_fashion_mnist():
    record = kept('whole_fashion_mnist.json')
    text = (ROOT / 'docs' / 'feeding.md').read_text(encoding='utf-8')
    train, test = record['train'], record['test']
    for words in (f'took {train["build_seconds"]:.1f} and '
                  f'{test["build_seconds"]:.1f} seconds;',
                  f'took {record["epoch"]["seconds"]:.1f} seconds',
                  f'a tensor of {train["image_bytes"] / 1e6:.0f} MB',
                  f'grew by {train["resident_bytes_added"] / 1e6:.0f} MB'):
        assert words in ' '.join(text.split())
