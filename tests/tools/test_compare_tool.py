# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json
import runpy
from pathlib import Path

import pytest

from tests.audit.example_audit import example_audit

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'compare.py'
main = runpy.run_path(str(TOOL))['main']


@pytest.fixture
def audits(tmp_path):
    paths = []
    for name, correct in (('a', 80), ('b', 20)):
        audit = example_audit(6)
        audit['classes'][0].update(correct=correct, accuracy=correct / 100)
        folder = tmp_path / name
        folder.mkdir()
        (folder / 'audit.json').write_text(json.dumps(audit))
        paths.append(str(folder / 'audit.json'))
    return paths


def test_record_and_page_are_written_and_the_summary_printed(
        audits, tmp_path, capsys):
    assert main([*audits, '--out-dir', str(tmp_path / 'out')]) == 0
    record = json.loads((tmp_path / 'out' / 'compare.json').read_text())
    assert record['schema'] == 'mmcurv.comparison'
    assert record['paid'] == ['class 0']
    assert (tmp_path / 'out' / 'compare.html').stat().st_size > 10000
    printed = capsys.readouterr().out
    assert 'Paid: 1' in printed
    assert f'Page: {tmp_path / "out" / "compare.html"}' in printed


def test_files_go_beside_the_second_audit_by_default(audits, tmp_path):
    main(audits)
    assert sorted(path.name for path in (tmp_path / 'b').iterdir()) == [
        'audit.json', 'compare.html', 'compare.json'
    ]


def test_gate_that_holds_sets_the_exit_code(audits, capsys):
    gates = ['--fail-if', 'paid>0', '--fail-if', 'gained>0']
    assert main([*audits, *gates]) == 1
    errors = capsys.readouterr().err
    assert 'FAILED paid>0: paid is 1' in errors and 'gained>0' not in errors
    assert main([*audits, '--fail-if', 'paid>1']) == 0


def test_unknown_number_fails_its_gate(audits, capsys):
    assert main([*audits, '--fail-if', 'worst_class.low<-1']) == 1
    assert 'is not known' in capsys.readouterr().err


@pytest.mark.parametrize('gate, message', [('nonsense', 'such as'),
                                           ('payed>0', 'did you mean paid')])
def test_bad_gate_is_refused_before_anything_is_written(
        audits, tmp_path, capsys, gate, message):
    assert main([*audits, '--fail-if', gate]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'b' / 'compare.json').exists()


def test_file_that_is_no_audit_is_named(audits, tmp_path, capsys):
    path = tmp_path / 'x.json'
    path.write_text('{}')
    assert main([audits[0], str(path)]) == 2
    assert f"{path}: expected schema 'mmcurv.audit'" in capsys.readouterr().err
    assert main([audits[0], str(tmp_path / 'gone.json')]) == 2
    assert 'does not exist' in capsys.readouterr().err
