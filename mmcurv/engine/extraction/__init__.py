# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From a checkpoint to feature banks: layers, images, one pass."""
