# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.files import write_json
from mmcurv.paper_figures import run_history
from .paper_records import write_run


def test_history_holds_every_epoch_of_a_run(tmp_path):
    record = run_history.measure([f'my run={write_run(tmp_path)}'])
    run, = record['runs']
    assert run['name'] == 'my run'
    assert run['epochs'] == [1, 2]
    assert run['classes'] == ['a', 'b', 'c']
    assert run['accuracy'] == [[.2, .4, .6], [.5, .7, .9]]
    assert run['train_loss'] == [1, .5]


def test_history_of_older_records_has_nan_where_they_say_nothing(tmp_path):
    run = run_history.read_history(write_run(tmp_path, extra=False), 'old')
    assert run['classes'] == ['0', '1', '2']
    assert np.isnan(run_history.array(run, 'separation')).all()
    assert np.isnan(run_history.array(run, 'train_loss')).all()


def test_epoch_without_evaluation_has_nan_accuracies(tmp_path):
    folder = write_run(tmp_path)
    (tmp_path / 'class_accuracy' / 'epoch_001.json').unlink()
    run = run_history.read_history(folder, 'r')
    assert np.isnan(run_history.array(run, 'accuracy')[0]).all()


def test_written_history_reads_as_the_folder_does(tmp_path):
    folder = write_run(
        tmp_path / 'run', curvature=((1, 2, 3), (1, 2, None)), extra=False)
    direct = run_history.measure([folder])
    write_json(str(tmp_path / 'h.json'), direct)
    stored = run_history.measure([str(tmp_path / 'h.json')])
    for key in ('curvature', 'accuracy', 'volume'):
        assert np.array_equal(
            run_history.array(direct['runs'][0], key),
            run_history.array(stored['runs'][0], key),
            equal_nan=True)


def test_name_is_given_to_the_one_run_of_a_file(tmp_path):
    folder = write_run(tmp_path / 'run')
    for file, count in (('one.json', 1), ('two.json', 2)):
        write_json(str(tmp_path / file), run_history.measure([folder] * count))
    one, = run_history.measure([f'mine={tmp_path / "one.json"}'])['runs']
    assert one['name'] == 'mine'
    with pytest.raises(ValueError, match="to call 'mine', found 2"):
        run_history.measure([f'mine={tmp_path / "two.json"}'])
