# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The files of these tests do run code where nothing hinders them."""
import pickle

import numpy as np
import torch

from .evil_files import evil_checkpoint, evil_npy, evil_npz, evil_pickle


def test_each_file_writes_its_marker_if_it_is_unpickled(tmp_path):

    def open_all(array):
        return np.load(array, allow_pickle=True)['labels']

    for write, read in (
        (evil_checkpoint, lambda path: torch.load(path, weights_only=False)),
        (evil_pickle, lambda path: pickle.loads(path.read_bytes())),
        (evil_npy, lambda path: np.load(path, allow_pickle=True)),
        (lambda path, mark: evil_npz(path, mark, 'labels'), open_all),
    ):
        marker = tmp_path / 'marker'
        read(
            write(tmp_path / 'file.npy', marker) if write is
            evil_npy else write(tmp_path / 'file.npz', marker))
        assert marker.exists()
        marker.unlink()
