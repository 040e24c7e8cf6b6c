# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import runpy

import numpy as np
import pytest

from mmcurv.files import write_json
from tests.tools.tool_runs import ROOT

demo = runpy.run_path(str(ROOT / 'tools' / 'demo.py'))
COUNTS = (200, 50, 10)


@pytest.fixture
def run(tmp_path):
    for epoch, correct, curvature in ((1, (10, 5, 0), (1., 2., None)),
                                      (2, (20, 10, 5), (1., 2., 4.))):
        rows = [
            dict(name=f'c{c}', train_count=n, test_count=20, correct=right)
            for c, (n, right) in enumerate(zip(COUNTS, correct))
        ]
        logs = [value and np.log(value) for value in curvature]
        name = f'epoch_{epoch:03d}.json'
        write_json(
            str(tmp_path / 'class_accuracy' / name),
            dict(
                schema='mmcurv.class_accuracy', schema_version=1,
                classes=rows))
        write_json(
            str(tmp_path / 'geometry' / name),
            dict(
                schema='mmcurv.geometry',
                schema_version=1,
                curvature=list(curvature),
                log_curvature=logs,
                classes=['c0', 'c1', 'c2']))
    return demo['read_run'](str(tmp_path))


def test_run_is_read_epoch_by_epoch(run):
    assert run['epochs'] == [1, 2]
    assert run['accuracy'].tolist() == [[.5, .25, 0], [1, .5, .25]]
    assert np.isnan(run['curvature'][0, 2])
    assert run['train_counts'].tolist() == list(COUNTS)


def test_numbers_are_those_of_the_last_epoch(run):
    found = {name: value for name, (value, _) in demo['numbers'](run).items()}
    assert found['All test images'] == pytest.approx(35 / 60)
    assert found['Tail'] == pytest.approx(.25)
    assert found['Variance of log curvature'] == pytest.approx(
        np.var(np.log([1, 2, 4])))
    assert found['Correlation of curvature and accuracy'] == pytest.approx(
        np.corrcoef([1, 2, 4], [1, .5, .25])[0, 1])


def test_table_shows_how_the_second_run_differs(run):
    better = dict(run, accuracy=np.minimum(run['accuracy'] + .1, 1))
    runs = {'CE': run, 'CE + CR': run, 'CE + margin': better}
    cells = [[str(cell) for cell in column.cells]
             for column in demo['table'](runs).columns]
    assert cells[1][3] == '25.0\u00a0%'  # tail
    assert cells[3][3] == '35.0\u00a0% (+10.0 points)'


def test_figures_show_every_run(run):
    runs = {'CE': run, 'CE + CR': run}
    assert all(len(axis.lines) == 2 for axis in demo['plot_epochs'](runs).axes)
    axis, = demo['plot_classes'](runs).axes
    assert [bars.get_label() for bars in axis.containers] == list(runs)
    assert axis.patches[0].get_height() == 1
