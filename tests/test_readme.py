# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the README shows runs as it stands."""
import inspect
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from mmengine import Config

from tests.tools.conftest import finished_run  # noqa: F401
from tests.tools.tool_runs import tool_environment

ROOT = pathlib.Path(__file__).parent.parent
TEXT = (ROOT / 'README.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL)
PROGRAMS = [block for block in BLOCKS if block.startswith(('import', 'from'))]
LINES = [
    line for text in re.findall(r'```shell\n(.*?)```', TEXT, re.DOTALL)
    for line in text.splitlines()
]
TABLE = re.search(r'```text\n(label,.*?)```', TEXT, re.DOTALL)[1]
CONFIGS = [block for block in BLOCKS if block.startswith('custom_hooks')]


@pytest.mark.parametrize(
    'program', PROGRAMS, ids=['training', 'measures', 'audit'])
def test_program_of_the_readme_runs(program):
    exec(compile(program, 'README.md', 'exec'), {})


@pytest.mark.parametrize('text', CONFIGS, ids=['short', 'all options'])
def test_config_of_the_readme_builds(text):
    from mmcurv.registry import HOOKS
    hook, = Config.fromstring(text, '.py').to_dict()['custom_hooks']
    parameters = inspect.signature(type(HOOKS.build(hook))).parameters
    given = {
        name: value
        for name, value in hook.items()
        if name != 'type' and not isinstance(value, dict)
    }
    assert given == {name: parameters[name].default for name in given}


def test_table_of_the_readme_is_audited(tmp_path):
    (tmp_path / 'predictions.csv').write_text(TABLE)
    line, = [line for line in LINES if line.startswith('mmcurv audit')]
    words = line.split()[1:]
    done = subprocess.run([sys.executable, '-m', 'mmcurv.cli', *words],
                          cwd=tmp_path,
                          env=dict(os.environ, PYTHONPATH=str(ROOT)),
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / 'audit/audit.json').read_text())
    assert summary['summary']['overall']['value'] == pytest.approx(4 / 6)
    assert (tmp_path / 'audit/report.html').exists()


@pytest.mark.slow
def test_checkpoints_of_the_demo_are_audited_and_compared(
        finished_run, tmp_path):  # noqa: F811
    """The lines as they stand, on tiny runs in the places of the demo's."""
    lines = [line for line in LINES if 'work_dirs/audit' in line]
    assert len(lines) == 2
    for run in ('ce', 'ce_cr'):
        folder = shutil.copytree(finished_run,
                                 tmp_path / 'work_dirs/demo' / run)
        (folder / 'epoch_1.pth').rename(folder / 'epoch_20.pth')
    for name in ('tools', 'mmcurv', 'configs'):
        (tmp_path / name).symlink_to(ROOT / name)
    # A link to the interpreter would lose what is installed beside it.
    script = '\n'.join(lines).replace('.venv/bin/python', sys.executable)
    done = subprocess.run(['bash', '-ec', script],
                          cwd=tmp_path,
                          env=tool_environment(),
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    made = tmp_path / 'work_dirs/audit'
    assert (made / 'ce/report.html').exists()
    found = json.loads((made / 'compare.json').read_text())
    assert found['summary']['overall']['value'] == 0


def test_files_of_the_readme_exist():
    for path in re.findall(r'\]\(([^)#:]+)\)', TEXT):
        assert (ROOT / path).exists(), path
