# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def default_scope_ends_with_its_test():
    """A Runner sets the scope of the whole process and leaves it there."""
    yield
    DefaultScope._instance_dict.clear()
