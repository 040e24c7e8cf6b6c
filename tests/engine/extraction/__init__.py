# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
