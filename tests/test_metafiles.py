# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is shipped of every method folder agrees with configs and records."""
import math
import os.path as osp
from pathlib import Path

import pytest
import yaml
from modelindex.load_model_index import load as load_index

from mmcurv.benchmark.cost import pool_hook
from mmcurv.benchmark.paper import OF_ACCURACY, paper_cells, paper_target
from mmcurv.engine.config_options import imbalance_factor, merged_config
from mmcurv.engine.stages.config import stage_epochs, total_epochs
from tests.dev_scripts import dev_script

read_metafile = dev_script('metafile').read_metafile
ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for path in ROOT.glob('configs/*/metafile.yml'))
IDS = [folder.name for folder in FOLDERS]


def entries_of(folder):
    path = folder / 'metafile.yml'
    return read_metafile(path.read_text(encoding='utf-8'), str(path))


@pytest.mark.parametrize('folder', FOLDERS, ids=IDS)
def test_targets_are_those_of_the_paper(folder):
    content = yaml.safe_load((folder / 'metafile.yml').read_text())
    for one, model in zip(entries_of(folder), content['Models']):
        cell = paper_target(one.dataset, one.imbalance_factor, one.model,
                            one.method, one.cr)
        target = model['Metadata'].get('Target')
        assert (target is None) == (cell is None), one.name
        if cell:
            assert target['Paper Table'] == cell.table
            assert target['Top 1 Accuracy'] == cell.value
            assert target.get('Doubtful', '') == cell.doubtful


@pytest.mark.parametrize('folder', FOLDERS, ids=IDS)
def test_every_config_of_the_folder_is_named(folder):
    assert {one.config
            for one in entries_of(folder)} == {
                path.relative_to(ROOT).as_posix()
                for path in folder.glob('*.py')
            }


@pytest.mark.parametrize('folder', FOLDERS, ids=IDS)
def test_metafile_says_what_the_configs_say(folder):
    for one in entries_of(folder):
        cfg = merged_config(one.config, one.options, one.with_files,
                            one.cr_switch)
        assert total_epochs(stage_epochs(cfg)) == one.epochs, one.name
        assert cfg.default_hooks.run_record.main == one.main, one.name
        assert (pool_hook(cfg) is not None) == one.cr, one.name
        factor = imbalance_factor(cfg)
        assert factor in (None, one.imbalance_factor), one.name
        if one.imbalance_factor is not None:
            stem = one.name.removesuffix('_cr').removesuffix('_common')
            assert stem.endswith(f'-if{one.imbalance_factor:g}')


def test_every_number_of_tables_1_to_5_has_an_entry():
    aims = {
        paper_target(one.dataset, one.imbalance_factor, one.model, one.method,
                     one.cr)
        for folder in FOLDERS
        for one in entries_of(folder)
    }
    cells = [
        cell for cell in paper_cells(OF_ACCURACY)
        if cell.split == 'overall' and not math.isnan(cell.value)
    ]
    assert [cell for cell in cells if cell not in aims] == []


def test_index_loads_and_finds_nothing_amiss_in_the_models():
    index = load_index(str(ROOT / 'model-index.yml'))
    names = [one.name for folder in FOLDERS for one in entries_of(folder)]
    assert sorted(model.name for model in index.models) == sorted(names)
    collections = {collection.name for collection in index.collections}
    for model in index.models:
        assert model.check(silent=True) == []
        assert model.in_collection in collections
        assert set(model.metadata.data) >= {
            'Training Data', 'Architecture', 'Protocol'
        }
        assert osp.isfile(ROOT / model.config)


def test_no_method_is_described_in_two_folders():
    index = load_index(str(ROOT / 'model-index.yml'))
    names = [collection.name for collection in index.collections]
    assert len(names) == len(set(names))
