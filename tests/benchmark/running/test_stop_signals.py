# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os
import signal

from mmcurv.benchmark.running.stop_signals import stop_signals


def test_signals_are_noted_and_handlers_restored():
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as received:
        assert received == []
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert received == [signal.SIGTERM, signal.SIGINT]
    assert signal.getsignal(signal.SIGTERM) == before


def test_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals() as received:
            os.kill(os.getpid(), signal.SIGHUP)
        assert received == []
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
