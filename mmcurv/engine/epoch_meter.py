# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Mean losses of an epoch, and how long training and measuring took."""
import time
from typing import Any, Dict, Optional

import torch


class EpochMeter:
    """Adds up losses and seconds while a model trains.

    Attributes:
        training (float): Seconds in training epochs so far, without what lies
            between :meth:`stop` and the next :meth:`start`.
        measuring (float): Seconds that the caller spent measuring so far.
    """

    def __init__(self):
        self.training = 0.
        self.measuring = 0.
        self._losses = {}
        self._started = None

    def start(self) -> None:
        """Begin an epoch."""
        self._losses, self._started = {}, time.perf_counter()

    def add(self, outputs: Optional[Dict[str, Any]]) -> None:
        """Add the losses of a step, on their device, without waiting for it.

        Args:
            outputs (dict, optional): Of the step; 0-d tensors named ``loss``
                and ``objective`` count.
        """
        for name in ('loss', 'objective'):
            value = (outputs or {}).get(name)
            if isinstance(value, torch.Tensor):
                total, steps = self._losses.get(name, (0, 0))
                self._losses[name] = total + value.detach(), steps + 1

    def stop(self) -> Dict[str, float]:
        """End the epoch.

        Returns:
            dict[str, float]: ``train_loss`` and ``train_objective``, means
            over the steps of this process that had them.
        """
        # Before the clock is read: a GPU has then done what it was asked.
        means = {
            f'train_{name}': float(total) / steps
            for name, (total, steps) in self._losses.items()
        }
        self.training += time.perf_counter() - self._started
        return means

    def share(self) -> float:
        """Seconds of measuring per second of training, nan before training."""
        if not self.training:
            return float('nan')
        return self.measuring / self.training
