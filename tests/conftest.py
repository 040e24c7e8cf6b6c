# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import gc

import pytest
from mmengine.registry import DefaultScope

from tests.format_once import format_each_config_once


@pytest.fixture(autouse=True)
def default_scope_ends_with_its_test():
    """A Runner sets the scope of the whole process and leaves it there."""
    yield
    DefaultScope._instance_dict.clear()


def pytest_configure():
    format_each_config_once()


def pytest_collection_finish():
    """Take the tests out of what each data set of mmengine has collected."""
    gc.collect()
    gc.freeze()
