# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curves over the epochs of a run that was audited afterwards."""
import numpy as np
import pytest

from mmcurv.audit.audit import audits_of_run
from mmcurv.files import write_json
from mmcurv.paper_figures import epoch_curves, run_history
from mmcurv.paper_figures.records import RUN, kind_of
from tests.audit.example_audit import example_audit


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
    write_json(str(folder / 'run.json'), audits_of_run(listed, kind))
    return records


def test_history_of_audits_has_epochs_in_order_and_every_class(tmp_path):
    records = write_audited_run(tmp_path)
    run, = run_history.measure([f'mine={tmp_path}'])['runs']
    assert run['name'] == 'mine'
    assert run['epochs'] == [3, 12]
    for place, epoch in enumerate(run['epochs']):
        rows = records[epoch]['classes']
        assert run['classes'] == [row['name'] for row in rows]
        for key in ('curvature', 'separation', 'accuracy'):
            expected = np.array([row[key] for row in rows], float)
            found = run_history.array(run, key)[place]
            assert np.array_equal(found, expected, equal_nan=True)


def test_folder_and_file_of_an_audited_run_are_runs(tmp_path):
    write_audited_run(tmp_path)
    assert kind_of(str(tmp_path)) == RUN
    assert kind_of(str(tmp_path / 'run.json')) == RUN


def test_audited_run_draws_its_separation_over_the_epochs(tmp_path):
    write_audited_run(tmp_path)
    record = run_history.measure([str(tmp_path)])
    figure, axes = epoch_curves.plot_separation(record)
    lines = np.ravel(axes)[0].get_lines()
    assert lines[0].get_xdata().tolist() == [3, 12]


def test_figure_that_needs_the_loss_says_that_audits_have_none(tmp_path):
    write_audited_run(tmp_path)
    record = run_history.measure([str(tmp_path)])
    with pytest.raises(ValueError, match="expected 'train_loss'"):
        epoch_curves.plot_imbalance(record)


def test_checkpoints_of_iterations_are_refused(tmp_path):
    write_audited_run(tmp_path, kind='iter')
    with pytest.raises(ValueError, match='got those of iterations'):
        run_history.measure([str(tmp_path)])
