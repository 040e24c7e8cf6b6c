# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Training: hooks, launching, checkpoints.

Import hooks from :mod:`mmcurv.engine.hooks`.
"""
