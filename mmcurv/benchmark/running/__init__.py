# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Training what is left, on this machine or on a cluster."""
