# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is found wrong in the state of a pool."""
import copy
import math

import pytest
import torch

from mmcurv.engine.check_pool_state import check_pool_state
from tests.engine.shared_steps import COUNTS, run_steps

SLOTS = sum(COUNTS)


@pytest.fixture(scope='module')
def states():
    """By their addressing, after four steps."""
    found = {}
    for addressing in ('index', 'fifo'):
        pool = dict(addressing=addressing)
        found[addressing] = run_steps(0, 1, [16], pool)['step'].state_dict()
    return found


@pytest.mark.parametrize('addressing', ['index', 'fifo'])
def test_state_that_a_run_leaves_is_sound(states, addressing):
    check_pool_state(states[addressing])


@pytest.mark.parametrize('pool', [
    dict(max_per_class=9),
    dict(addressing='fifo', max_per_class=2),
    dict(dtype='float16')
])
def test_states_of_other_pools_are_sound(pool):
    check_pool_state(run_steps(0, 1, [16], pool)['step'].state_dict())


def test_counters_of_a_pool_that_is_not_saved_are_sound():
    check_pool_state(dict(num_nonfinite=3, loss={}))
    with pytest.raises(ValueError, match="'loss' is missing"):
        check_pool_state(dict(num_nonfinite=3))


def put(name, place, value):

    def damage(state):
        state['curvature'][name][place] = value

    return damage


def replace(name, change):

    def damage(state):
        state['curvature'][name] = change(state['curvature'][name])

    return damage


DAMAGES = {
    'part_missing':
    (lambda state: state.pop('addressing'), "'addressing' is missing"),
    'part_of_another_type':
    (lambda state: state.update(curvature=[1]), "'curvature' is list"),
    'key_missing': (lambda state: state['curvature'].pop('pool.slot'),
                    "'pool.slot' is missing"),
    'no_tensor': (replace('pool.arrived', torch.Tensor.tolist),
                  "'pool.arrived' is list, not Tensor"),
    'another_dtype': (replace('pool.image', torch.Tensor.float),
                      "'pool.image' is torch.float32, not torch.int64"),
    'whole_features': (replace('pool.features', torch.Tensor.long),
                       'int64, not a floating type'),
    'too_few_features': (replace('pool.features', lambda rows: rows[:-1]),
                         rf'\({SLOTS - 1}, 6\), where .* {SLOTS} slots'),
    'flat_features': (replace('pool.features',
                              torch.Tensor.flatten), r'shape \(240,\)'),
    'too_few_curvatures': (replace('log_curvature', lambda rows: rows[1:]),
                           rf'log_curvature has shape \({SLOTS - 1},\)'),
    'negative_arrivals': (put('pool.arrived', 1,
                              -2), r'pool\.arrived is negative in places 1;?'),
    'too_few_arrivals': (put('pool.arrived', 2,
                             5), 'arrived does not fit .* places 37, 38, 39'),
    'wrong_start': (put('pool.start', 1, 3), r'pool\.start is not where'),
    'nan_feature': (put('pool.features', (4, 2), math.nan),
                    f'1 of {SLOTS} features hold NaN or inf.* places 4'),
    'infinite_features': (put('pool.features', slice(0, 30), math.inf),
                          r'30 of .* places 0, 1, 2, 3, 4, \.\.\.'),
    'slot_outside': (put('pool.slot', 6, SLOTS),
                     rf'slot is not in \[-1, {SLOTS}\) in places 6: \[40\]'),
    'image_outside': (put('pool.image', 0, -9), r'image is not .*: \[-9\]'),
    'image_twice': (put('pool.image', 0, 1), 'do not name each other'),
    'slot_of_no_image': (put('pool.slot', 0, -1), 'do not name each other'),
}


@pytest.mark.parametrize('name', DAMAGES)
def test_damage_is_named_with_what_to_do(states, name):
    damage, said = DAMAGES[name]
    state = copy.deepcopy(states['index'])
    damage(state)
    with pytest.raises(
            ValueError,
            match=f'(?s)checkpoint is damaged: .*{said}.*Resume from an '
            'earlier checkpoint'):
        check_pool_state(state)


def test_state_that_is_no_dict_is_told():
    with pytest.raises(ValueError, match='it is int, not dict'):
        check_pool_state(7)


def test_all_that_is_wrong_is_listed(states):
    state = copy.deepcopy(states['index'])
    state['curvature']['pool.arrived'][0] = -1
    state['curvature']['pool.features'][3] = math.nan
    with pytest.raises(ValueError, match='negative .*; 1 of 40 features'):
        check_pool_state(state)


def test_arrivals_of_a_class_without_slots_are_found(states):
    state = copy.deepcopy(states['fifo'])
    own = state['curvature']
    for name, value in (('capacity', 0), ('start', SLOTS), ('arrived', 4)):
        own[f'pool.{name}'] = torch.cat(
            [own[f'pool.{name}'], torch.tensor([value])])
    with pytest.raises(ValueError, match='places 3 without a slot'):
        check_pool_state(state)
