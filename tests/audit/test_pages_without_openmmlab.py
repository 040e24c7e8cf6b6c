# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import json
import os
import runpy
import sys

for name in ('mmengine', 'mmcv', 'mmpretrain'):
    sys.modules[name] = None  # importing it fails

from rich.console import Console

from mmcurv.audit.report.charts import write_figures
from mmcurv.audit.report.figures import audit_figures
from mmcurv.audit.gates import failed, parse_gates
from mmcurv.audit.report.report import write_report
from mmcurv.audit.report.terminal import audit_summary
from tests.audit.example_audit import bare_audit

audit = bare_audit(6)
write_report(audit, '.')
write_figures(audit_figures(audit), 'figures')
Console().print(audit_summary(audit))
assert failed(parse_gates(['class_mean<1.0']), audit)
with open('audit.json', 'w') as file:
    json.dump(audit, file)
tool = runpy.run_path(sys.argv[1])
assert tool['main'](['audit.json', 'audit.json']) == 0
assert sys.modules['mmengine'] is None
"""


def test_report_figures_summary_gates_and_compare_need_no_openmmlab(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT,
         str(ROOT / 'tools' / 'compare.py')],
        cwd=tmp_path,
        env={
            'PYTHONPATH': str(ROOT),
            'PATH': '',
            'OMP_NUM_THREADS': '1'
        },
        capture_output=True,
        text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name
            for path in tmp_path.iterdir()} == {
                'audit.json', 'compare.html', 'compare.json', 'figures',
                'report.html'
            }
