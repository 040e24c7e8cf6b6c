# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where in a model features are taken, from what the user calls it."""
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import List, Optional, Sequence, Tuple

from torch import nn

from .config_options import UsageError
from .curvature.feature_tap import classifier_layers, find_layer, num_outputs
from .layer_fractions import depth_units, unit_at

SIDES = ('input', 'output')
LAST = 'the last classifier layer'


@dataclass(frozen=True)
class TapPoint:
    """One place in a model.

    Attributes:
        asked (str): What the user called it.
        layer (str): Name of the module.
        side (str): 'input' or 'output' of the module.
        label (str): The module's name, with ':input' or ':output' where
            the name alone would mean the other side.
        depth (str): Such as 'unit 3 of 9', for a fraction, else ''.
    """
    asked: str
    layer: str
    side: str
    label: str
    depth: str = ''

    def describe(self) -> str:
        """One line for the user."""
        depth = f' ({self.depth})' if self.depth else ''
        return f'{self.asked}: {self.side} of {self.layer}{depth}'


def resolve_layers(model: nn.Module,
                   asked: Sequence[str],
                   num_classes: Optional[int] = None) -> List[TapPoint]:
    """Find the layers that a user asks for.

    Each is one of

    - 'last': the input of the last classifier layer;
    - a fraction of the backbone's depth such as '1/3': the output of the
      unit of that number, see
      :func:`~mmcurv.engine.layer_fractions.depth_units`;
    - a module's name: the input of a layer that holds a matrix, as
      ``FeaturePoolHook`` takes it, and the output of any other;
    - a module's name with ':input' or ':output'.

    Args:
        model (nn.Module): The model, not wrapped.
        asked (Sequence[str]): What the user wrote.
        num_classes (int, optional): C, to tell the classifier from other
            layers. Defaults to None.

    Returns:
        list[TapPoint]: In the order asked; a place that is asked for twice
        comes once.

    Raises:
        UsageError: If there is no such place.
    """
    points = {}
    for text in asked:
        point = _resolve(model, text.strip(), num_classes)
        points.setdefault((point.layer, point.side), point)
    if not points:
        raise UsageError("--layers: expected at least one, such as 'last'")
    return list(points.values())


def last_classifier(model: nn.Module,
                    num_classes: Optional[int] = None) -> str:
    """Name of the last classifier layer.

    It is 'head.fc', or else the one layer that holds a matrix with a row for
    each class, in the head if there is one: a model may contain a second
    network.

    Args:
        model (nn.Module): The model.
        num_classes (int, optional): C. Defaults to None, which takes the last
            layer that holds a matrix.

    Raises:
        ValueError: If there is none, or more than one.
    """
    names = classifier_layers(model)
    if 'head.fc' in names:
        return 'head.fc'
    outputs = {}
    for name in names:
        layer = model.get_submodule(name)
        outputs[name] = num_outputs(layer) or layer.weight.shape[0]
    fitting = [
        name for name in names
        if num_classes is None or outputs[name] == num_classes
    ]
    own = [name for name in fitting if name.startswith('head.')]
    fitting = own or fitting
    if num_classes is None:
        fitting = fitting[-1:]
    if len(fitting) == 1:
        return fitting[0]
    found = f'layers with {num_classes} outputs: {_listed(fitting)}'
    if not fitting:
        numbered = [f'{name} ({outputs[name]} outputs)' for name in names]
        found = f'layers that hold a matrix: {_listed(numbered)}'
    wanted = 'one last classifier layer'
    if num_classes is not None:
        wanted += f', a matrix with a row for each of {num_classes} classes,'
    raise ValueError(
        f'expected {wanted} in {type(model).__name__}, found {len(fitting)}; '
        f'{found}. Name the layer whose input is the feature.')


def usual_layers(model: nn.Module, *attributes: str) -> Tuple[List[str], str]:
    """Layers whose inputs are the features, as far as the head tells them.

    Args:
        model (nn.Module): The model, not wrapped.
        *attributes (str): Of the head, in order of preference: each is the
            name of a layer in it, or names of several.

    Returns:
        tuple[list[str], str]: Names of the layers, and why these. Without
        such an attribute 'head.fc' if there is one, else none; then
        :func:`last_classifier` is to be asked.
    """
    head = getattr(model, 'head', None)
    for attribute in attributes:
        names = getattr(head, attribute, None)
        if names:
            names = [names] if isinstance(names, str) else names
            return ([f'head.{name}' for name in names],
                    f'{attribute} of {type(head).__name__}')
    if 'head.fc' in classifier_layers(model):
        return ['head.fc'], LAST
    return [], LAST


def _resolve(model: nn.Module, text: str,
             num_classes: Optional[int]) -> TapPoint:
    if text == 'last':
        try:
            layer = last_classifier(model, num_classes)
        except ValueError as error:
            raise UsageError(f'--layers last: {error}') from None
        return _point(model, text, layer, 'input')
    if re.fullmatch(r'\d+/\d+', text):
        return _resolve_fraction(model, text, num_classes)
    layer, _, side = text.partition(':')
    if side and side not in SIDES:
        raise UsageError(f'--layers {text}: expected :input or :output after '
                         f'the name, got {side!r}')
    try:
        find_layer(model, layer)
    except ValueError as error:
        raise UsageError(
            f"--layers {text}: {error} Others: 'last', a fraction of the "
            "backbone's depth such as 1/3, and "
            f'{_listed(_units(model, num_classes))}') from None
    return _point(model, text, layer, side or _usual_side(model, layer))


def _resolve_fraction(model: nn.Module, text: str,
                      num_classes: Optional[int]) -> TapPoint:
    numerator, denominator = map(int, text.split('/'))
    if not 0 < numerator <= denominator:
        raise UsageError(f'--layers {text}: expected a fraction above 0 and '
                         'at most 1')
    units = _units(model, num_classes)
    if not units:
        raise UsageError(
            f'--layers {text}: {type(model).__name__} has no hidden layers '
            "to count; name a layer, or take 'last'")
    layer = unit_at(units, Fraction(numerator, denominator))
    depth = f'unit {units.index(layer) + 1} of {len(units)}'
    return _point(model, text, layer, 'output', depth)


def _units(model: nn.Module, num_classes: Optional[int]) -> List[str]:
    try:
        classifier = last_classifier(model, num_classes)
    except ValueError:  # several heads, say: they lie behind the backbone
        classifier = None
    return depth_units(model, classifier)


def _point(model, asked, layer, side, depth='') -> TapPoint:
    usual = side == _usual_side(model, layer)
    label = layer if usual else f'{layer}:{side}'
    return TapPoint(asked, layer, side, label, depth)


def _usual_side(model: nn.Module, layer: str) -> str:
    return 'input' if layer in classifier_layers(model) else 'output'


def _listed(names: Sequence[str], at_most: int = 12) -> str:
    more = len(names) - at_most
    text = ', '.join(names[:at_most]) or 'none'
    return f'{text} and {more} more' if more > 0 else text
