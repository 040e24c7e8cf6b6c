# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Where configs and tools lie, in a checkout and in an installed package."""
import os.path as osp

import mmcurv

PACKAGE = osp.dirname(osp.abspath(mmcurv.__file__))


def shipped_file(path: str) -> str:
    """Find a file that comes with mmcurv outside of its modules.

    Args:
        path (str): Path in the repository, such as 'tools/train.py'.

    Returns:
        str: Absolute path.

    Raises:
        FileNotFoundError: If neither the checkout nor the package has it.
    """
    checkout = osp.dirname(PACKAGE)
    places = [osp.join(PACKAGE, '.mim')]
    # Beside an installed package lie the packages of others.
    if osp.isfile(osp.join(checkout, 'setup.py')):
        places.insert(0, checkout)
    for place in places:
        if osp.isfile(osp.join(place, path)):
            return osp.join(place, path)
    raise FileNotFoundError(
        f'expected {path} in {" or ".join(places)}, found none; install '
        'mmcurv again, or give the path of your own file')


def config_file(path: str) -> str:
    """A config of the user, else the one that comes with mmcurv.

    Args:
        path (str): As a matrix names it, relative to the current folder or
            to the repository.

    Returns:
        str: Path of an existing file.

    Raises:
        FileNotFoundError: If there is none.
    """
    return path if osp.isfile(path) else shipped_file(path)
