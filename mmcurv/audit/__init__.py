# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which classes a classifier fails, who paid for a change, and why."""
