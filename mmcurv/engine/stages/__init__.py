# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Trainings of several stages, from one config and by one command."""
