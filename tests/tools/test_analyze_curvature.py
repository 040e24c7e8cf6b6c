# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import csv
import json
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from mmcurv.audit.feature_bank import save_bank
from tests.audit.sphere_bank import SCRIPT, sphere_bank
from tests.test_package import WITHOUT_OPENMMLAB
from tests.tools.tool_runs import (CONFIG, ROOT, call, load_tool, start_tool,
                                   tiny_options, tool_environment)

ARRAYS = ('features', 'labels', 'predictions', 'confidence', 'train_counts',
          'class_names', 'paths')


def analyze(*args):
    """Exit code of the tool in this process; figures take their time."""
    return draw('--record-only', *args)


def draw(*args):
    """The same with page and figures."""
    return call('analyze_curvature', *args)


def features_file(tmp_path, **changes):
    bank = sphere_bank()
    arrays = {name: np.asarray(getattr(bank, name)) for name in ARRAYS}
    arrays.update(changes)
    path = tmp_path / 'features.npz'
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


def read(folder):
    return json.loads((folder / 'audit.json').read_text())


def test_one_command_gives_record_table_and_page(tmp_path, capsys):
    out = tmp_path / 'out'
    assert draw('--features', features_file(tmp_path), '--out-dir', out) == 0
    record = read(out)
    assert record['correlation']['curvature']['pearson'] > 0.5
    assert record['provenance']['feature_file'].endswith('features.npz')
    with open(out / 'classes.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['name']
            for row in rows] == [row['name'] for row in record['classes']]
    assert float(rows[5]['accuracy']) == 0.5
    page = (out / 'report.html').read_text()
    assert SCRIPT not in page and '&lt;script&gt;alert' in page
    assert not (out / 'figures').exists()
    printed = capsys.readouterr().out
    assert 'class 5' in printed and f'Written to {out}' in printed


def test_folder_of_a_bank_and_another_for_the_accuracy_are_audited(tmp_path):
    save_bank(sphere_bank(), str(tmp_path / 'train'))
    test = sphere_bank((30, ) * 6, seed=1, metadata=dict(split='test'))
    save_bank(test, str(tmp_path / 'test'))
    assert analyze('--features', tmp_path / 'train', '--accuracy',
                   tmp_path / 'test', '--out-dir', tmp_path) == 0
    provenance = read(tmp_path)['provenance']
    assert provenance['geometry_split'] == 'train'
    assert provenance['accuracy_split'] == 'test'


def test_gates_set_the_exit_code_and_say_why(tmp_path, capsys):
    path = features_file(tmp_path)
    common = ('--features', path, '--out-dir', tmp_path)
    assert analyze(*common, '--fail-if', 'worst_class<0.2') == 0
    assert analyze(*common, '--fail-if', 'overall<10%', '--fail-if',
                   'worst_class<0.6') == 1
    failed = capsys.readouterr().err
    assert 'FAILED worst_class<0.6: worst_class is 0.5' in failed
    assert 'overall' not in failed


@pytest.mark.parametrize('args, message', [
    ((), 'expected one input'),
    (('--features', 'a', '--work-dir', 'b'), 'got 2'),
    (('config.py', ), 'CONFIG CHECKPOINT, got no checkpoint'),
    (('features.npz', ), 'features.npz: no such file'),
    (('--features', 'absent.npz'), 'absent.npz: no such file'),
    (('--features', 'a.xls'), 'expected a file that ends in .csv'),
    (('--features', 'a', '--layers', 'last'), '--layers says nothing'),
    (('--work-dir', 'a', '--accuracy', 'b'), '--accuracy says nothing'),
    (('--features', 'a', '--max-memory', 'much'),
     "--max-memory: expected a positive number of bytes or a text such as '12"
     ),
    (('--features', 'a', '--k', '2', '--tangent-dim', '4'), 'Raise k'),
    (('--features', 'a', '--fail-if', 'nonsense'), 'expected a gate'),
    (('--features', 'a.npz', '--keys', 'x'), 'expected KEY=NAME'),
])
def test_wrong_use_ends_with_one_message_and_code_two(capsys, args, message):
    assert analyze(*args) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and 'Traceback' not in error
    assert re.search(message, error)


@pytest.mark.parametrize('change, message', [
    (dict(labels=None), 'expected labels, found'),
    (dict(labels=np.zeros(9, int)), 'labels: expected one entry per sample'),
    (dict(features=np.full((430, 5), np.nan)), '430 of 430.*--drop-nan'),
    (dict(labels=np.zeros(430, int)), 'at least 2 classes'),
])
def test_bad_file_ends_with_one_message_and_code_two(tmp_path, capsys, change,
                                                     message):
    path = features_file(tmp_path, **change)
    assert analyze('--features', path, '--out-dir', tmp_path) == 2
    error = capsys.readouterr().err
    assert error.count('\n') == 1 and re.search(message, error)
    assert not (tmp_path / 'audit.json').exists()


def test_gate_that_asks_for_an_unknown_number_ends_with_code_two(
        tmp_path, capsys):
    path = features_file(tmp_path)
    assert analyze('--features', path, '--out-dir', tmp_path, '--fail-if',
                   'worst_clas<0.2') == 2
    assert 'worst_class' in capsys.readouterr().err


def test_options_reach_the_record(tmp_path):
    features = sphere_bank().features
    features[3] = np.nan
    path = features_file(tmp_path, features=features)
    assert analyze('--features', path, '--out-dir', tmp_path, '--drop-nan',
                   '--k', 30, '--normal', 'next', '--reduction', 'median',
                   '--scaling', 'unit', '--max-memory', '700M', '--split',
                   'test', '--keys', 'paths=paths') == 0
    provenance = read(tmp_path)['provenance']
    wanted = dict(k=30, normal='next', reduction='median', scaling='unit')
    assert {key: provenance['options'][key] for key in wanted} == wanted
    assert provenance['geometry_split'] == 'test'


@pytest.mark.parametrize('text, size', [('500M', 500 * 2**20), ('2G', 2**31),
                                        ('1.5gib', 3 * 2**29), ('800', 800),
                                        ('64 KB', 64000)])
def test_memory_is_read_with_its_unit(text, size):
    assert load_tool('analyze_curvature').size_in_bytes(text) == size


def test_features_are_audited_without_openmmlab(tmp_path):
    script = WITHOUT_OPENMMLAB.replace("'matplotlib', ", '') + (
        'import runpy\n'
        'sys.argv = sys.argv[1:]\n'
        "runpy.run_path(sys.argv[0], run_name='__main__')\n")
    done = subprocess.run([
        sys.executable, '-c', script, ROOT / 'tools' / 'analyze_curvature.py',
        '--features',
        features_file(tmp_path), '--out-dir', tmp_path
    ],
                          env=tool_environment(),
                          capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    assert len(read(tmp_path)['classes']) == 6
    assert (tmp_path / 'report.html').exists()


def test_interrupted_command_goes_on_where_it_was(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / 'features.npz'
    np.savez(
        path,
        features=rng.normal(size=(4000, 8)).astype(np.float32),
        labels=np.arange(4000) % 4)  # each as many as a batch
    arguments = [
        '--record-only', '--features', path, '--out-dir', tmp_path,
        '--diagnose'
    ]
    process = start_tool(
        'analyze_curvature',
        *arguments,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL)
    cache = tmp_path / 'cache' / 'geometry'
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if cache.exists() and 'diagnosis' in cache.read_text():
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate()[1].count('give the same command again') == 1
    assert process.returncode == 130
    kept = cache.read_text()
    assert not (tmp_path / 'audit.json').exists()
    assert analyze(*arguments) == 0
    assert cache.read_text().startswith(kept)
    rows = read(tmp_path)['diagnosis']['rows']
    assert any(row['is_default'] for row in rows)


def test_checkpoint_is_audited_at_several_layers(work_dir, tmp_path, capsys):
    assert analyze(CONFIG, work_dir / 'epoch_1.pth', '--out-dir', tmp_path,
                   '--layers', '1/3', 'last', '--k', 5, '--cfg-options',
                   *tiny_options()) == 0
    record = read(tmp_path)
    provenance = record['provenance']
    assert provenance['source'] == 'checkpoint'
    assert provenance['layer'] == 'head.fc'
    assert provenance['geometry_split'] == 'train'
    assert provenance['accuracy_split'] == 'test'
    assert len(provenance['checkpoint_sha256']) == 64
    assert list(record['layers']) == ['backbone.layer1.0', 'head.fc']
    assert record['calibration'] is not None
    assert sum(row['test_count'] for row in record['classes']) == 8
    assert 'output of backbone.layer1.0' in capsys.readouterr().out


def test_checkpoint_of_another_config_ends_with_code_two(
        work_dir, tmp_path, capsys):
    options = tiny_options(
        model__backbone__base_channels=6, model__head__in_channels=24)
    assert analyze(CONFIG, work_dir / 'epoch_1.pth', '--out-dir', tmp_path,
                   '--cfg-options', *options) == 2
    error = capsys.readouterr().err
    assert 'epoch_1.pth' in error and 'Traceback' not in error


def test_every_checkpoint_of_a_run_is_audited(work_dir, tmp_path):
    assert analyze('--work-dir', work_dir, '--out-dir', tmp_path, '--k',
                   5) == 0
    run = json.loads((tmp_path / 'audits.json').read_text())
    assert run['schema'] == 'mmcurv.audits_of_run' and run['kind'] == 'epoch'
    point, = run['checkpoints']
    assert point['tag'] == 'epoch_001' and point['number'] == 1
    record = json.loads((tmp_path / point['audit']).read_text())
    assert record['summary'] == point['summary']
    accuracy = [
        row['accuracy'] for row in record['classes']
        if row['accuracy'] is not None
    ]
    assert point['measures']['accuracy'] == dict(
        mean=pytest.approx(np.mean(accuracy)),
        variance=pytest.approx(np.var(accuracy)),
        entered=len(accuracy))


def test_page_of_an_earlier_record_does_not_stay_beside_the_new_one(tmp_path):
    page = tmp_path / 'report.html'
    page.write_text('of another audit')
    assert analyze(features_file(tmp_path), '--out-dir', tmp_path) == 0
    assert not page.exists()


def test_terminal_that_is_not_utf_8_does_not_end_the_audit(tmp_path):
    path = features_file(
        tmp_path, class_names=np.array([f'Klaße {c} 猫' for c in range(6)]))
    done = subprocess.run([
        sys.executable, ROOT / 'tools/analyze_curvature.py', '--record-only',
        path, '--out-dir', tmp_path
    ],
                          env=tool_environment(
                              PYTHONIOENCODING='ascii', PYTHONUTF8='0'),
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    assert 'Klaße 0 猫' in [row['name'] for row in read(tmp_path)['classes']]


def test_crash_ends_with_code_three_and_its_lines(tmp_path, capsys,
                                                  monkeypatch):

    def crash(*args, **kwargs):
        raise IndexError('a fault inside')

    monkeypatch.setattr('mmcurv.audit.audit_record.audit_banks', crash)
    assert analyze(features_file(tmp_path), '--out-dir', tmp_path) == 3
    error = capsys.readouterr().err
    assert 'a fault inside' in error and 'report the lines above' in error


def test_need_of_memory_is_said_before_the_start(tmp_path, capsys,
                                                 monkeypatch):
    monkeypatch.setattr('mmcurv.audit.geometry.memory_needed',
                        lambda reader: 2**60)
    assert analyze(features_file(tmp_path), '--out-dir', tmp_path) == 2
    assert '1073741824.0 GiB of' in capsys.readouterr().err
    assert not (tmp_path / 'audit.json').exists()


def test_file_that_may_not_be_read_is_not_called_broken(
        tmp_path, capsys, monkeypatch):
    path = features_file(tmp_path)

    def refuse(name, *args, **kwargs):
        raise PermissionError(13, 'Permission denied', str(name))

    monkeypatch.setattr('mmcurv.audit.array_files.open', refuse, raising=False)
    assert analyze(path, '--out-dir', tmp_path) == 2
    error = capsys.readouterr().err
    assert 'Permission denied' in error and 'half' not in error


def test_class_that_one_split_lacks_needs_the_names_of_all(tmp_path, capsys):
    train, test = tmp_path / 'train.npz', tmp_path / 'test.csv'
    rng = np.random.default_rng(0)
    np.savez(
        train,
        features=rng.normal(size=(120, 4)).astype(np.float32),
        labels=np.repeat(['cat', 'dog', 'emu'], 40))
    test.write_text('label,prediction\n' + 'cat,cat\ndog,cat\n' * 8)
    command = [train, '--accuracy', test, '--out-dir', tmp_path, '--k', 10]
    assert analyze(*command) == 2
    error = capsys.readouterr().err
    assert 'emu' in error and '--class-names' in error
    names = tmp_path / 'names.txt'
    names.write_text('cat\ndog\nemu\n')
    assert analyze(*command, '--class-names', names) == 0
    counts = [row['test_count'] for row in read(tmp_path)['classes']]
    assert counts == [8, 8, 0]


@pytest.mark.parametrize('same', [False, True])
def test_checkpoints_of_an_earlier_run_are_left_out(work_dir, tmp_path, capsys,
                                                    same):
    """An earlier, longer run in the folder leaves its last checkpoints."""
    import torch
    content = torch.load(work_dir / 'epoch_1.pth', weights_only=True)
    content['meta']['time'] = '20990101_000000' if same else '20010101_000000'
    content['meta']['epoch'] = 2
    torch.save(content, work_dir / 'epoch_2.pth')
    assert analyze('--work-dir', work_dir, '--out-dir', tmp_path, '--k',
                   5) == 0
    run = json.loads((tmp_path / 'audits.json').read_text())
    tags = [point['tag'] for point in run['checkpoints']]
    assert tags == ['epoch_001'] + ['epoch_002'] * same
    assert ('earlier run' in capsys.readouterr().out) is not same


def test_record_of_the_run_stays_beside_its_audits(work_dir):
    before = (work_dir / 'run.json').read_bytes()
    assert analyze('--work-dir', work_dir, '--out-dir', work_dir, '--k',
                   5) == 0
    assert (work_dir / 'run.json').read_bytes() == before
    assert (work_dir / 'audits.json').exists()
