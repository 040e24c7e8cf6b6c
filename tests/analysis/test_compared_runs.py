# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import numpy as np
import pytest

from mmcurv.analysis.paper_figures import (compared_runs, run_collection,
                                           run_history)
from mmcurv.atomic_write import write_json
from .paper_records import CORRECT, entry, write_collection, write_run


def test_variance_is_shown_without_and_with_cr(tmp_path):
    write_run(tmp_path / 'a')
    write_run(tmp_path / 'b', correct=CORRECT[:1] + ((6, 6, 6), ))
    path = write_collection(
        tmp_path / 'runs.json',
        [entry('a', cr=False), entry('b', cr=True)])
    record = run_collection.measure([path])
    assert [run['variance'] for run in record['runs']
            ] == pytest.approx([np.var([.5, .7, .9]), 0])
    _, axes = compared_runs.plot_bias_of_methods(record)
    assert [bar.get_height() for bar in axes[0, 0].patches
            ] == pytest.approx([np.var([.5, .7, .9]), 0])


def test_repetitions_are_averaged_and_shown(tmp_path):
    write_run(tmp_path / 'a')
    write_run(tmp_path / 'b', correct=CORRECT[:1] + ((6, 6, 6), ))
    path = write_collection(tmp_path / 'runs.json', [entry('a'), entry('b')])
    record = run_collection.measure([path])
    _, axes = compared_runs.plot_bias_of_models(record)
    mean = np.var([.5, .7, .9]) / 2
    assert axes[0, 0].patches[0].get_height() == pytest.approx(mean)
    assert len(axes[0, 0].lines[0].get_ydata()) == 2


def test_final_numbers_do_not_depend_on_where_the_run_is_read_from(tmp_path):
    folder = write_run(tmp_path / 'run')
    write_json(str(tmp_path / 'history.json'), run_history.measure([folder]))
    final = run_collection.measure([
        write_collection(tmp_path / 'c.json',
                         [entry('run'), entry('history.json')])
    ])['runs']
    assert final[0] == pytest.approx(final[1], nan_ok=True)


def test_run_without_geometry_has_no_correlation(tmp_path):
    write_run(tmp_path / 'run')
    for path in (tmp_path / 'run' / 'geometry').iterdir():
        path.unlink()
    (tmp_path / 'run' / 'geometry').rmdir()
    path = write_collection(tmp_path / 'c.json', [entry('run')])
    assert math.isnan(run_collection.measure([path])['runs'][0]['pearson'])


def test_models_are_shown_for_each_data_set(tmp_path):
    write_run(tmp_path / 'run')
    runs = [
        entry('run', model=m, dataset=d) for m in ('A', 'B') for d in 'XYZ'
    ]
    record = run_collection.measure(
        [write_collection(tmp_path / 'c.json', runs)])
    _, axes = compared_runs.plot_model_correlation(record)
    assert len(axes[0, 0].containers) == 3
    assert len(axes[0, 0].get_xticks()) == 2


def test_accuracy_is_shown_over_tau(tmp_path):
    write_run(tmp_path / 'run')
    runs = [entry('run', cr=True, tau=tau) for tau in (100, 50)]
    record = run_collection.measure(
        [write_collection(tmp_path / 'c.json', runs)])
    _, axes = compared_runs.plot_tau(record)
    assert axes[0, 0].lines[0].get_xdata().tolist() == [50, 100]


def test_collection_without_tau_says_so(tmp_path):
    write_run(tmp_path / 'run')
    record = run_collection.measure(
        [write_collection(tmp_path / 'c.json', [entry('run')])])
    with pytest.raises(ValueError, match='"tau"'):
        compared_runs.plot_tau(record)
