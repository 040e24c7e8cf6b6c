# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Defaults as a docstring words them, beside those of the signature."""
import ast
import inspect
import re
import textwrap

ENTRY = re.compile(r'^(\*{0,2}\w+)(?: ?\(.*?\))?:', re.DOTALL)


def drifted_defaults(function, docstring):
    """Compare each *Defaults to* with the signature.

    Args:
        function (Callable): Whose signature holds the truth.
        docstring (str or None): Google docstring with an ``Args`` section.

    Returns:
        tuple[list[str], int]: What differs, in words, and how many documented
        defaults were compared.
    """
    parameters = inspect.signature(function).parameters
    differences, compared = [], 0
    for name, text in _argument_entries(docstring):
        words = re.search(r'[Dd]efaults? (?:to|is) (.*)', text)
        if words is None:
            continue
        compared += 1
        if name not in parameters:
            differences.append(f'{name} is documented but is no argument')
        elif not _says(words.group(1), parameters[name].default):
            differences.append(f'{name}: documented {words.group(1)!r}, '
                               f'real {parameters[name].default!r}')
    return differences, compared


def _argument_entries(docstring):
    """Yield (name, text on one line) of each entry under ``Args:``."""
    section = re.search(r'^Args:\n(.*?)(?=^\S|\Z)',
                        inspect.cleandoc(docstring or ''),
                        re.DOTALL | re.MULTILINE)
    if section is None:
        return
    body = textwrap.dedent(section.group(1))
    for entry in re.split(r'\n(?=\S)', body):
        named = ENTRY.match(entry)
        if named is not None:
            yield named.group(1).lstrip('*'), ' '.join(entry.split())


def _says(words, default):
    """Whether the words begin with the default, up to a mark or the end.

    A value without a literal, such as a dtype, is compared as it prints.
    """
    words = words.replace('`', '')
    ends = [match.start() for match in re.finditer(r'[.,;:](?=\s|$)', words)]
    for end in [*ends, len(words)]:
        try:
            return _value(words[:end]) == default
        except (ValueError, SyntaxError):
            if words[:end] == str(default):
                return True
    return False


def _value(text):
    """The value of a literal, or of ``dict(...)`` with literal entries."""
    tree = ast.parse(text, mode='eval').body
    if isinstance(tree, ast.Call) and getattr(tree.func, 'id', '') == 'dict':
        return {
            keyword.arg: ast.literal_eval(keyword.value)
            for keyword in tree.keywords
        }
    return ast.literal_eval(tree)
