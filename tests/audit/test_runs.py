# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

from mmcurv.audit.report.run_figures import (plot_class_accuracy,
                                             plot_training_curves)
from mmcurv.audit.report.run_record import read_run
from mmcurv.audit.report.run_table import comparison_table, last_epoch_measures

COUNTS = (200, 50, 10)


def write_epoch(folder, epoch, correct, curvature):
    rows = [
        dict(
            name=f'c{c}', train_count=COUNTS[c], test_count=20, correct=right)
        for c, right in enumerate(correct)
    ]
    for kind, record in (('class_accuracy', dict(classes=rows)),
                         ('geometry', dict(curvature=curvature))):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        path = folder / kind / f'epoch_{epoch:03d}.json'
        path.write_text(json.dumps(record))


@pytest.fixture
def run(tmp_path):
    write_epoch(tmp_path, 1, (10, 5, 0), (1., 2., None))
    write_epoch(tmp_path, 2, (20, 10, 5), (1., 2., 4.))
    return read_run(str(tmp_path))


def test_run_is_read_epoch_by_epoch(run):
    assert run.epochs.tolist() == [1, 2]
    assert run.accuracy.tolist() == [[.5, .25, 0], [1, .5, .25]]
    assert np.isnan(run.curvature[0, 2])


def test_epoch_without_both_records_is_left_out(run, tmp_path):
    write_epoch(tmp_path, 3, (1, 1, 1), (1., 1., 1.))
    (tmp_path / 'geometry' / 'epoch_003.json').unlink()
    assert read_run(str(tmp_path)).epochs.tolist() == [1, 2]


def test_folder_without_records_says_what_a_run_needs(tmp_path):
    with pytest.raises(FileNotFoundError, match='GeometryMonitorHook'):
        read_run(str(tmp_path))


def test_measures_are_those_of_the_last_epoch(run):
    measures = last_epoch_measures(run)
    assert measures['Overall accuracy (%)'] == pytest.approx(100 * 35 / 60)
    assert measures['Tail accuracy (%)'] == pytest.approx(25)
    assert measures['Variance of curvature'] == pytest.approx(
        np.var([1, 2, 4]))
    assert measures['Correlation of curvature and accuracy'] == pytest.approx(
        np.corrcoef([1, 2, 4], [1, .5, .25])[0, 1])


def test_table_of_two_runs_shows_their_difference(run):
    table = comparison_table({'CE': run, 'CE + CR': run})
    assert [column.header for column in table.columns][-1] == 'difference'
    assert set(table.columns[-1].cells) == {'+0.0', '+0'}


def test_figures_show_every_run(run):
    runs = {'CE': run, 'CE + CR': run}
    _, axes = plot_training_curves(runs)
    assert all(len(axis.lines) == 2 for axis in axes.flat)
    _, axis = plot_class_accuracy(runs)
    assert [bars.get_label() for bars in axis.containers] == list(runs)
    assert axis.patches[0].get_height() == 100
