# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Many runs: matrices of them, how they stand, and what came of them."""

ROOT = 'work_dirs/benchmark'  # of all runs
