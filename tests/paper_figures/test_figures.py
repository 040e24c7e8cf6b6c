# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import re

import pytest

from mmcurv.engine.hooks import geometry_monitor
from mmcurv.evaluation import class_fairness
from mmcurv.files import write_json
from mmcurv.paper_figures import choose_records, find_figure, histories
from .paper_records import write_audit, write_run

COLLECTION = 'benchmarks/records/cr_study_fashion.json'


@pytest.mark.parametrize('name, words', [
    ('fig7', 'GeometryMonitorHook'),
    ('fig1', 'collection.json'),
    ('fig6', '--layers'),
])
def test_missing_records_say_what_to_run(tmp_path, name, words):
    for paths in ([], [str(tmp_path / 'none')]):
        with pytest.raises(FileNotFoundError, match=words):
            find_figure(name).measure(paths)


def test_wrong_file_is_named(tmp_path):
    write_json(str(tmp_path / 'x.json'), dict(schema='other'))
    for name in ('fig6', 'fig7', 'fig14'):
        with pytest.raises(ValueError, match="'other'"):
            find_figure(name).measure([str(tmp_path / 'x.json')])


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match="'figure7'.*Did you mean 'fig7'"):
        find_figure('figure7')
    with pytest.raises(ValueError, match="got 'zzz'.$"):
        find_figure('zzz')


def all_kinds(folder):
    return dict(
        run=write_run(folder / 'run'),
        audit=write_audit(folder / 'audit.json', dict(last=.5)),
        collection=COLLECTION)


def test_each_figure_gets_the_records_of_its_kind(tmp_path):
    paths = all_kinds(tmp_path)
    named = [f'A={paths["run"]}', paths['audit'], paths['collection']]
    chosen = choose_records(['fig3', 'fig6', 'fig7', 'fig14'], named)
    assert chosen == dict(
        fig3=[], fig6=named[1:2], fig7=named[:1], fig14=named[2:])


def test_folder_of_an_audit_and_file_of_histories_are_known(tmp_path):
    write_audit(tmp_path / 'a' / 'audit.json', dict(last=.5))
    write_json(
        str(tmp_path / 'h.json'),
        histories.measure([write_run(tmp_path / 'run')]))
    chosen = choose_records(
        ['fig6', 'fig8'],
        [str(tmp_path / 'a'), str(tmp_path / 'h.json')])
    assert chosen['fig6'] == [str(tmp_path / 'a')]
    assert chosen['fig8'] == [str(tmp_path / 'h.json')]


@pytest.mark.parametrize('name, given, others', [
    ('fig3', 'run', 'fig7, fig8, fig9, fig10, fig11'),
    ('fig7', 'collection', 'fig1, fig4, fig14, fig15'),
])
def test_record_that_serves_no_figure_is_refused(tmp_path, name, given,
                                                 others):
    path = all_kinds(tmp_path)[given]
    with pytest.raises(ValueError, match=f'{given!r}.*draw {others} from it'):
        choose_records([name], [path])


def test_path_without_records_is_named(tmp_path):
    for path in (tmp_path, tmp_path / 'none'):
        with pytest.raises(
                FileNotFoundError, match=re.escape(repr(str(path)))):
            choose_records(['fig7'], [str(path)])


@pytest.mark.parametrize('text', ['{', '[]', '\x00'])
def test_file_that_is_no_record_is_named(tmp_path, text):
    path = tmp_path / 'x.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=r'x\.json: expected a record'):
        choose_records(['fig7'], [str(path)])


def test_record_of_a_newer_schema_asks_for_a_newer_program(tmp_path):
    path = tmp_path / 'run' / 'geometry' / 'epoch_001.json'
    write_json(
        str(path),
        dict(schema='mmcurv.geometry', schema_version=99, curvature=[1.]))
    with pytest.raises(
            ValueError, match='epoch_001.*schema version 1 or 2 .*99'):
        find_figure('fig7').measure([str(tmp_path / 'run')])


def test_newest_known_versions_are_those_that_are_written():
    written = {
        module.SCHEMA: module.SCHEMA_VERSION
        for module in (geometry_monitor, class_fairness)
    }
    assert written.items() <= {
        schema: versions[-1]
        for schema, (versions, _) in histories.KNOWN.items()
    }.items()
