# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The programs of .dev_scripts, which is no package."""
import importlib
import sys
from pathlib import Path
from unittest import mock

FOLDER = Path(__file__).parents[2] / '.dev_scripts'


def dev_script(name):
    """The module of a program, imported as if it were run."""
    with mock.patch('sys.path', [str(FOLDER), *sys.path]):
        return importlib.import_module(name)
