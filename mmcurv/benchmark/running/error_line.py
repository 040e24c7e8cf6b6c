# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The line of a log that says why a program ended."""
import re

# Further up stands the way to the error, not the error.
TAIL_BYTES = 1 << 16
LENGTH = 300
ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')
# As Python ends a traceback, argparse a misuse and shells a crash.
ERROR = re.compile(r'[\w.]*(Error|Exception|Interrupt|Exit)(:|$)'
                   r'|\S+: error: |Segmentation fault|Killed')


def last_error_line(path: str, start: int = 0) -> str:
    """The last line of a log that names an error.

    Args:
        path (str): Path of the log.
        start (int): Bytes at its beginning that are of earlier attempts.
            Defaults to 0.

    Returns:
        str: Without colours and cut to 300 characters; the last line at all
        if none names an error, '' if there is none.
    """
    try:
        with open(path, 'rb') as file:
            size = file.seek(0, 2)
            file.seek(max(start, size - TAIL_BYTES))
            text = file.read().decode('utf-8', errors='replace')
    except OSError:
        return ''
    return error_line(text)


def error_line(text: str) -> str:
    """The last line of a text that names an error.

    Args:
        text (str): What a program printed.

    Returns:
        str: As of :func:`last_error_line`.
    """
    # A progress bar overwrites its line, so only its last state counts.
    lines = [line.rpartition('\r')[2] for line in text.split('\n')]
    lines = [ANSI.sub('', line).rstrip() for line in lines if line.strip()]
    named = [line for line in lines if ERROR.match(line)]
    return (named or lines or [''])[-1].strip()[:LENGTH]
