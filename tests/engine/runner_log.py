# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a run says."""
import logging


class _Keep(logging.Handler):

    def __init__(self):
        super().__init__()
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def log_of(runner):
    """A list that grows by each message of the runner's logger."""
    handler = _Keep()
    runner.logger.addHandler(handler)
    return handler.messages
