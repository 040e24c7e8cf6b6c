# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import argparse

import pytest

from mmcurv.benchmark.collecting.collection import write_collection
from mmcurv.benchmark.commands import cards
from mmcurv.engine.config_options import UsageError
from mmcurv.files import write_text
from tests.benchmark.kept_runs import IF100, METAFILE, README, kept_collection


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """One method folder, and a folder of configs that is none."""
    write_text(f'{tmp_path}/configs/ce/metafile.yml', METAFILE)
    write_text(f'{tmp_path}/configs/ce/README.md', README)
    write_text(f'{tmp_path}/configs/_base_/model.py', '')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words):
    parser = argparse.ArgumentParser()
    cards.add_parser(parser.add_subparsers())
    args = parser.parse_args(['cards', *words])
    return args.run(args)


def test_what_is_out_of_date_is_written_once(repository, capsys):
    assert call() == 0
    assert 'written: configs/ce/README.md\n' in capsys.readouterr().out
    assert '| 70.3 | not run |' in (repository /
                                    'configs/ce/README.md').read_text()
    assert call() == 0
    assert capsys.readouterr().out == '2 of 2 files were up to date.\n'


def test_check_writes_nothing_and_shows_a_diff(repository, capsys):
    assert call('--check') == 1
    out = capsys.readouterr().out
    assert (repository / 'configs/ce/README.md').read_text() == README
    assert '--- configs/ce/README.md\n' in out
    assert '\n+| data | imbalance | config |' in out
    assert '1 of 2 files are out of date' in out
    call()
    capsys.readouterr()
    assert call('--check') == 0
    assert capsys.readouterr().out == 'All 2 files are up to date.\n'


def test_kept_records_are_shown_with_their_file(repository):
    collection = kept_collection({IF100: [70, 71]})
    write_collection('benchmarks/records/small.json', collection)
    assert call('configs/ce') == 0
    text = (repository / 'configs/ce/README.md').read_text()
    assert '| 70.3 | 70.50 ± ' in text
    assert '- `benchmarks/records/small.json`: 2 runs' in text
    assert call('--check', '--records', 'benchmarks') == 1


def test_faulty_folder_leaves_the_others_as_they_are(repository):
    write_text('configs/late/metafile.yml', METAFILE)
    with pytest.raises(UsageError, match='configs/late/README.md'):
        call()
    assert (repository / 'configs/ce/README.md').read_text() == README


def test_wrong_places_are_named(repository, monkeypatch):
    with pytest.raises(UsageError, match="found none at 'record'"):
        call('--records', 'record')
    with pytest.raises(UsageError, match='configs/none/metafile.yml'):
        call('configs/none')
    monkeypatch.chdir(repository / 'configs')
    with pytest.raises(UsageError, match='in the root of the repository'):
        call()
