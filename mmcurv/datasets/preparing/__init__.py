# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a data root holds, what it lacks, and how to get it."""
from .checks import Check, is_ready
from .names import PREPARATIONS, prepare
from .options import Options

__all__ = ['Check', 'Options', 'PREPARATIONS', 'is_ready', 'prepare']
