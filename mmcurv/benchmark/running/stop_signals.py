# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Ctrl-C and its kin as a note that a loop looks at.

An exception in the middle of a start would leave a training that nobody
knows of.
"""
import contextlib
import signal
from typing import Iterator, List

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stop_signals() -> Iterator[List[int]]:
    """Collect SIGINT, SIGTERM and SIGHUP while the block runs.

    Signals that are ignored, as SIGHUP under ``nohup``, stay ignored.

    Yields:
        list[int]: Numbers of the signals that came, empty at first.
    """
    received: List[int] = []
    before = {}
    try:
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(
                    number, lambda number, frame: received.append(number))
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
