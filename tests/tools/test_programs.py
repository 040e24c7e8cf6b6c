# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Each tool starts from a shell; what it does is tested in this process."""
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
