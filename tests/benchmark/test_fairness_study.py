# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The program that trains the branches of docs/cr_study.md."""
import json
import multiprocessing
import os
import signal
import time

import pytest

from tests.benchmark.bench_program import bench_program

ARMS = ('ce', 'ce_resumed', 'cr', 'center_0.3', 'margin_0.5')


@pytest.fixture(scope='module')
def study():
    return bench_program('fairness_study')


@pytest.fixture(scope='module')
def out(tmp_path_factory, study):
    """Branches of a run that was killed after its first one, and repeated."""
    out = str(tmp_path_factory.mktemp('study'))
    command = ['run', 'tiny', '--seeds', '3', '--out', out, '--arms', *ARMS]
    first = os.path.join(out, 'tiny', '3', 'ce.json')
    child = multiprocessing.get_context('fork').Process(
        target=study.main, args=(command, ))
    child.start()
    while not os.path.exists(first) and child.is_alive():
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert child.exitcode == -signal.SIGKILL
    before = os.stat(first).st_mtime_ns
    assert not os.path.exists(first.replace('ce.json', f'{ARMS[-1]}.json'))
    study.main(command)
    assert os.stat(first).st_mtime_ns == before
    study.main(['collect', 'tiny', '--out', out, '--records', f'{out}/kept'])
    return out


@pytest.fixture
def runs(out):
    with open(
            os.path.join(out, 'kept', 'tiny.json'), encoding='utf-8') as file:
        record = json.load(file)
    assert record['schema'] == 'mmcurv.fairness_study'
    return {run['arm']: run for run in record['runs']}


OF_NETWORK = ('class_accuracy', 'train_loss', 'relative_spread',
              'log_curvature', 'right')


def test_killed_study_goes_on_with_what_is_missing(runs):
    assert set(runs) == set(ARMS)


def test_branch_has_the_batches_of_the_trunk(runs):
    """Without a term it ends bit for bit where the whole training does."""
    whole, resumed = runs['ce'], runs['ce_resumed']
    assert resumed['branched'] == 2
    assert all(whole[key] == resumed[key] for key in OF_NETWORK)


@pytest.mark.parametrize('arm', ['cr', 'center_0.3', 'margin_0.5'])
def test_term_and_margin_change_the_network(runs, arm):
    assert runs[arm]['train_loss'] != runs['ce']['train_loss']
    assert runs[arm]['hooks'][0]['start_epoch'] == 4


def test_record_says_which_test_images_are_right(runs, study):
    for run in runs.values():
        right = study.right_of(run, 2000)
        assert right.mean() == pytest.approx(run['overall'])
        by_class = right.reshape(10, 200).mean(1)  # class by class
        assert by_class == pytest.approx(run['class_accuracy'])


def test_shift_is_recorded_beside_its_baselines(runs):
    rows = runs['ce']['shifts']
    assert {row['method']
            for row in rows} >= {
                'relative_spread', 'permuted', 'tau_normalization',
                'scaling_for_mean', 'scaling_for_worst'
            }
    assert all('shifts' not in runs[arm] for arm in ARMS[1:])
