# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What the README shows runs as it stands."""
import inspect
import pathlib
import re

import pytest
from mmengine import Config

ROOT = pathlib.Path(__file__).parent.parent
TEXT = (ROOT / 'README.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'```python\n(.*?)```', TEXT, re.DOTALL)
PROGRAMS = [block for block in BLOCKS if block.startswith('import')]
CONFIGS = [block for block in BLOCKS if block.startswith('custom_hooks')]


@pytest.mark.parametrize('program', PROGRAMS, ids=['training', 'measures'])
def test_program_of_the_readme_runs(program):
    exec(compile(program, 'README.md', 'exec'), {})


@pytest.mark.parametrize('text', CONFIGS, ids=['short', 'all options'])
def test_config_of_the_readme_builds(text):
    from mmcurv.registry import HOOKS
    hook, = Config.fromstring(text, '.py').to_dict()['custom_hooks']
    parameters = inspect.signature(type(HOOKS.build(hook))).parameters
    given = {
        name: value
        for name, value in hook.items()
        if name != 'type' and not isinstance(value, dict)
    }
    assert given == {name: parameters[name].default for name in given}


def test_files_of_the_readme_exist():
    for path in re.findall(r'\]\(([^)#:]+)\)', TEXT):
        assert (ROOT / path).exists(), path
