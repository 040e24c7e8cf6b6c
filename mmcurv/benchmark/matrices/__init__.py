# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Matrices: text files that name runs."""
