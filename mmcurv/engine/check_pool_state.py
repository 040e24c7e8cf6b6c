# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether the feature pool of a checkpoint is one that a run left.

A checkpoint may be edited, cut or damaged on its way. What a pool could never
hold would spoil the curvature of a class in silence, or end in an error that
names neither the pool nor the file.
"""
from typing import Any, Dict, Iterator

import torch
from torch import Tensor

PARTS = dict(addressing=str, measured_with=dict, curvature=dict, loss=dict)
COUNTERS = dict(num_nonfinite=int, loss=dict)  # of a pool that is not saved
DTYPES = {
    'pool.capacity': torch.int64,
    'pool.start': torch.int64,
    'pool.arrived': torch.int64,
    'pool.features': None,  # any floating type
    'log_curvature': None,
    'pool.num_nonfinite': torch.int64,
    'primed': torch.bool
}
BY_IMAGE = {'pool.image': torch.int64, 'pool.slot': torch.int64}
SHOWN = 5
ROWS = 65536  # features checked at a time


def check_pool_state(state: Dict[str, Any]) -> None:
    """Raise unless a state could be that of a run.

    Args:
        state (dict): Of :meth:`CurvatureStep.state_dict`, of a whole pool:
            C classes, S slots, p features, N images.

    Raises:
        ValueError: If it could not. Says all that is wrong.
    """
    problems = list(_problems(state))
    if problems:
        raise ValueError(
            'expected a feature pool as a run leaves it, but that of the '
            f'checkpoint is damaged: {"; ".join(problems)}. Resume from an '
            'earlier checkpoint, or give this one to load_from without '
            'resume, which takes the weights and starts with an empty pool.')


def check_same_slots(theirs: Tensor, ours: Tensor) -> None:
    """Raise unless two pools have the same slots, class by class.

    All processes find the same, also where each holds some of the classes
    and those of one happen to fit.

    Args:
        theirs (Tensor): (C,) slots of each class in a checkpoint.
        ours (Tensor): (C',) likewise in the run.

    Raises:
        RuntimeError: If they differ.
    """
    theirs, ours = theirs.cpu(), ours.cpu()
    if theirs.shape != ours.shape:
        raise RuntimeError(f'{len(theirs)} classes, not {len(ours)}')
    other = (theirs != ours).nonzero()[:, 0]
    if len(other):
        c = int(other[0])
        raise RuntimeError(
            f'{int(theirs.sum())} slots, not {int(ours.sum())}: another '
            f'number in {len(other)} of {len(ours)} classes, such as '
            f'{int(theirs[c])}, not {int(ours[c])}, for class {c}')


def _problems(state: Any) -> Iterator[str]:
    """What is wrong; later checks rely on what earlier ones found right."""
    found = list(_wrong_parts(state))
    if not found and 'curvature' in state:
        values = state['curvature']
        dtypes = dict(DTYPES)
        if state['addressing'] == 'index':
            dtypes.update(BY_IMAGE)
        found = list(_wrong_kinds(values, dtypes))
        found = found or list(_wrong_shapes(values))
        if not found:
            values = {  # what is small, wherever the checkpoint was loaded
                name: value if value.is_floating_point() else value.cpu()
                for name, value in values.items()
            }
        found = found or list(_wrong_numbers(values))
        if not found and state['addressing'] == 'index':
            found = list(_wrong_images(values))
    yield from found


def _wrong_parts(state: Any) -> Iterator[str]:
    if not isinstance(state, dict):
        yield f'it is {type(state).__name__}, not dict'
        return
    saved = 'curvature' in state or 'num_nonfinite' not in state
    for name, kind in (PARTS if saved else COUNTERS).items():
        if name not in state:
            yield f'{name!r} is missing'
        elif not isinstance(state[name], kind):
            yield (f'{name!r} is {type(state[name]).__name__}, not '
                   f'{kind.__name__}')


def _wrong_kinds(values: Dict[str, Any], dtypes: Dict) -> Iterator[str]:
    for name, dtype in dtypes.items():
        value = values.get(name)
        if value is None:
            yield f'{name!r} is missing'
        elif not isinstance(value, Tensor):
            yield f'{name!r} is {type(value).__name__}, not Tensor'
        elif dtype is None and not value.is_floating_point():
            yield f'{name!r} is {value.dtype}, not a floating type'
        elif dtype is not None and value.dtype != dtype:
            yield f'{name!r} is {value.dtype}, not {dtype}'


def _wrong_shapes(values: Dict[str, Tensor]) -> Iterator[str]:
    capacity, features = values['pool.capacity'], values['pool.features']
    slots = int(capacity.clamp_min(0).sum())
    if capacity.dim() != 1:
        yield f'pool.capacity has {capacity.dim()} dimensions, not 1'
        return
    if features.dim() != 2 or len(features) != slots:
        yield (f'pool.features has shape {tuple(features.shape)}, where the '
               f'classes have {slots} slots')
    shapes = {
        'pool.start': capacity.shape,
        'pool.arrived': capacity.shape,
        'log_curvature': (slots, ),
        'pool.num_nonfinite': (),
        'primed': (),
        'pool.image': (slots, )
    }
    for name, shape in shapes.items():
        if name in values and values[name].shape != shape:
            yield (f'{name} has shape {tuple(values[name].shape)}, not '
                   f'{tuple(shape)}')
    if 'pool.slot' in values and values['pool.slot'].dim() != 1:
        yield f"pool.slot has {values['pool.slot'].dim()} dimensions, not 1"


def _wrong_numbers(values: Dict[str, Tensor]) -> Iterator[str]:
    for name in ('pool.capacity', 'pool.arrived', 'pool.num_nonfinite'):
        if (values[name] < 0).any():
            yield f'{name} is negative in {_places(values[name] < 0)}'
    capacity = values['pool.capacity']
    if not torch.equal(values['pool.start'], capacity.cumsum(0) - capacity):
        yield 'pool.start is not where the slots of the classes begin'
    absent = (capacity == 0) & (values['pool.arrived'] > 0)
    if absent.any():
        yield f'features arrived in {_places(absent)} without a slot'
    spoilt = torch.cat([
        ~torch.isfinite(part).all(1).cpu()
        for part in values['pool.features'].split(ROWS)
    ])
    if spoilt.any():
        yield (f'{int(spoilt.sum())} of {len(spoilt)} features hold NaN or '
               f'inf, such as those in {_places(spoilt)}')


def _wrong_images(values: Dict[str, Tensor]) -> Iterator[str]:
    """Each occupied slot has an image and that image has the slot."""
    capacity, image = values['pool.capacity'], values['pool.image']
    slot, num_slots = values['pool.slot'], len(image)
    for name, numbers, end in (('pool.image', image, len(slot)),
                               ('pool.slot', slot, num_slots)):
        outside = (numbers < -1) | (numbers >= end)
        if outside.any():
            yield (f'{name} is not in [-1, {end}) in {_places(outside)}: '
                   f'{numbers[outside][:SHOWN].tolist()}')
            return
    rank = torch.arange(num_slots)
    rank = rank - values['pool.start'].repeat_interleave(capacity)
    arrived = values['pool.arrived'].repeat_interleave(capacity)
    held = image >= 0
    wrong = held != (rank < arrived)
    if wrong.any():
        yield (f'pool.arrived does not fit the images in {_places(wrong)}')
    places = torch.arange(num_slots)
    wrong = slot[image[held]] != places[held]
    if wrong.any() or int(held.sum()) != int((slot >= 0).sum()):
        yield 'pool.slot and pool.image do not name each other'


def _places(wrong: Tensor) -> str:
    """Where, for people: 'places 0, 3, 4, ...'."""
    if wrong.dim() == 0:
        return 'all'
    where = wrong.nonzero()[:, 0].tolist()
    more = ', ...' if len(where) > SHOWN else ''
    return f'places {", ".join(map(str, where[:SHOWN]))}{more}'
