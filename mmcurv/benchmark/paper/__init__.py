# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The paper's numbers, and whether they were found again."""
