# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How the runs of a matrix stand, by their folders."""
