# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os.path as osp

from mmcurv.benchmark.matrices.spec_config import spec_hash
from mmcurv.benchmark.planning.finished_runs import finished_runs
from mmcurv.files import write_text
from tests.benchmark.trained_folder import (CONFIG, PROCESSOR, bundled_spec,
                                            leave_record)

MACHINE = dict(processor=PROCESSOR, accelerators=[], processes=1)


def test_runs_of_this_machine_are_found_with_and_without_variant(tmp_path):
    runs = [bundled_spec(tmp_path), bundled_spec(tmp_path, variant='b')]
    for run in runs:
        leave_record(
            run,
            epochs=5,
            seconds=10.,
            training_seconds=8.,
            cr_seconds=3.,
            samples=50,
            multiply_adds=7)
    found = finished_runs(str(tmp_path), MACHINE)
    expected = CONFIG, spec_hash(runs[0]), 5, 10., 5., 50, 7, (), False
    assert found == 2 * [expected]


def test_other_machines_tell_nothing_about_this_one(tmp_path):
    leave_record(bundled_spec(tmp_path))
    for key, value in (('processor', 'Another'), ('accelerators', ['GPU']),
                       ('processes', 2)):
        assert finished_runs(str(tmp_path), {**MACHINE, key: value}) == []


def test_damaged_records_and_runs_of_nothing_are_left_out(tmp_path):
    leave_record(bundled_spec(tmp_path), samples=0)
    leave_record(bundled_spec(tmp_path, seed=1), seconds=None)
    write_text(
        osp.join(bundled_spec(tmp_path, seed=2).folder, 'run.json'), '{')
    assert finished_runs(str(tmp_path), MACHINE) == []
    assert finished_runs(str(tmp_path / 'none'), MACHINE) == []
