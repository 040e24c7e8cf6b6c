# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Which keys a matrix file may have, and what they may hold."""
import math
import re
from typing import Any, Callable, Dict, NamedTuple

from mmcurv.engine.config_options import UsageError
from mmcurv.files import did_you_mean

REQUIRED = object()


class Field(NamedTuple):
    """What a key may hold.

    Attributes:
        words (str): As a message says it, 'a list of ...'.
        fits (Callable): Whether a value is of that kind.
        default: Where the key is left out; REQUIRED if it must not be.
    """
    words: str
    fits: Callable[[Any], bool]
    default: Any = REQUIRED


def slug(text: str) -> str:
    """A name as a part of a path: 'RIDE + CMO' is 'ride-cmo'.

    Lower-case letters, digits, '.', '_' and '=' stay, so 'tau=10' does.
    """
    return re.sub(r'[^a-z0-9._=]+', '-', text.lower()).strip('-.')


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(re.search('[a-z0-9]', slug(value)))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and isinstance(value, int) and value >= 0


def _is_seed(value: Any) -> bool:
    return _is_count(value) and value < 2**32  # as NumPy wants it


def _is_factor(value: Any) -> bool:
    return _is_number(value) and 1 <= value < math.inf


def _is_variant(value: Any) -> bool:
    # Seeds are folders, too, and no run may lie inside of another one.
    return value == '' or (_is_name(value)
                           and not re.fullmatch(r'seed\d+', slug(value)))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list) and bool(value) and all(map(fits, value)))


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _are_options(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(key, str) and _is_plain(item)
        for key, item in value.items())


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (str, bool, int, float))


def _is_protocol(value: Any) -> bool:
    return isinstance(value, dict) and set(value) <= {'epochs'} and all(
        _is_count(item) and item for item in value.values())


def _name(default: Any = REQUIRED) -> Field:
    return Field(
        'a text with a letter of a to z or a digit (in quotes, if YAML takes '
        'it for something else)', _is_name, default)


CR = Field('false, true or both in a list',
           _list_of(lambda value: isinstance(value, bool)))
FACTORS = Field('a list of numbers of at least 1, largest over smallest class',
                _list_of(_is_factor), None)
OPTIONS = Field(
    'plain values by dotted key, such as {train_cfg.max_epochs: 20}',
    _are_options, {})
WITH = Field('a list of paths of config files', _list_of(_is_name), [])
ENTRIES = Field('a list of entries',
                _list_of(lambda value: isinstance(value, dict)))

MATRIX = dict(
    schema=Field("'mmcurv.matrix'", _is_text),
    schema_version=Field('a number', _is_count),
    name=_name(),
    title=_name(),
    about=Field('a text', _is_text, ''),
    paper_table=Field("a text such as 'Table 1', several with commas, or null",
                      _or_null(_is_name), None),
    protocol=Field('{epochs: NUMBER} or nothing', _is_protocol, {}),
    seeds=Field('a list of whole numbers from 0 to 2^32 - 1',
                _list_of(_is_seed)),
    cr=CR._replace(default=[False, True]),
    options=OPTIONS,
    data=ENTRIES,
    methods=ENTRIES,
    variants=ENTRIES._replace(default=[dict(variant='')]))
DATA = dict(
    dataset=_name(),
    slug=Field(
        "lower-case letters, digits, '.' and '-', as in names of configs",
        lambda value: _is_name(value) and bool(
            re.fullmatch('[a-z0-9.-]+', value)) and slug(value) == value),
    factors=FACTORS,
    options=OPTIONS,
    **{'with': WITH})
METHOD = dict(
    method=_name(),
    model=_name(),
    config=Field('the path of a config, or null while there is none',
                 _or_null(_is_name)),
    cr=CR._replace(default=None),
    data=Field('a list of slugs of data', _list_of(_is_name), None),
    factors=FACTORS,
    options=OPTIONS,
    **{'with': WITH})
VARIANT = dict(
    variant=Field("a text, '' for the plain run, and none such as 'seed0'",
                  _is_variant),
    cr=CR._replace(default=None),
    options=OPTIONS,
    tau=Field('a number above 1, or null',
              _or_null(lambda value: _is_number(value) and value > 1), None))


def filled(entry: Dict[Any, Any], fields: Dict[str, Field],
           where: str) -> Dict[str, Any]:
    """Check an entry's keys and values, and fill in defaults.

    Args:
        entry (dict): As the file has it.
        fields (dict[str, Field]): What it may have.
        where (str): Where it stands, for the message.

    Returns:
        dict: A value for every field.

    Raises:
        UsageError: If a key is unknown or missing, or a value does not fit.
    """
    for key in entry:
        if key not in fields:
            raise UsageError(
                f'{where}: unknown key {key!r}: {did_you_mean(key, fields)}')
    found = {}
    for key, field in fields.items():
        if key not in entry and field.default is REQUIRED:
            raise UsageError(f'{where}: the key {key!r} is missing; expected '
                             f'{field.words}')
        found[key] = entry.get(key, field.default)
        if key in entry and not field.fits(entry[key]):
            raise UsageError(f'{where}: {key}: expected {field.words}, got '
                             f'{entry[key]!r}')
    return found
