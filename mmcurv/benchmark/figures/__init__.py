# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The paper's figures, and differences with intervals."""
