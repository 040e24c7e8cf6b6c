# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import sys
import types


def add_missing_modules():
    """Stand in for what the published wheel of mmaction2 1.2.0 lacks.

    Its package of models imports the model DRN, whose files are not in the
    wheel. No test uses that model.
    """
    package = types.ModuleType('mmaction.models.localizers.drn')
    module = types.ModuleType(f'{package.__name__}.drn')
    module.DRN = type('DRN', (), {})
    sys.modules[package.__name__] = package
    sys.modules[module.__name__] = module
