# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is left to train, and how long it may take."""
