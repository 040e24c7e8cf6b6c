# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The checkpoint that a work folder names as its latest."""
import os.path as osp
from typing import Optional

from mmengine.runner import find_latest_checkpoint

POINTER = 'last_checkpoint'


def latest_checkpoint(work_dir: str) -> Optional[str]:
    """Path of the latest checkpoint, by the file ``last_checkpoint``.

    Args:
        work_dir (str): Work folder of a run; it may have been moved, and a
            copy of it names its own file.

    Returns:
        str | None: Path of a file that need not be there any more; None if
        the folder names none.
    """
    if not osp.isfile(osp.join(work_dir, POINTER)):
        return None
    latest = find_latest_checkpoint(work_dir)
    here = osp.join(work_dir, osp.basename(latest))
    return here if osp.isfile(here) or not osp.isfile(latest) else latest
