# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import gc
import types

import hypothesis
import pytest
from mmengine.registry import DefaultScope
from mmengine.runner import loops

from tests.format_once import format_each_config_once

# A busy machine is no reason to fail.
hypothesis.settings.register_profile(
    'unhurried',
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile('unhurried')

# Those of ten seconds and more, the longest first. `make test` gives whole
# files to its workers; the short ones at the end let all finish together.
LONG_FILES = ('test_training.py', 'test_large_training.py',
              'test_killed_often.py', 'test_methods_killed.py',
              'test_two_processes.py', 'test_staged_run.py',
              'test_pooled_determinism.py', 'test_analyze_curvature.py',
              'test_launch.py', 'test_programs.py', 'test_resume_exactly.py',
              'test_extract_features.py', 'test_report.py', 'test_registry.py',
              'test_distribution.py', 'test_compiled_model.py',
              'test_stages_resume_exactly.py', 'test_claims.py',
              'test_networks.py', 'test_cifar_recipes.py')


@pytest.fixture(autouse=True)
def default_scope_ends_with_its_test():
    """A Runner sets the scope of the whole process and leaves it there."""
    yield
    DefaultScope._instance_dict.clear()


def pytest_configure():
    format_each_config_once()
    # A loop over iterations sleeps 2 s at each pass over the data, for the
    # sake of workers, which no test of such a loop has.
    loops.time = types.SimpleNamespace(sleep=lambda seconds: None)


def pytest_collection_modifyitems(items):
    place = {name: i for i, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


def pytest_collection_finish():
    """Take the tests out of what each data set of mmengine has collected."""
    gc.collect()
    gc.freeze()
