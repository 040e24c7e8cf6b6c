# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Result tables of the method folders."""
