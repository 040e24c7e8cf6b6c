# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import gc

import mmengine.config.config as mmengine_config
import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def default_scope_ends_with_its_test():
    """A Runner sets the scope of the whole process and leaves it there."""
    yield
    DefaultScope._instance_dict.clear()


@pytest.fixture(autouse=True, scope='session')
def config_is_formatted_once():
    """A Runner formats its config ten times, a third of a short training."""
    formatted = {}
    format_code = mmengine_config.FormatCode

    def format_once(text, **options):
        if text not in formatted:
            formatted[text] = format_code(text, **options)
        return formatted[text]

    mmengine_config.FormatCode = format_once
    yield
    mmengine_config.FormatCode = format_code


def pytest_collection_finish():
    """Take the tests out of what each data set of mmengine has collected."""
    gc.collect()
    gc.freeze()
