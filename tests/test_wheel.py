# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whoever installs the wheel, without this checkout, can audit."""
import json
import os
import subprocess
import sys
import sysconfig
import venv

import pytest

from tests.test_distribution import build, tree  # noqa: F401
from tests.test_readme import LINES, PROGRAMS, TABLE


@pytest.fixture
def newcomer(tree, tmp_path):  # noqa: F811
    """Runs a command of an environment of the wheel, in an empty folder.

    What the wheel needs is lent from this environment, a gigabyte that takes
    minutes to install; the checkout, installed there or not, is not.
    """
    place, folder = tmp_path / 'venv', tmp_path / 'work'
    venv.create(place)
    folder.mkdir()
    wheel = build(tree, 'wheel')
    environment = {
        name: value
        for name, value in os.environ.items() if name != 'PYTHONPATH'
    }

    def run(*words):
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(sys.executable, '-m', 'pip', f'--python={place}/bin/python', 'install',
        '--quiet', '--no-deps', '--no-index', str(wheel))
    own, = place.glob('lib/python*/site-packages')
    (own / 'lent.pth').write_text(sysconfig.get_path('purelib') + '\n')

    def command(name, *words):
        return run(place / 'bin' / name, *words)

    assert str(own) in command('python', '-c',
                               'import mmcurv; print(mmcurv.__file__)')
    return command, folder


@pytest.mark.slow
def test_wheel_audits_a_table_and_a_classifier(newcomer):
    command, folder = newcomer
    (folder / 'predictions.csv').write_text(TABLE)
    line = next(line for line in LINES if line.startswith('mmcurv audit'))
    command(*line.partition('#')[0].split())
    record = json.loads((folder / 'audit/audit.json').read_text())
    assert [row['name'] for row in record['classes']] == ['bird', 'cat', 'dog']
    assert (folder / 'audit/report.html').exists()
    program, = [text for text in PROGRAMS if 'mmcurv.audit' in text]
    found = command('python', '-W', 'ignore', '-c', program)
    assert found.startswith('Audit of 10 classes')
