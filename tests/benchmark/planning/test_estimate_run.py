# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.matrices.spec_config import spec_config, spec_hash
from mmcurv.benchmark.planning.estimate_run import (COUNTED, SAME_FILE,
                                                    SAME_RUN, Estimate,
                                                    estimate_run, seconds_left)
from mmcurv.benchmark.planning.finished_runs import FinishedRun
from mmcurv.benchmark.planning.machine_speed import Speed
from mmcurv.benchmark.planning.model_size import model_size
from mmcurv.benchmark.states.run_state import RunState
from tests.benchmark.trained_folder import bundled_spec

WEIGHTS = 4 * (75002 + 2 * (16 + 2 * (16 + 32 + 64)) + 2) + 8 * 7


def never():
    raise AssertionError('the speed was not needed')


def finished(run, seconds, **changes):
    size = model_size(spec_config(run))
    fields = dict(
        config=run.config,
        hash='another',
        epochs=10,
        seconds=seconds,
        training_seconds=seconds,
        samples=10 * 2478,
        multiply_adds=size.multiply_adds,
        with_files=run.with_files,
        cr=run.cr)
    return FinishedRun(**dict(fields, **changes))


def test_runs_of_the_same_config_tell_best():
    run = bundled_spec('root')
    alike = [
        finished(run, 50., hash=spec_hash(run)),
        finished(run, 70., hash=spec_hash(run))
    ]
    estimate = estimate_run(run, [*alike, finished(run, 1.)], never)
    assert estimate == Estimate(60., SAME_RUN, WEIGHTS)


def test_runs_of_the_same_file_are_scaled_by_images_and_epochs():
    run = bundled_spec('root', options={'train_cfg.max_epochs': 30})
    estimate = estimate_run(
        run, [finished(run, 50.),
              finished(run, 70., samples=5 * 2478)], never)
    assert estimate.source == SAME_FILE
    assert estimate.seconds == pytest.approx((3 * 50. + 6 * 70.) / 2)


def test_runs_of_another_file_or_network_tell_nothing():
    run = bundled_spec('root', cr=True)
    others = [
        finished(run, 1., config='another.py'),
        finished(run, 1., with_files=('data.py', )),
        finished(run, 1., cr=False),
        finished(run, 1., multiply_adds=1)
    ]
    speed = Speed(1e9, 'x')
    assert estimate_run(run, others, lambda: speed).source == COUNTED


def test_else_multiply_adds_times_three_are_counted():
    run = bundled_spec('root')
    adds = model_size(spec_config(run)).multiply_adds
    estimate = estimate_run(run, [], lambda: Speed(1e9, 'x'))
    assert estimate.source == COUNTED
    assert estimate.seconds == pytest.approx(3 * adds * 2478 * 20 / 1e9)


def test_pool_adds_a_feature_of_each_image():
    estimate = estimate_run(
        bundled_spec('root', cr=True), [], lambda: Speed(1e9, 'x'))
    assert estimate.pool_and_weights == WEIGHTS + 2478 * 64 * 4


def test_what_is_not_known_is_not_invented(tmp_path):
    options = {'train_dataloader.dataset.type': 'CustomDataset'}
    plain = bundled_spec('root', options=options)
    assert estimate_run(plain, [], never) == Estimate(None, None, WEIGHTS)
    twin = bundled_spec('root', cr=True, options=options)
    assert estimate_run(twin, [], never) == Estimate(None, None, None)
    # Where images are unknown, epochs still are.
    known = estimate_run(plain, [finished(plain, 50., samples=1)], never)
    assert known.seconds == pytest.approx(100.)


def test_run_without_config_has_no_estimate():
    run = bundled_spec('root', config=None)
    assert estimate_run(run, [], never) == Estimate(None, None, None)


@pytest.mark.parametrize('state, left', [
    (RunState('missing', None, 20), 100.),
    (RunState('partial', 5, 20), 75.),
    (RunState('failed', 20, 20), 0.),
    (RunState('running', 10, 20), 50.),
    (RunState('partial', 30, 20), 0.),
    (RunState('partial', 5, None), None),
    (RunState('done', 20, 20), 0.),
    (RunState('no config'), 0.),
    (RunState('other run', 3, 20), 0.),
])
def test_time_left_is_that_of_the_epochs_left(state, left):
    assert seconds_left(state, Estimate(100., SAME_RUN, None)) == left


def test_unknown_time_stays_unknown_for_open_runs_only():
    unknown = Estimate(None, None, None)
    assert seconds_left(RunState('missing'), unknown) is None
    assert seconds_left(RunState('done'), unknown) == 0.
