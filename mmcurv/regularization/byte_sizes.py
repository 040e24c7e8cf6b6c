# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Numbers of bytes as people write and read them."""
import re
from typing import Union

UNITS = dict(
    B=1,
    kB=10**3,
    MB=10**6,
    GB=10**9,
    TB=10**12,
    KiB=2**10,
    MiB=2**20,
    GiB=2**30,
    TiB=2**40)
WRITTEN = re.compile(rf'(\d+(?:\.\d+)?)\s*({"|".join(UNITS)})')


def parse_bytes(size: Union[int, str]) -> int:
    """Bytes of a number, or of a number and a unit.

    Args:
        size (int | str): Such as 5000000000, '12 GiB' or '500MB': kB, MB, GB
            and TB are powers of 1000, KiB, MiB, GiB and TiB of 1024.

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
        parts = WRITTEN.fullmatch(size.strip())
        found = int(float(parts[1]) * UNITS[parts[2]]) if parts else None
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ValueError(
            "expected a positive number of bytes or a text such as '12 GiB' "
            f'(units: {", ".join(UNITS)}), got {size!r}.')
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
