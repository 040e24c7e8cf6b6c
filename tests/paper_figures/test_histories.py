# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest

from mmcurv.audit.audit_record import audits_of_run
from mmcurv.files import write_json
from mmcurv.paper_figures import histories, over_epochs
from mmcurv.paper_figures.histories import RUN, kind_of
from tests.audit.example_audit import example_audit
from .paper_records import write_run


def test_history_holds_every_epoch_of_a_run(tmp_path):
    record = histories.measure([f'my run={write_run(tmp_path)}'])
    run, = record['runs']
    assert run['name'] == 'my run'
    assert run['epochs'] == [1, 2]
    assert run['classes'] == ['a', 'b', 'c']
    assert run['accuracy'] == [[.2, .4, .6], [.5, .7, .9]]
    assert run['train_loss'] == [1, .5]


def test_history_of_older_records_has_nan_where_they_say_nothing(tmp_path):
    run = histories.read_history(write_run(tmp_path, extra=False), 'old')
    assert run['classes'] == ['0', '1', '2']
    assert np.isnan(histories.array(run, 'separation')).all()
    assert np.isnan(histories.array(run, 'train_loss')).all()


def test_epoch_without_evaluation_has_nan_accuracies(tmp_path):
    folder = write_run(tmp_path)
    (tmp_path / 'class_accuracy' / 'epoch_001.json').unlink()
    run = histories.read_history(folder, 'r')
    assert np.isnan(histories.array(run, 'accuracy')[0]).all()


def test_written_history_reads_as_the_folder_does(tmp_path):
    folder = write_run(
        tmp_path / 'run', curvature=((1, 2, 3), (1, 2, None)), extra=False)
    direct = histories.measure([folder])
    write_json(str(tmp_path / 'h.json'), direct)
    stored = histories.measure([str(tmp_path / 'h.json')])
    for key in ('curvature', 'accuracy', 'volume'):
        assert np.array_equal(
            histories.array(direct['runs'][0], key),
            histories.array(stored['runs'][0], key),
            equal_nan=True)


def test_name_is_given_to_the_one_run_of_a_file(tmp_path):
    folder = write_run(tmp_path / 'run')
    for file, count in (('one.json', 1), ('two.json', 2)):
        write_json(str(tmp_path / file), histories.measure([folder] * count))
    one, = histories.measure([f'mine={tmp_path / "one.json"}'])['runs']
    assert one['name'] == 'mine'
    with pytest.raises(ValueError, match="to call 'mine', found 2"):
        histories.measure([f'mine={tmp_path / "two.json"}'])


def write_audited_run(folder, kind='epoch', numbers=(12, 3)):
    """Two audits, the later epoch first; gives the records by epoch."""
    records, listed = {}, []
    for number in numbers:
        record = example_audit(num_classes=6)
        for row in record['classes']:
            if row['curvature'] is not None:
                row['curvature'] *= number
        write_json(str(folder / f'{number}' / 'audit.json'), record)
        listed.append((f'{number}', number, f'{number}/audit.json', record))
        records[number] = record
    write_json(str(folder / 'audits.json'), audits_of_run(listed, kind))
    return records


def test_history_of_audits_has_epochs_in_order_and_every_class(tmp_path):
    records = write_audited_run(tmp_path)
    run, = histories.measure([f'mine={tmp_path}'])['runs']
    assert run['name'] == 'mine'
    assert run['epochs'] == [3, 12]
    for place, epoch in enumerate(run['epochs']):
        rows = records[epoch]['classes']
        assert run['classes'] == [row['name'] for row in rows]
        for key in ('curvature', 'separation', 'accuracy'):
            expected = np.array([row[key] for row in rows], float)
            found = histories.array(run, key)[place]
            assert np.array_equal(found, expected, equal_nan=True)


def test_folder_and_file_of_an_audited_run_are_runs(tmp_path):
    write_audited_run(tmp_path)
    for path in (tmp_path, tmp_path / 'audits.json'):
        assert kind_of(str(path)) == RUN
        run, = histories.measure([str(path)])['runs']
        assert run['epochs'] == [3, 12]


def test_audited_run_draws_its_separation_over_the_epochs(tmp_path):
    write_audited_run(tmp_path)
    record = histories.measure([str(tmp_path)])
    figure, axes = over_epochs.plot_separation(record)
    lines = np.ravel(axes)[0].get_lines()
    assert lines[0].get_xdata().tolist() == [3, 12]


def test_figure_that_needs_the_loss_says_that_audits_have_none(tmp_path):
    write_audited_run(tmp_path)
    record = histories.measure([str(tmp_path)])
    with pytest.raises(ValueError, match="expected 'train_loss'"):
        over_epochs.plot_imbalance(record)


def test_checkpoints_of_iterations_are_refused(tmp_path):
    write_audited_run(tmp_path, kind='iter')
    with pytest.raises(ValueError, match='got those of iterations'):
        histories.measure([str(tmp_path)])
