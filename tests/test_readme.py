# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the README shows runs as it stands."""
import inspect
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest
from mmengine import Config

from tests.tools.conftest import finished_run  # noqa: F401
from tests.tools.tool_runs import tool_environment

ROOT = pathlib.Path(__file__).parent.parent
TEXT = (ROOT / 'README.md').read_text(encoding='utf-8')
OPTIONS = (ROOT / 'docs/cr_options.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL)
PROGRAMS = [block for block in BLOCKS if block.startswith(('import', 'from'))]
LINES = [
    line for text in re.findall(r'```shell\n(.*?)```', TEXT, re.DOTALL)
    for line in text.splitlines()
]
TABLE = re.search(r'```text\n(label,.*?)```', TEXT, re.DOTALL)[1]
CONFIGS = [
    block for block in BLOCKS +
    re.findall(r'```python\n(.*?)```', OPTIONS, re.DOTALL)
    if block.startswith('custom_hooks')
]


@pytest.mark.parametrize(
    'program', PROGRAMS, ids=['audit', 'training', 'measures'])
def test_program_of_the_readme_runs(program):
    exec(compile(program, 'README.md', 'exec'), {})


@pytest.mark.parametrize(
    'text', CONFIGS, ids=['margin', 'CR', 'all options of CR', 'spread'])
def test_hook_of_the_documents_builds_with_defaults_as_written(text):
    from mmcurv.registry import HOOKS
    hook, = Config.fromstring(text, '.py').to_dict()['custom_hooks']
    parameters = inspect.signature(type(HOOKS.build(hook))).parameters
    if 'tau_share' in hook:  # the block that shows the defaults
        simple = {
            name: value
            for name, value in hook.items()
            if name != 'type' and not isinstance(value, dict)
        }
        assert simple == {name: parameters[name].default for name in simple}


def run_line(start, folder):
    """The line of the README that begins so, in that folder."""
    line, = [line for line in LINES if line.startswith(start)]
    words = shlex.split(line, comments=True)[1:]
    done = subprocess.run([sys.executable, '-m', 'mmcurv.cli', *words],
                          cwd=folder,
                          env=dict(os.environ, PYTHONPATH=str(ROOT)),
                          capture_output=True,
                          text=True)
    return done.returncode, done.stdout + done.stderr


def test_table_of_the_readme_is_audited(tmp_path):
    (tmp_path / 'predictions.csv').write_text(TABLE)
    code, said = run_line('mmcurv audit predictions', tmp_path)
    assert code == 0, said
    summary = json.loads((tmp_path / 'audit/audit.json').read_text())
    assert summary['summary']['overall']['value'] == pytest.approx(4 / 6)
    assert (tmp_path / 'audit/report.html').exists()


def test_gate_and_shift_of_the_readme_see_a_failing_class(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 100)
    features = rng.normal(size=(400, 8))
    scores = rng.normal(size=(400, 4))
    scores[np.arange(400), labels] += np.repeat([3, 3, 3, 0.5], 100)
    arrays = dict(labels=labels, features=features, scores=scores)
    np.savez(tmp_path / 'features.npz', **arrays)
    np.savez(tmp_path / 'held_out.npz', **arrays)
    code, said = run_line('mmcurv audit --features', tmp_path)
    assert code == 1 and 'failing' in said, said
    code, said = run_line('mmcurv shift', tmp_path)
    assert code == 0, said
    shift = json.loads((tmp_path / 'shift.json').read_text())
    assert len(shift['classes']) == 4
    assert shift['recommended'] in said


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


def test_readme_is_short_and_every_link_of_a_document_leads_to_a_file():
    assert len(TEXT.splitlines()) <= 180
    for document in [ROOT / 'README.md', *(ROOT / 'docs').glob('*.md')]:
        text = document.read_text(encoding='utf-8')
        for path in re.findall(r'\]\(([^)#:]+)(?:#[^)]*)?\)', text):
            assert (document.parent / path).exists(), (document.name, path)


def test_index_of_the_documents_names_each():
    index = (ROOT / 'docs/README.md').read_text(encoding='utf-8')
    for document in (ROOT / 'docs').glob('*.md'):
        assert document.name == 'README.md' or f']({document.name})' in index
