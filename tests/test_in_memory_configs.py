# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Configs that feed from memory differ in the feeding and in nothing else."""
import pytest

from tests.shipped_configs import BASELINES, ROOT, load, names_of, read

IN_MEMORY = [path for path in BASELINES if '-in-memory' in path.stem]
FOLDER = ROOT / 'configs' / '_base_' / 'datasets'
BASES = sorted(FOLDER.glob('*_in_memory.py'))


def fed_as_before(cfg):
    """A config whose memory and batch transforms are put back."""
    cfg = cfg.to_dict()
    preprocessor = cfg['data_preprocessor']
    assert preprocessor.pop('type') == 'mmcurv.BatchAugmentPreprocessor'
    augment = [
        dict(one, type=one['type'].replace('Batch', ''))
        for one in preprocessor.pop('augment')
    ]
    pipeline = cfg['train_pipeline']
    pipeline[-1:] = [*augment, pipeline[-1]]
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg[name]
        assert loader['num_workers'] == 0
        assert loader['collate_fn'].pop('type') == 'mmcurv.image_batch_collate'
        loader['collate_fn']['type'] = 'default_collate'
        kept = loader['dataset']
        assert kept.pop('type') == 'mmcurv.InMemoryDataset'
        loader['dataset'] = kept.pop('dataset')
        assert kept == {}
    innermost = cfg['train_dataloader']['dataset']
    while 'dataset' in innermost:
        innermost = innermost['dataset']
    innermost['pipeline'] = pipeline
    return cfg


def without_workers(cfg):
    """A config whose loaders have no worker processes."""
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[name].update(num_workers=0, persistent_workers=False)
    return cfg


@pytest.mark.parametrize('path', BASES, ids=names_of(BASES))
def test_data_sets_from_memory_are_those_of_the_pipeline(path):
    plain = read(FOLDER / path.name.replace('_in_memory', ''))
    assert fed_as_before(read(path)) == without_workers(plain.to_dict())


@pytest.mark.parametrize('path', IN_MEMORY, ids=names_of(IN_MEMORY))
def test_method_from_memory_is_that_of_the_pipeline(path):
    plain = load(path.stem.replace('-in-memory', ''))
    assert fed_as_before(read(path)) == plain.to_dict()


def test_there_are_such_configs():
    assert len(IN_MEMORY) >= 2 and len(BASES) >= 4
