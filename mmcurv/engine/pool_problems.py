# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is wrong with the buffers of a feature pool, as sentences.

Of C classes, S slots, p features and N images. Each check relies on what the
one before it found right.
"""
from typing import Any, Dict, Iterator

import torch
from torch import Tensor

SHOWN = 5
ROWS = 65536  # features checked at a time


def wrong_kinds(values: Dict[str, Any], dtypes: Dict) -> Iterator[str]:
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


def wrong_shapes(values: Dict[str, Tensor]) -> Iterator[str]:
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


def wrong_numbers(values: Dict[str, Tensor]) -> Iterator[str]:
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


def wrong_images(values: Dict[str, Tensor]) -> Iterator[str]:
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
