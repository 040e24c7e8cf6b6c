# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.config import Config

from mmcurv.benchmark.states.kept_config import read_kept_config
from mmcurv.engine.config_options import UsageError
from mmcurv.engine.provenance import canonical_json
from tests.security.evil_files import program
from tests.shipped_configs import CONFIGS


@pytest.mark.parametrize('path', CONFIGS[::40], ids=lambda path: path.name)
def test_it_reads_what_mmengine_dumps(tmp_path, path):
    cfg = Config.fromfile(path)
    cfg.work_dir = 'a "quoted" folder'
    cfg.dump(tmp_path / 'kept.py')
    kept = read_kept_config(str(tmp_path / 'kept.py'))
    assert kept == cfg.to_dict()
    assert canonical_json(kept) == canonical_json(cfg)


def test_keys_that_are_no_names_are_read(tmp_path):
    values = dict(
        a={
            'b.c': 1,
            'd': dict(e=(1, ), f=())
        },
        g=[dict(h=None), -2.5, 'i'],
        j={},
        k=(1, [True]))
    Config(values).dump(tmp_path / 'kept.py')
    assert read_kept_config(str(tmp_path / 'kept.py')) == values


@pytest.mark.parametrize('text', [
    'import os', 'a = open("x")', 'a = dict(b=open("x"))', 'a.b = 1',
    'a = dict(**{"b": 1})', 'a = dict([("b", 1)])', 'a = [*range(3)]',
    'a = b = 1', 'a = {**{}}', 'a = f"{1}"', 'model = dict(',
    'a = ' + '(' * 200, 'def f():\n    pass', 'print(1)', 'a = "\0"'
])
def test_all_else_is_refused(tmp_path, text):
    path = tmp_path / 'kept.py'
    path.write_text(text)
    with pytest.raises(UsageError, match='kept.py: cannot be read as a con'):
        read_kept_config(str(path))


def test_program_in_a_kept_config_does_not_run(tmp_path):
    path, marker = tmp_path / 'kept.py', tmp_path / 'marker'
    for text, words in ((program(marker), 'line 2: expected NAME = VALUE'),
                        (f'a = open({str(marker)!r}, "w")',
                         'line 1: expected a plain value')):
        path.write_text(text)
        with pytest.raises(UsageError, match=words):
            read_kept_config(str(path))
        assert not marker.exists()
