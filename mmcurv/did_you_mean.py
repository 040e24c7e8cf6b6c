# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The end of a message about a word that is not known."""
import difflib
from typing import Any, Iterable


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    """What to write instead.

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
