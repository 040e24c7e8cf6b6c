# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The sub-commands of ``tools/benchmark.py``, one a file."""
