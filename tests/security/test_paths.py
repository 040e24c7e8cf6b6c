# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A name from a record never becomes a path that leaves its folder."""
import json
import os
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from mmcurv.audit.records import write_audit
from mmcurv.audit.report import report
from mmcurv.audit.report.style import safe_file_name
from mmcurv.benchmark import page
from mmcurv.benchmark.cli import write_collected
from mmcurv.benchmark.collect import (read_collection, summarize,
                                      write_collection)
from mmcurv.benchmark.matrix import folder_of_run
from mmcurv.engine.extraction.extract import bank_folder
from tests.audit.example_audit import example_audit, with_layers
from tests.benchmark.synthetic_runs import example_collection, spec
from tests.tools.tool_runs import load_tool

NAMES = ('../../evil', '/evil', 'a/../../evil', '..\\..\\evil', 'nul\0evil',
         '..', '.', '')


@pytest.fixture
def undrawn(monkeypatch):
    """Figures are empty files, in the place that they are saved to."""
    monkeypatch.setattr(Figure, 'savefig',
                        lambda _, path, **__: Path(path).touch())
    monkeypatch.setattr(report, 'write_report', lambda *_: None)
    monkeypatch.setattr(page, 'page', lambda *_: '')


def files_in(folder):
    return {
        Path(top, name).relative_to(folder)
        for top, _, names in os.walk(folder)
        for name in names
    }


@pytest.mark.parametrize('name', NAMES)
def test_name_of_a_figure_is_made_harmless(name):
    path = os.path.normpath(f'out/{safe_file_name(name)}.png')
    assert os.path.dirname(path) == 'out' and '\0' not in path


@pytest.mark.parametrize('name', NAMES)
def test_folder_of_a_layer_lies_in_its_split(name):
    for pooling in ('avg', 'max'):
        path = os.path.normpath(bank_folder('out', name, 'test', pooling))
        assert os.path.dirname(path) == 'out/test' and '\0' not in path


def test_usual_layers_keep_their_names():
    assert bank_folder('out', 'head.fc', 'test') == 'out/test/head.fc'
    assert bank_folder('a', 'x:0', 'train', 'max') == 'a/train/x-0+max'


@pytest.mark.parametrize('name', ['../../evil', '/evil', 'a/../../evil'])
def test_folder_of_a_run_lies_in_that_of_its_matrix(name):
    path = folder_of_run('out', 'small', name, True, 'data', name, 0)
    assert os.path.normpath(path) == path
    assert path.startswith('out/small/') and path.endswith('/seed0')


def test_audit_writes_into_its_folder_alone(tmp_path, undrawn):
    audit = with_layers(example_audit(8, names=list(NAMES)))
    audit['layers'][NAMES[0]] = audit['layers'].popitem()[1]
    bins = audit['calibration'].popitem()[1]
    audit['calibration'] = {name: bins for name in NAMES[:2]}
    audit['provenance'].update(layer=NAMES[0], model=NAMES[1])
    write_audit(audit, str(tmp_path / 'a' / 'b' / 'out'))
    found = files_in(tmp_path)
    assert {path.parts[:3] for path in found} == {('a', 'b', 'out')}
    assert {len(path.parts) for path in found} == {4}


def test_collection_writes_into_its_folder_alone(tmp_path, undrawn):
    specs = [
        spec(method=NAMES[0], model=NAMES[1], cr=cr, seed=seed)
        for cr in (False, True) for seed in (0, 1)
    ]
    collection = example_collection(specs)
    for run in collection['runs']:
        for row in run['record']['classes']:
            row['name'] = NAMES[2]
    out = tmp_path / 'a' / 'b' / 'out'
    write_collected(str(out), collection, summarize(collection))
    found = files_in(tmp_path)
    assert {path.parts[:3] for path in found} == {('a', 'b', 'out')}


@pytest.mark.parametrize('name', [*NAMES, 'a/b', 'C:evil', '.hidden', None, 3])
def test_collection_of_a_matrix_that_leads_elsewhere_is_refused(
        tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    collection = example_collection([spec(seed=seed) for seed in (0, 1)])
    collection['matrix']['name'] = name
    (tmp_path / 'kept').mkdir()
    write_collection('kept/collection.json', collection)
    before = files_in(tmp_path)
    assert load_tool('benchmark').main(
        ['collect', '--collection', 'kept/collection.json', '--root',
         'a/b/c']) == 2
    assert 'matrix.name: expected a name' in capsys.readouterr().err
    assert files_in(tmp_path) == before
    assert not list(tmp_path.parent.glob('evil*'))


def test_collection_of_a_usual_name_is_read(tmp_path):
    collection = example_collection([spec(seed=seed) for seed in (0, 1)])
    for name in ('small', 'Table 1', 'cr_study.cifar-2'):
        collection['matrix']['name'] = name
        path = tmp_path / 'collection.json'
        write_collection(str(path), collection)
        assert read_collection(str(path))['matrix']['name'] == name
    assert json.loads(path.read_text())['matrix']['name'] == name
