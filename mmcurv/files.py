# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Files: whole or not there, where they lie; records, misspelt names, bytes.

A run can be killed at any moment: each file is written beside its place and
then renamed into it, which a reader sees as one step.
"""
import contextlib
import csv
import difflib
import hashlib
import io
import json
import math
import os
import os.path as osp
import re
from typing import (Any, BinaryIO, Dict, Iterable, Iterator, List, Sequence,
                    Union)

UNITS = dict(B=1, kB=10**3, MB=10**6, GB=10**9, TB=10**12)
UNITS.update(KiB=2**10, MiB=2**20, GiB=2**30, TiB=2**40)
# As ls, dd and containers write them.
LETTERS = dict(K='KiB', M='MiB', G='GiB', T='TiB')

PACKAGE = osp.dirname(osp.abspath(__file__))


@contextlib.contextmanager
def whole_file(path: str) -> Iterator[BinaryIO]:
    """Open a file that appears in its place when the block is left.

    Its folder is made if it is missing. What a killed process leaves is
    ``<path>.partial``, which the next write of the same file takes over; so
    each file is for one writer at a time.

    Args:
        path (str): Path of the file; an older one is replaced.

    Yields:
        BinaryIO: To write to; nothing is replaced if the block raises.
    """
    os.makedirs(osp.dirname(osp.abspath(path)), exist_ok=True)
    partial = f'{path}.partial'
    try:
        with open(partial, 'wb') as file:
            yield file
            file.flush()
            # On the disk before it has the name, for when the power fails.
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        if osp.exists(partial):
            os.remove(partial)
        raise


def write_bytes(path: str, data: bytes) -> None:
    """Write a file in one step, see :func:`whole_file`.

    Args:
        path (str): Path of the file; an older one is replaced.
        data (bytes): Its content.
    """
    with whole_file(path) as file:
        file.write(data)


def write_text(path: str, text: str) -> None:
    """Same as :func:`write_bytes`, of text.

    Args:
        path (str): Path of the file; an older one is replaced.
        text (str): Its content, stored as UTF-8.
    """
    write_bytes(path, text.encode('utf-8'))


def write_json(path: str, record: dict) -> None:
    """Write a record as JSON; nan and infinity, which JSON lacks, as null.

    Args:
        path (str): Path of the file.
        record (dict): Dicts, lists, strings, numbers, None.
    """
    text = json.dumps(_finite(record), indent=1, allow_nan=False)
    write_text(path, text + '\n')


def write_csv(path: str, rows: Sequence[dict]) -> None:
    """Write rows as CSV with a header; nan stays nan, None is empty.

    Args:
        path (str): Path of the file.
        rows (Sequence[dict]): At least one, all with the keys of the first.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, buffer.getvalue())


def file_sha256(path: str) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def shipped_file(path: str) -> str:
    """Find a file that comes with mmcurv outside of its modules.

    Args:
        path (str): Path in the repository, such as 'tools/train.py'.

    Returns:
        str: Absolute path.

    Raises:
        FileNotFoundError: If neither the checkout nor the package has it.
    """
    checkout = osp.dirname(PACKAGE)
    places = [osp.join(PACKAGE, '.mim')]
    # Beside an installed package lie the packages of others.
    if osp.isfile(osp.join(checkout, 'setup.py')):
        places.insert(0, checkout)
    for place in places:
        if osp.isfile(osp.join(place, path)):
            return osp.join(place, path)
    raise FileNotFoundError(
        f'expected {path} in {" or ".join(places)}, found none; install '
        'mmcurv again, or give the path of your own file')


def config_file(path: str) -> str:
    """A config of the user, else the one that comes with mmcurv.

    Args:
        path (str): As a matrix names it, relative to the current folder or
            to the repository.

    Returns:
        str: Path of an existing file.

    Raises:
        FileNotFoundError: If there is none.
    """
    return path if osp.isfile(path) else shipped_file(path)


def read_record(path: str,
                schema: str,
                version: Union[int, Sequence[int]],
                keys: Sequence[str] = (),
                remedy: str = '') -> Dict[str, Any]:
    """Read a record and check that it is one, and whole.

    Args:
        path (str): Of a JSON file.
        schema (str): Name that it has to give, such as 'mmcurv.run'.
        version (int | Sequence[int]): Of the schema, those that are read.
        keys (Sequence[str]): What it has to hold, see :func:`check_record`.
            Defaults to ().
        remedy (str): What to do about one that cannot be used, a sentence.
            Defaults to ''.

    Returns:
        dict: The record; None stands for what is not known.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is cut short, no JSON or no such record.
    """
    record = read_json(path, schema, remedy)
    check_record(record, path, schema, version, keys, remedy)
    return record


def read_json(path: str, what: str, remedy: str = '') -> Any:
    """Read any JSON, of which a message speaks as ``what``.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is cut short or no JSON.
    """
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f'{path}: expected {what} as JSON, got lists '
                         f'within lists without end. {remedy}') from None
    except ValueError as error:  # also if it is no UTF-8
        raise ValueError(f'{path}: expected {what} as JSON, but {error}; '
                         f'was it cut short? {remedy}') from None


def check_record(record: Any,
                 where: str,
                 schema: str,
                 version: Union[int, Sequence[int]],
                 keys: Sequence[str] = (),
                 remedy: str = '') -> None:
    """Check that something is a record of a schema.

    Args:
        record: What was read.
        where (str): File it was read from, for the message.
        schema (str): Name that it has to give.
        version (int | Sequence[int]): Of the schema, those that are read.
        keys (Sequence[str]): Keys that it has to have, those of a section
            after a point; a section whose name ends in '?' may be null:
            'split?.fingerprint'. Defaults to ().
        remedy (str): As of :func:`read_record`. Defaults to ''.

    Raises:
        ValueError: If it is not.
    """
    found = record.get('schema') if isinstance(record, dict) else None
    if found != schema:
        raise ValueError(f'{where}: expected schema {schema!r}, got '
                         f'{_short(found)}. {remedy}')
    number = record.get('schema_version')
    versions = [version] if isinstance(version, int) else list(version)
    if number not in versions:
        raise ValueError(
            f'{where}: expected schema version '
            f'{" or ".join(map(str, versions))} of {schema}, got '
            f'{_short(number)}. Read it with the mmcurv that wrote it, or a '
            f'newer one. {remedy}')
    missing = _missing_keys(record, keys)
    if missing:
        raise ValueError(f'{where}: expected {", ".join(missing[:5])} in the '
                         f'record, found none. {remedy}')


def _missing_keys(record: Dict[str, Any], keys: Sequence[str]) -> List[str]:
    missing = []
    for key in keys:
        section, place = record, []
        for step in key.split('.'):
            if place and not isinstance(section, dict):
                missing.append('.'.join(place))
                break
            place.append(step.rstrip('?'))
            if place[-1] not in section:
                missing.append('.'.join(place))
                break
            section = section[place[-1]]
            if section is None and step.endswith('?'):
                break
    return list(dict.fromkeys(missing))


def _short(found: Any) -> str:
    return repr(found)[:40]


def _refuse(constant: str) -> None:
    raise ValueError(f'{constant} is no number in JSON')


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    """The end of a message about a word that is not known.

    Args:
        word: What the user wrote.
        known (Iterable): What could have been meant.

    Returns:
        str: ``"did you mean 'Focal'?"``, or all that is known where nothing
        is near.
    """
    names = list(dict.fromkeys(map(str, known)))
    by_case = {name.lower(): name for name in names}
    near = difflib.get_close_matches(str(word).lower(), by_case, 1)
    if near:
        return f'did you mean {by_case[near[0]]!r}?'
    return 'expected ' + (', '.join(map(repr, names)) or 'none at all')


def listed(names: Sequence[Any], at_most: int = 3) -> str:
    """Such as 'a, b, c and 7 more'; 'none' if there is none."""
    text = ', '.join(map(str, names[:at_most])) or 'none'
    more = len(names) - at_most
    return f'{text} and {more} more' if more > 0 else text


def parse_bytes(size: Union[int, str]) -> int:
    """Bytes of a number, or of a number and a unit.

    Args:
        size (int | str): Such as 5000000000, '12 GiB', '2G' or '500MB': kB,
            MB, GB and TB are powers of 1000; KiB, MiB, GiB and TiB, or K, M,
            G and T, of 1024. Upper or lower case does not matter.

    Returns:
        int: Positive.

    Raises:
        ValueError: If it is neither, or not positive.

    Example:
        >>> parse_bytes('1.5 KiB')
        1536
    """
    found = size
    if isinstance(size, str):
        found, units = None, {
            **UNITS,
            **{
                k: UNITS[LETTERS[k]]
                for k in LETTERS
            }
        }
        by_case = {unit.lower(): value for unit, value in units.items()}
        parts = re.fullmatch(r'(\d+(?:\.\d+)?)\s*([a-z]*)',
                             size.strip().lower())
        if parts and (parts[2] or 'b') in by_case:
            found = int(float(parts[1]) * by_case[parts[2] or 'b'])
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ValueError(
            "expected a positive number of bytes or a text such as '12 GiB' "
            f'(units: {", ".join([*UNITS, *LETTERS])}), got {size!r}.')
    return found


def bytes_text(size: int) -> str:
    """Bytes in the largest binary unit that fits, with three digits.

    Example:
        >>> bytes_text(5 * 2**30)
        '5 GiB'
    """
    for unit in ('TiB', 'GiB', 'MiB', 'KiB'):
        if size >= UNITS[unit]:
            value = size / UNITS[unit]
            return f'{value:.0f} {unit}' if value >= 100 else (
                f'{value:.3g} {unit}')
    return f'{size} B'


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
