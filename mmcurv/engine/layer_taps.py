# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Takes rows of features at several places of a model in one pass."""
from typing import Any, Dict, List, Sequence, Tuple

import torch
from torch import Tensor, nn

from .config_options import UsageError
from .map_pooling import pool_map
from .tap_points import TapPoint


class LayerTaps:
    """A context in which a model's passes leave rows behind.

    Args:
        model (nn.Module): The model, not wrapped.
        points (Sequence[TapPoint]): Where to take features.
        pooling (str): See :func:`~mmcurv.engine.map_pooling.pool_map`.
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
