# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import importlib
import inspect
import pkgutil

import pytest

import mmcurv
from tests.documented_defaults import drifted_defaults


def public_callables():
    """Yield (name, function, docstring) of all that mmcurv itself defines."""
    for module_info in pkgutil.walk_packages(mmcurv.__path__, 'mmcurv.'):
        module = importlib.import_module(module_info.name)
        for name, thing in vars(module).items():
            if name.startswith('_') or getattr(thing, '__module__',
                                               None) != module.__name__:
                continue
            if inspect.isfunction(thing):
                yield f'{module.__name__}.{name}', thing, thing.__doc__
            elif inspect.isclass(thing):
                yield from _of_class(thing)


def _of_class(cls):
    name = f'{cls.__module__}.{cls.__name__}'
    if '__init__' in vars(cls):
        yield name, cls, cls.__doc__
    for method_name, method in vars(cls).items():
        if inspect.isfunction(method) and (method_name == '__init__'
                                           or not method_name.startswith('_')):
            yield f'{name}.{method_name}', method, method.__doc__


def test_documented_defaults_are_the_real_defaults():
    total, drifted = 0, {}
    for name, function, docstring in public_callables():
        differences, compared = drifted_defaults(function, docstring)
        total += compared
        if differences:
            drifted[name] = differences
    assert drifted == {}
    assert total > 40  # the docstrings were really found and read


@pytest.mark.parametrize('words', [
    'Defaults to 41.', 'Defaults to None.', 'Defaults to forty.',
    'Defaults to 40.5. More follows.'
])
def test_drifted_default_is_noticed(words):

    def function(k=40):
        return k

    docstring = f"""Do it.

    Args:
        k (int): Neighbours, see below.
            {words}
    """
    assert len(drifted_defaults(function, docstring)[0]) == 1


@pytest.mark.parametrize('default, words', [
    (40, 'Defaults to 40.'),
    (0.05, 'Defaults to 0.05. More follows.'),
    (1e-6, 'Defaults to ``1e-6``, relative to the trace.'),
    ('ridge', "Defaults to 'ridge'."),
    ((100, 20), 'Defaults to (100, 20).'),
    (None, 'Defaults to None: all of them.'),
    (dict(a=1, b='c'), "Defaults to ``dict(a=1, b='c')``."),
])
def test_faithful_default_passes(default, words):

    def function(value=default):
        return value

    docstring = f"""Do it.

    Args:
        first (Tensor): (n, p) points.
        value (int or str, optional): What it is: a value.
            {words}

    Returns:
        int: The value. Defaults to nothing.
    """
    assert drifted_defaults(function, docstring) == ([], 1)
