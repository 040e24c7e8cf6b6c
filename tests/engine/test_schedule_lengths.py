# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS

from mmcurv.engine.schedule_lengths import (scaled_schedulers, scaled_stage,
                                            stuck_warm_ups)

STEPS = [
    dict(type='LinearLR', start_factor=0.2, begin=0, end=5, by_epoch=True),
    dict(type='MultiStepLR', milestones=[160, 180], gamma=0.01),
]
WAVE = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        begin=0,
        end=1,
        by_epoch=True,
        convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        begin=1,
        end=200,
        T_max=199,
        by_epoch=True,
        convert_to_iter_based=True),
]


def rates(schedulers, epochs, steps=50):
    """The learning rate of every step, as mmengine's own classes make it."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.)
    wrapper = OptimWrapper(optimizer)
    built = []
    for one in schedulers:
        one = dict(one)
        if one.get('convert_to_iter_based'):
            one['epoch_length'] = steps
        built.append(
            PARAM_SCHEDULERS.build(one, default_args=dict(optimizer=wrapper)))
    found = []
    for step in range(epochs * steps):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        for one in built:
            if not one.by_epoch or (step + 1) % steps == 0:
                one.step()
    return found


def test_schedule_of_its_own_length_is_the_one_that_was_written():
    assert rates(scaled_schedulers(STEPS, 1., 200), 200,
                 2) == pytest.approx(rates(STEPS, 200, 2))


def test_drops_come_after_the_same_share_of_the_training():
    short = rates(scaled_schedulers(STEPS, 0.1, 20), 20)
    assert short[16 * 50 - 1] == pytest.approx(1)
    assert short[16 * 50] == pytest.approx(0.01)
    assert short[18 * 50] == pytest.approx(0.0001)


def test_drops_of_a_very_short_training_do_not_fall_together():
    assert scaled_schedulers(STEPS, 0.01, 2)[1]['milestones'] == [1, 2]


@pytest.mark.parametrize('epochs', [1, 2, 3, 5, 7, 20, 100, 400])
def test_every_length_reaches_the_full_rate(epochs):
    """A warm-up that never ended would keep a fifth of the rate."""
    found = rates(scaled_schedulers(STEPS, epochs / 200, epochs), epochs)
    assert max(found) == pytest.approx(1)
    assert found[0] == pytest.approx(0.2)


@pytest.mark.parametrize('epochs', [2, 15, 30, 400])
def test_wave_ends_with_the_training_and_begins_with_the_warm_up(epochs):
    found = rates(scaled_schedulers(WAVE, epochs / 200, epochs), epochs)
    assert max(found) == pytest.approx(1, abs=0.01)
    assert found[-1] < 0.01


def test_warm_up_may_be_all_that_one_epoch_has_room_for():
    only, = scaled_schedulers(WAVE, 0.005, 1)
    assert only['type'] == 'LinearLR'


def test_thirty_epochs_of_the_wave_are_those_that_were_once_written_out():
    assert scaled_schedulers(WAVE, 0.15, 30)[1] == dict(
        WAVE[1], begin=1, end=30, T_max=29)


def test_schedule_by_iteration_keeps_its_share_of_the_iterations():
    old = [
        dict(
            type='CosineAnnealingLR',
            begin=800,
            end=13000,
            T_max=12200,
            by_epoch=False)
    ]
    new, = scaled_schedulers(old, 0.1, 59)
    assert (new['begin'], new['end'], new['T_max']) == (80, 1300, 1220)


def test_unknown_scheduler_stays_as_it_is():
    old = [dict(type='StepLR', step_size=30)]
    assert scaled_schedulers(old, 0.1, 20) == old


def test_what_is_given_is_not_changed():
    before = [dict(one) for one in STEPS]
    scaled_schedulers(STEPS, 0.1, 20)
    assert STEPS == before


def stage(**changes):
    return dict(name='classifier', of=90, changes=changes)


@pytest.mark.parametrize('epochs, length', [(90, 10), (200, 22), (20, 2),
                                            (1, 1)])
def test_stage_keeps_its_share_and_has_at_least_one_epoch(epochs, length):
    own = scaled_stage(
        stage(
            train_cfg=dict(max_epochs=10),
            param_scheduler=[dict(type='CosineAnnealingLR', T_max=10)]),
        epochs)
    assert own['changes']['train_cfg']['max_epochs'] == length
    assert own['changes']['param_scheduler'][0]['T_max'] == length
    assert 'of' not in own


def test_stage_with_dotted_keys_is_scaled_too():
    own = scaled_stage(stage(**{'train_cfg.max_epochs': 10}), 20)
    assert own['changes'] == {'train_cfg.max_epochs': 2}


def test_stage_without_of_or_of_a_loop_over_iterations_stays():
    plain = dict(name='a', changes=dict(train_cfg=dict(max_epochs=3)))
    assert scaled_stage(plain, 20) == plain
    own = scaled_stage(stage(train_cfg=dict(max_epochs=10)), None)
    assert own['changes'] == dict(train_cfg=dict(max_epochs=10))


@pytest.mark.parametrize('warm, stays', [
    (dict(end=1), True),
    (dict(begin=3, end=4), True),
    (dict(end=1, by_epoch=False), True),
    (dict(end=2), False),
    (dict(end=1, convert_to_iter_based=True), False),
])
def test_warm_up_of_one_step_never_ends_and_is_told(warm, stays):
    schedule = dict(type='LinearLR', start_factor=0.2, **warm)
    assert (rates([schedule], 6)[-1] == pytest.approx(0.2)) == stays
    assert stuck_warm_ups(schedule) == ([schedule] if stays else [])
