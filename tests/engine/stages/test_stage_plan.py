# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.engine.config_options import UsageError
from mmcurv.engine.stages.stage_list import Stage
from mmcurv.engine.stages.stage_plan import StageStep, check_steps, plan_steps
from mmcurv.engine.stages.stage_state import StageState

START, SKIP = StageStep('start'), StageStep('skip')


def states(tmp_path, finished=0, checkpoints=(None, None, None)):
    """Three stages, the first of which have ended."""
    return [
        StageState(f's{i}',
                   str(tmp_path / f'stage_s{i}' if i < 2 else tmp_path), i
                   < finished, name and str(tmp_path / f'stage_s{i}' / name))
        for i, name in enumerate(checkpoints)
    ]


def resumed(tmp_path, i, name):
    return StageStep('resume', str(tmp_path / f'stage_s{i}' / name))


def test_without_resume_all_stages_start(tmp_path):
    every = states(tmp_path, 2, ('epoch_2.pth', 'epoch_3.pth', None))
    assert plan_steps(every) == [START] * 3


def test_resume_goes_on_in_the_first_stage_that_has_not_ended(tmp_path):
    every = states(tmp_path, 1, ('epoch_2.pth', 'epoch_1.pth', 'epoch_9.pth'))
    assert plan_steps(
        every, 'auto') == [SKIP,
                           resumed(tmp_path, 1, 'epoch_1.pth'), START]


def test_resume_starts_a_stage_without_a_checkpoint(tmp_path):
    every = states(tmp_path, 1, ('epoch_2.pth', None, None))
    assert plan_steps(every, 'auto') == [SKIP, START, START]


def test_resume_of_a_whole_training_goes_to_its_end(tmp_path):
    every = states(tmp_path, 2, ('epoch_2.pth', 'epoch_2.pth', 'epoch_2.pth'))
    assert plan_steps(
        every, 'auto') == [SKIP, SKIP,
                           resumed(tmp_path, 2, 'epoch_2.pth')]


def test_checkpoint_is_gone_on_from_in_its_stage(tmp_path):
    every = states(tmp_path, 1, ('epoch_2.pth', 'epoch_3.pth', None))
    path = every[1].folder + '/epoch_2.pth'
    assert plan_steps(every, path) == [SKIP, StageStep('resume', path), START]


def test_last_checkpoint_of_a_stage_that_has_ended_starts_the_next(tmp_path):
    every = states(tmp_path, 1, ('epoch_2.pth', 'epoch_3.pth', None))
    assert plan_steps(every, every[0].checkpoint) == [SKIP, START, START]


def test_earlier_checkpoint_of_a_stage_that_has_ended_repeats_its_end(
        tmp_path):
    every = states(tmp_path, 1, ('epoch_2.pth', None, None))
    path = every[0].folder + '/epoch_1.pth'
    assert plan_steps(every, path) == [StageStep('resume', path), START, START]


def test_checkpoint_of_no_stage_is_refused(tmp_path):
    with pytest.raises(UsageError, match='in the folder of a stage, one of'):
        plan_steps(states(tmp_path), '/elsewhere/epoch_2.pth')


def test_checkpoint_after_a_stage_that_has_not_ended_is_refused(tmp_path):
    every = states(tmp_path)
    with pytest.raises(UsageError, match="'s0' before it has not ended"):
        plan_steps(every, every[1].folder + '/epoch_2.pth')


STAGES = [
    Stage('s0'),
    Stage('s1', 's0'),
    Stage('s2', 's1', {'model.teacher': '{s0}'})
]


def test_missing_checkpoint_of_a_stage_that_has_ended_is_named(tmp_path):
    every = states(tmp_path, 1, ('epoch_2.pth', None, None))
    with pytest.raises(UsageError, match="'s1' needs the last .* 's0'.*resto"):
        check_steps(STAGES, every, [SKIP, START, START])
    (tmp_path / 'stage_s0').mkdir()
    (tmp_path / 'stage_s0' / 'epoch_2.pth').touch()
    check_steps(STAGES, every, [SKIP, START, START])


def test_stage_that_goes_on_needs_a_teacher_and_not_its_first_weights(
        tmp_path):
    every = states(tmp_path, 2, ('epoch_2.pth', 'epoch_2.pth', 'epoch_1.pth'))
    steps = [SKIP, SKIP, StageStep('resume', __file__)]
    with pytest.raises(UsageError, match="'s2' needs the last .* stage 's0'"):
        check_steps(STAGES, every, steps)
    plain = [*STAGES[:2], Stage('s2', 's1')]
    check_steps(plain, every, steps)


def test_missing_checkpoint_to_go_on_from_is_named(tmp_path):
    every = states(tmp_path, 0, ('epoch_2.pth', None, None))
    with pytest.raises(UsageError, match='which last_checkpoint .* names'):
        check_steps(STAGES, every, plan_steps(every, 'auto'))
