# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether values can be looked at without waiting for a GPU."""
from torch import Tensor


def on_host(values: Tensor) -> bool:
    """Where this is False, steps must not depend on what the values are:
    whoever reads one waits for everything that a GPU has still to do."""
    return values.is_cpu
