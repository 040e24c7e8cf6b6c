# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Training: hooks, launching, checkpoints.

No import stands here: ``mmcurv.registry`` itself needs
``mmcurv.engine.safe_checkpoint``, and the hooks need ``mmcurv.registry``.
Import hooks from :mod:`mmcurv.engine.hooks`.
"""
