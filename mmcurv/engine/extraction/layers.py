# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Layers of a model: how they are called, found and read in a pass."""
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from mmcurv.arguments import POOLINGS, UsageError
from mmcurv.files import did_you_mean, listed

SIDES = ('input', 'output')
LAST = 'the last classifier layer'
SHOWN = 30  # names in a message where nothing is near
CONTAINERS = (nn.Sequential, nn.ModuleList)
WITHOUT_EFFECT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d,
                  nn.Identity)  # in evaluation mode


def find_layer(model: nn.Module, name: str, what: str = 'layer') -> nn.Module:
    """The sub-module of that name, or an error that lists candidates.

    Args:
        model (nn.Module): A model, not in its wrapper.
        name (str): Such as 'backbone' or 'head.fc'.
        what (str): What the user calls the name, for messages. Defaults to
            'layer'.

    Returns:
        nn.Module: Part of the model.

    Raises:
        ValueError: If the model has no sub-module of that name.
    """
    modules = dict(model.named_modules())
    del modules['']  # the model itself
    if name in modules:
        return modules[name]
    hint = did_you_mean(name, modules)
    if hint.startswith('did'):
        hint = f'D{hint[1:]}'
    else:
        shallow = sorted(modules, key=lambda one: one.count('.'))
        hint = f'It has {listed(shallow, SHOWN)}.'
    heads = listed(list(map(repr, classifier_layers(model))), SHOWN)
    raise ValueError(
        f'{what}: {name!r} is no layer of {type(model).__name__}. '
        f'{hint} Classifier layers of this model: {heads}.')


def classifier_layers(model: nn.Module) -> List[str]:
    """Names of the layers that hold a matrix, such as ``nn.Linear``."""
    return [
        name for name, module in model.named_modules()
        if isinstance(getattr(module, 'weight', None), Tensor)
        and module.weight.dim() == 2
    ]


def num_outputs(layer: Optional[nn.Module]) -> Optional[int]:
    """What a layer says of the length of its output, if it does."""
    for name in ('out_features', 'out_channels', 'num_classes'):
        if isinstance(getattr(layer, name, None), int):
            return getattr(layer, name)
    return None


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
      :func:`depth_units`;
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
    found = f'layers with {num_classes} outputs: {listed(fitting, 12)}'
    if not fitting:
        numbered = [f'{name} ({outputs[name]} outputs)' for name in names]
        found = f'layers that hold a matrix: {listed(numbered, 12)}'
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
            f'{listed(_units(model, num_classes), 12)}') from None
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


def depth_units(model: nn.Module, classifier: Optional[str]) -> List[str]:
    """Names of the units that make up a backbone's depth, in order.

    Where the backbone has blocks (residual blocks, transformer layers, dense
    or inception blocks: modules that hold at least two weighted layers),
    these are the units, and stem and transitions do not count. A plain
    network, such as VGG or LeNet, counts its weighted layers, each named by
    the last activation, normalization or pooling that follows it. The last
    classifier layer, which VGG and LeNet keep inside the backbone, and what
    follows it do not count.

    Order is that in which the modules were registered.

    Args:
        model (nn.Module): With a ``backbone``; without one, the whole model
            is looked through.
        classifier (str, optional): Name of the last classifier layer.

    Returns:
        list[str]: D names of modules of the model; their outputs count.
    """
    root = 'backbone' if hasattr(model, 'backbone') else ''
    steps = _steps(root, model.get_submodule(root))
    while len(steps) == 1 and any(steps[0][1].children()):
        steps = _children(*steps[0])  # a backbone in a wrapper
    names = [name for name, _ in steps]
    if classifier in names:
        steps = steps[:names.index(classifier)]
    blocks = [name for name, module in steps if _num_weighted(module) > 1]
    return blocks or _plain_units(steps)


def unit_at(units: List[str], fraction: Fraction) -> str:
    """The unit at a fraction f of the depth: number ceil(f * D) of D.

    Args:
        units (list[str]): D names, at least one.
        fraction (Fraction): In (0, 1].

    Returns:
        str: One of the names.
    """
    return units[math.ceil(fraction * len(units)) - 1]


def _steps(name: str, module: nn.Module) -> List[Tuple[str, nn.Module]]:
    """A module taken apart as far as containers go, in order."""
    if not isinstance(module, CONTAINERS) and name not in ('', 'backbone'):
        return [(name, module)]
    if not any(module.children()):
        return [(name, module)]
    return _children(name, module)


def _children(name: str, module: nn.Module) -> List[Tuple[str, nn.Module]]:
    prefix = f'{name}.' if name else ''
    return [
        step for child_name, child in module.named_children()
        for step in _steps(prefix + child_name, child)
    ]


def _num_weighted(module: nn.Module) -> int:
    return sum(
        isinstance(getattr(part, 'weight', None), Tensor)
        and part.weight.dim() > 1 for part in module.modules())


def _plain_units(steps: List[Tuple[str, nn.Module]]) -> List[str]:
    units = []
    for name, module in steps:
        if _num_weighted(module):
            units.append(name)
        elif units and not isinstance(module, WITHOUT_EFFECT):
            units[-1] = name
    return units


class LayerTaps:
    """A context in which a model's passes leave rows behind.

    Args:
        model (nn.Module): The model, not wrapped.
        points (Sequence[TapPoint]): Where to take features.
        pooling (str): see :func:`pool_map`.
            Defaults to 'avg'.

    Example:
        >>> with LayerTaps(model, points) as taps:
        ...     model(inputs)
        ...     rows = taps.take()
    """

    def __init__(self,
                 model: nn.Module,
                 points: Sequence[TapPoint],
                 pooling: str = 'avg'):
        self.model = model
        self.points = list(points)
        self.pooling = pooling
        self._rows: Dict[str, List[Tensor]] = {}
        self._handles = []

    def __enter__(self):
        self._rows = {point.label: [] for point in self.points}
        for point in self.points:
            module = self.model.get_submodule(point.layer)
            self._handles.append(self._register(module, point))
        return self

    def __exit__(self, *error) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles, self._rows = [], {}

    def take(self) -> Dict[str, Tensor]:
        """Rows of the pass since the last call, by label.

        Returns:
            dict[str, Tensor]: (B, p) each, float32, on the CPU.

        Raises:
            UsageError: If a place was not passed exactly once.
        """
        for label, rows in self._rows.items():
            if len(rows) != 1:
                raise UsageError(
                    f'--layers {label}: expected the layer to run once per '
                    f'batch, but it ran {len(rows)} times; choose another')
        return {label: rows.pop() for label, rows in self._rows.items()}

    def _register(self, module: nn.Module, point: TapPoint):
        if point.side == 'input':
            return module.register_forward_pre_hook(
                lambda _, args, kwargs: self._keep(point, (*args, *kwargs.
                                                           values())[:1]),
                with_kwargs=True)
        return module.register_forward_hook(
            lambda _, args, output: self._keep(point, output))

    def _keep(self, point: TapPoint, value: Any) -> None:
        try:
            rows = pool_map(_only_tensor(value), self.pooling)
        except ValueError as error:
            raise UsageError(f'--layers {point.asked}, the {point.side} of '
                             f'{point.layer}: {error}') from None
        # A copy: the next layer may change the tensor in place.
        rows = torch.empty(
            rows.shape, dtype=torch.float32).copy_(rows.detach())
        self._rows[point.label].append(rows)


def _only_tensor(value: Any) -> Tensor:
    parts: Tuple = (value, )
    if isinstance(value, (tuple, list)):  # such as (tokens, (height, width))
        parts = value
    tensors = [part for part in parts if isinstance(part, Tensor)]
    if len(tensors) != 1:
        raise ValueError(f'expected one tensor, got {len(tensors)} in a '
                         f'{type(value).__name__}; choose another layer.')
    return tensors[0]


def pool_map(output: Tensor, pooling: str = 'avg') -> Tensor:
    """Pool what a layer gives for B images to B rows.

    Args:
        output (Tensor): (B, p) rows, which pass unchanged; (B, T, p) tokens
            of a transformer; or (B, p, ...) maps of any number of
            dimensions.
        pooling (str): 'avg' and 'max' over all places of a map or over all
            tokens, a class token among them; 'flatten' keeps every place;
            'cls' takes the first token. Defaults to 'avg'.

    Returns:
        Tensor: (B, p), or (B, p * places) for 'flatten'; at least float32.

    Raises:
        ValueError: If the pooling is unknown, or the output has no rows, or
            'cls' meets a map.
    """
    if pooling not in POOLINGS:
        raise ValueError(f'pooling: expected one of {", ".join(POOLINGS)}, '
                         f'got {pooling!r}.')
    if output.dim() < 2:
        raise ValueError('expected rows (B, p), tokens (B, T, p) or maps '
                         f'(B, p, H, W), got shape {tuple(output.shape)}; '
                         'choose another layer.')
    output = output.to(output.new_zeros(()).float().dtype)
    if output.dim() == 2 or pooling == 'flatten':
        return output.flatten(1)
    if output.dim() == 3:
        places = output.transpose(1, 2)  # (B, p, T)
    elif pooling == 'cls':
        raise ValueError('pooling=\'cls\' takes the first of the tokens (B, '
                         f'T, p), got a map of shape {tuple(output.shape)}; '
                         'choose avg, max or flatten.')
    else:
        places = output.flatten(2)  # (B, p, places)
    if pooling == 'cls':
        return places[:, :, 0]
    return places.mean(2) if pooling == 'avg' else places.amax(2)


def has_class_token(model: nn.Module) -> bool:
    """Whether a model has a parameter named 'cls_token' somewhere."""
    return any(
        name.rpartition('.')[2] == 'cls_token'
        for name, _ in model.named_parameters())
