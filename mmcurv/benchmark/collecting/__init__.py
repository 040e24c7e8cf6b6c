# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""From records of runs to means, intervals and tests."""
