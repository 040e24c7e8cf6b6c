# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A checkpoint from the network is loaded like any file: weights only.

mmengine hands ``http://``, ``https://``, ``torchvision://``,
``open-mmlab://`` and ``mmcls://`` to a function of torch that unpickles in
full unless told otherwise, and mmengine does not tell it.
"""
import os
import os.path as osp
from urllib.parse import urlparse

import torch
from mmengine.runner import CheckpointLoader


def load_url(url, model_dir=None, map_location=None, progress=True):
    """Download a checkpoint, unless that was done before, and load it.

    Args:
        url (str): Where it lies; the last part of its path names the file.
        model_dir (str, optional): Folder for the file. Defaults to None,
            which is that of torch.hub.
        map_location (str or Callable, optional): Same as
            :func:`torch.load`. Defaults to None.
        progress (bool): Whether to show a bar. Defaults to True.

    Returns:
        dict: The checkpoint, as mmengine's loader of local files gives it.

    Raises:
        ValueError: If the address names no file.
    """
    name = osp.basename(urlparse(url).path)
    if name in ('', '.', '..'):
        raise ValueError(f'expected an address that ends in the name of a '
                         f'checkpoint file, got {url!r}.')
    folder = model_dir or osp.join(torch.hub.get_dir(), 'checkpoints')
    path = osp.abspath(osp.expanduser(osp.join(folder, name)))
    if not osp.isfile(path):
        os.makedirs(folder, exist_ok=True)
        torch.hub.download_url_to_file(url, path, progress=progress)
    return CheckpointLoader.load_checkpoint(path, map_location)
