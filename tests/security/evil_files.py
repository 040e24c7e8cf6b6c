# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Files that write a marker if somebody lets them run code."""
import pickle
from pathlib import Path

import numpy as np
import torch


class Evil:
    """Whoever unpickles it writes a file.

    Args:
        marker (Path): The file.
    """

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (Path(self.marker), )


def program(marker):
    """Lines of Python that write the marker, after an assignment."""
    return f'a = 1\nopen({str(marker)!r}, "w").close()\n'


def evil_checkpoint(path, marker):
    """A checkpoint with code among its weights."""
    torch.save(
        dict(
            meta=dict(epoch=1, iter=3),
            state_dict={'head.fc.weight': Evil(marker)}), path)
    return path


def evil_pickle(path, marker):
    """A bare pickle, whatever its name says it is."""
    path.write_bytes(pickle.dumps(Evil(marker)))
    return path


def evil_npy(path, marker):
    """An array of Python objects."""
    np.save(path, np.array([Evil(marker)], dtype=object), allow_pickle=True)
    return path


def evil_npz(path, marker, name):
    """Features of which one array holds Python objects."""
    arrays = dict(
        features=np.zeros((6, 3), np.float32),
        labels=np.array([0, 0, 0, 1, 1, 1]))
    arrays[name] = np.array([Evil(marker)] * 6, dtype=object)
    np.savez(path, **arrays)
    return path
