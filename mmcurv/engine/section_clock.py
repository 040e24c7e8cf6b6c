# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Time of a part of the training step, forward and backward."""
import time
from typing import Any, List, Tuple

import torch
from torch import Tensor


class SectionClock:
    """Adds up how long sections take, on a GPU without waiting for it.

    On the CPU a moment is a reading of the clock; on a GPU it is an event in
    its queue, which is read only when somebody asks for the sum.
    """

    def __init__(self):
        self._seconds = 0.
        self._waiting: List[Tuple[Any, Any]] = []

    @torch.compiler.disable  # nothing to compile in reading a clock
    def now(self, device: torch.device) -> Any:
        """This moment in the work of a device."""
        if device.type != 'cuda':
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record(torch.cuda.current_stream(device))
        return event

    def add(self, start: Any, stop: Any) -> None:
        """Add the time between two moments of one device."""
        if isinstance(start, float):
            self._seconds += stop - start
        else:
            self._waiting.append((start, stop))

    def add_backward(self, output: Tensor, *sources: Tensor) -> Tensor:
        """Add the time of a backward pass from ``output`` to ``sources``.

        Autograd runs what was recorded last first, so that branches that
        end in one term of the loss are run in one piece.

        Args:
            output (Tensor): Where the branches end.
            *sources (Tensor): Where they begin: results of operations made
                right before the branches, which nothing else may use.

        Returns:
            Tensor: ``output``.
        """
        sources = [source for source in sources if source.requires_grad]
        if not (output.requires_grad and sources):
            return output
        begun = []

        def begin(gradient: Tensor) -> None:
            begun[:] = [self.now(gradient.device)]

        def end(gradient: Tensor) -> None:
            if begun:
                moment = self.now(gradient.device)
                self.add(begun[0], moment)
                begun[0] = moment  # where the next source's time begins

        output.register_hook(begin)
        for source in sources:
            source.register_hook(end)
        return output

    def seconds(self) -> float:
        """All sections so far; waits for the GPU if one was timed."""
        for start, stop in self._waiting:
            stop.synchronize()
            self._seconds += start.elapsed_time(stop) / 1000
        self._waiting = []
        return self._seconds
