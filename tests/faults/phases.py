# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a training is doing at each moment, and its end in the midst of it."""
import functools
import os
import time

from mmengine.hooks import CheckpointHook, Hook
from mmengine.registry import HOOKS

from mmcurv import compat
from .kill_timer import kill_after

PHASES = ('start', 'step', 'save', 'write', 'evaluation')


class Trace:
    """Writes a line for each change of phase, and sets the timer.

    Args:
        path (str): File of the lines '<seconds> <phase> <iteration>'; what a
            killed process wrote stays.
        kill (dict, optional): ``phase``, the number ``nth`` of its
            occurrence, counted from 1, and the ``delay`` in seconds after
            which the process ends. Defaults to None.
    """

    def __init__(self, path, kill=None):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        self.file = os.open(path, flags)
        self.kill = kill or {}
        self.open, self.seen = ['between'], 0
        self.iteration = 0
        self.enter('start')

    def enter(self, phase):
        self.open.append(phase)
        self._write()
        if phase == self.kill.get('phase'):
            self.seen += 1
            if self.seen == self.kill['nth']:
                kill_after(self.kill['delay'])

    def leave(self):
        self.open.pop()
        self._write()

    def _write(self):
        line = f'{time.monotonic()} {self.open[-1]} {self.iteration}\n'
        os.write(self.file, line.encode())

    def around(self, phase, function):
        """The function, with the phase entered and left."""

        @functools.wraps(function)
        def traced(*args, **kwargs):
            self.enter(phase)
            result = function(*args, **kwargs)
            self.leave()
            return result

        return traced


@HOOKS.register_module()
class PhaseHook(Hook):
    """Tells a trace when a step or an evaluation begins and ends.

    A save, the best one within an evaluation too, is all that CheckpointHook
    does for it: removing old files, writing, and naming the latest. The
    writing of the file is a phase of its own.

    Args:
        trace (dict): Arguments of :class:`Trace`.
    """
    priority = 'HIGHEST'

    def __init__(self, trace):
        self.trace = trace = Trace(**trace)
        for name in ('_save_checkpoint', '_save_best_checkpoint'):
            save = getattr(CheckpointHook, name)
            setattr(CheckpointHook, name, trace.around('save', save))
        compat.write_bytes = trace.around('write', compat.write_bytes)

    def before_train_epoch(self, runner):
        if self.trace.open[-1] == 'start':
            self.trace.iteration = runner.iter
            self.trace.leave()

    def before_train_iter(self, *args, **kwargs):
        self.trace.enter('step')

    def after_train_iter(self, runner, *args, **kwargs):
        self.trace.iteration = runner.iter + 1
        self.trace.leave()

    def before_val(self, runner):
        self.trace.enter('evaluation')

    def after_val(self, runner):
        self.trace.leave()


def read_trace(path):
    """Lines of a trace: (seconds, phase, iteration), the last may be half."""
    with open(path) as file:
        lines = [line.split() for line in file if line.endswith('\n')]
    return [(float(at), phase, int(count)) for at, phase, count in lines]


def durations(trace):
    """Seconds of every stay in each phase, a list by its name."""
    stays = {phase: [] for phase in PHASES}
    for (since, phase, _), (until, _, _) in zip(trace, trace[1:]):
        if phase in stays:
            stays[phase].append(until - since)
    return stays
