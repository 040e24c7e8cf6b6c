# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Curvature Regularization in a training: hook, step, tap and shards."""
