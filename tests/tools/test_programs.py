# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Each tool starts from a shell; what it does is tested in this process."""
import json
import subprocess
import sys

import pytest

from tests.tools.tool_runs import ROOT, tool_environment

TOOLS = sorted(path.stem for path in (ROOT / 'tools').glob('*.py'))
# Other tests of this folder start them for more.
STARTED = {'analyze_curvature', 'extract_features', 'plot_figures', 'train'}


def start(name, *args, **options):
    return subprocess.run(
        [sys.executable, ROOT / 'tools' / f'{name}.py', *args],
        env=tool_environment(),
        capture_output=True,
        text=True,
        **options)


@pytest.mark.parametrize('name', sorted({*TOOLS} - STARTED))
def test_program_explains_itself(name):
    command = ['collect'] if name == 'benchmark' else []
    done = start(name, *command, '--help')
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f'usage: {name}.py')


STARTED_AND_REFUSED = """
import importlib.util, json, sys
from pathlib import Path

HEAVY = {'torch', 'torchvision', 'mmengine', 'mmpretrain', 'mmcv',
         'matplotlib', 'scipy.stats', 'sklearn'}
for path, *words in json.loads(sys.argv[1]):
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    try:
        code = tool.main(words)
    except SystemExit as stop:
        code = stop.code
    assert code == (0 if '--help' in words else 2), (path, words, code)
    assert not HEAVY & set(sys.modules), (path, words)
"""
MISSING = dict(
    analyze_curvature=[['no.npz'], ['no.py', 'no.pth'], ['--work-dir', 'no']],
    benchmark=[['plan', 'no.yml'], ['run', 'no.yml'], ['cancel', 'no.yml'],
               ['collect', 'no.yml'], ['collect', '--collection', 'no.json']],
    browse_longtail=[['no.py']],
    compare=[['no.json', 'no.json']],
    demo=[],
    estimate_cost=[['no.py']],
    extract_features=[['no.py', 'no.pth'], [__file__, 'no.pth']],
    fairness_shift=[['no.csv'], ['no.npz']],
    make_fashion_mini=[['no']],
    plot_figures=[['nofig'], ['fig7', '--records', 'no']],
    prepare_data=[['no']],
    test=[['no.py', 'no.pth'], [__file__, 'no.pth']],
    train=[['no.py']])


def test_help_and_refusals_do_not_wait_for_torch(tmp_path):
    commands = ['plan', 'run', 'cancel', 'collect']
    words = [(name, *each) for name in TOOLS
             for each in [['--help'], ['--no-such-option'], *MISSING[name]]]
    words += [('benchmark', command, '--help') for command in commands]
    done = subprocess.run([
        sys.executable, '-c', STARTED_AND_REFUSED,
        json.dumps([(str(ROOT / 'tools' / f'{name}.py'), *each)
                    for name, *each in words])
    ],
                          env=tool_environment(),
                          cwd=tmp_path,
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_demo_trains_three_times_and_audits_what_changed(tmp_path):
    done = start('demo', '--epochs', '1', '--work-dir', 'demo', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ('CE', 'CE + CR', 'CE + margin'):
        assert f'{name}: epoch 1/1, accuracy' in done.stdout
    for name in ('training.png', 'class_accuracy.png', 'ce/epoch_1.pth',
                 'ce_cr/epoch_1.pth', 'audit/ce/report.html',
                 'audit/ce_margin/compare.html'):
        assert (tmp_path / 'demo' / name).is_file()
