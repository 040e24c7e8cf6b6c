# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Takes the inputs of named layers while a model computes its losses."""
from functools import partial
from typing import Callable, Dict, List, Sequence, Union

import torch
from torch import Tensor, nn

from mmcurv.engine.extraction.layers import find_layer


class FeatureTap:
    """Calls back with layers' inputs whenever the model returns losses.

    A pre-hook on each layer takes its input, so that the kind of layer does
    not matter; a hook on the model itself, which must not be wrapped, then
    calls ``callback(features, data_samples, losses)`` and passes on the
    losses that it returns. Nothing happens in other modes or without
    gradients.

    A copy or pickle of a tapped model carries an inert tap.

    Args:
        layer (str | list[str]): Name of the layer, or names of several;
            ``features`` is a list with the input of each.
        callback (Callable): See above.

    Raises:
        ValueError: If the list is empty, or holds a name twice.
    """

    _uncompiled = False

    def __init__(self, layer: Union[str, Sequence[str]], callback: Callable):
        self.names = layer_names(layer)
        self.callback = callback
        self._handles = []
        self._inputs = None  # by layer while the model computes losses
        self.taken = []  # during a callback, the inputs as they came

    def __getstate__(self) -> Dict:
        return dict(
            names=self.names,
            callback=None,
            _handles=[],
            _inputs=None,
            taken=[])

    def attach(self, model: nn.Module) -> List[nn.Module]:
        """Register the hooks and return the tapped layers."""
        self.detach()
        _detach_taps(model)  # that an exception left behind
        # A compiled model ends its graph there: what the callback does depends
        # on the classes of the batch, and would be traced anew at every step.
        # Said only now, since it imports the compiler, which takes a second.
        if not FeatureTap._uncompiled:
            FeatureTap._end = torch.compiler.disable(FeatureTap._end)
            FeatureTap._uncompiled = True
        layers = [find_layer(model, name) for name in self.names]
        self._handles = [
            model.register_forward_pre_hook(self._begin, with_kwargs=True),
            *(layer.register_forward_pre_hook(partial(self._take, name))
              for name, layer in zip(self.names, layers)),
            model.register_forward_hook(self._end, with_kwargs=True),
        ]
        return layers

    def detach(self) -> None:
        """Remove the hooks."""
        for handle in self._handles:
            handle.remove()
        self._handles, self._inputs = [], None

    def _begin(self, module, args, kwargs) -> None:
        mode = kwargs.get('mode', args[2] if len(args) > 2 else 'tensor')
        wanted = mode == 'loss' and torch.is_grad_enabled()
        wanted = wanted and self.callback
        self._inputs = {name: [] for name in self.names} if wanted else None

    def _take(self, name, module, args) -> None:
        # A re-entrant checkpoint runs the layer once without gradients,
        # and again in the backward pass, when no list is open.
        if self._inputs is not None and torch.is_grad_enabled():
            self._inputs[name].append(args[0])

    def _end(self, module, args, kwargs, output):
        inputs, self._inputs = self._inputs, None
        if inputs is None or not isinstance(output, dict):
            return None
        samples = kwargs.get('data_samples',
                             args[1] if len(args) > 1 else None)
        features = [_only(name, taken) for name, taken in inputs.items()]
        self.taken = [taken for taken, in inputs.values()]
        try:
            return self.callback(features, samples, output)
        finally:
            self.taken = []


def layer_names(layer: Union[str, Sequence[str]]) -> List[str]:
    """The names in ``layer``, one or several.

    Raises:
        ValueError: If there is none, or one twice.
    """
    if isinstance(layer, str):
        return [layer]
    names = list(layer or [])
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError('expected layer to be a name, or a list of names, '
                         f'got {layer!r}.')
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            'expected different layers, one pool of features for each, got '
            f'{", ".join(map(repr, twice))} more than once in {names}.')
    return names


def _only(name: str, inputs: List[Tensor]) -> Tensor:
    """The one input of a layer, if it is one feature per image."""
    if len(inputs) != 1:
        reason = ('it was not run, or only inside a region without '
                  'gradients such as a re-entrant activation checkpoint'
                  if not inputs else
                  'a layer shared by several heads or views has no '
                  'single feature')
        raise RuntimeError(
            f'layer={name!r} must run exactly once per loss, but '
            f'ran {len(inputs)} times: {reason}. Choose another layer.')
    features = inputs[0]
    is_tensor = isinstance(features, Tensor)
    got = tuple(features.shape) if is_tensor else type(features).__name__
    if is_tensor and len(got) > 1 and features.shape[2:].numel() == 1:
        return features.flatten(1)  # also (B, p, 1, 1)
    raise RuntimeError(
        f'layer={name!r} must have an input of shape (B, p), got '
        f'{got}. Choose the last classifier layer, after the pooling.')


def _detach_taps(model: nn.Module) -> None:
    for hook in list(model._forward_hooks.values()):
        owner = getattr(hook, '__self__', None)
        if isinstance(owner, FeatureTap):
            owner.detach()
