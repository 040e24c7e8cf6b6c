# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What an earlier training left in a work folder."""
import glob
import json
import os
import os.path as osp
import re
import shutil
from typing import List

from mmengine.config import Config

from mmcurv.arguments import UsageError
from mmcurv.files import listed
from .checkpoints import POINTER
from .run_lock import is_first_process
from .stages.config import read_stages, stage_folder

RECORD = 'run.json'
# stage.json says that a stage has ended.
RESULTS = (POINTER, 'class_accuracy', 'geometry', RECORD, 'stage.json')
CHECKPOINT = re.compile(r'(best_.+_)?(epoch|iter)_\d+\.pth')


def results_in(folder: str) -> List[str]:
    """What belongs to a run: its checkpoints, evaluations, measurements and
    records.

    Args:
        folder (str): A work folder, which need not be there.

    Returns:
        list[str]: Paths of files and folders, in order.
    """
    paths = glob.glob(osp.join(glob.escape(folder), '*'))
    found = sorted(
        path for path in paths if osp.basename(path) in RESULTS
        or CHECKPOINT.fullmatch(osp.basename(path)))
    # That a training had begun is no result that could be lost.
    return [] if found and all(map(_has_only_begun, found)) else found


def _has_only_begun(path: str) -> bool:
    if osp.basename(path) != RECORD:
        return False
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)['state'] == 'running'
    except (OSError, ValueError, KeyError, TypeError):
        return False


def begin_in_folder(cfg: Config, overwrite: bool = False) -> None:
    """Refuse to mix a training that starts anew with an earlier one.

    Evaluations and measurements of two runs in one folder could not be told
    apart, and the record of the second would take those of the first for its
    own.

    Args:
        cfg (Config): Of the whole training, with its ``work_dir``.
        overwrite (bool): Whether to remove what the earlier run left, by the
            first process. Defaults to False.

    Raises:
        UsageError: If something is there that is not to be removed.
    """
    stages = read_stages(cfg)
    folders = [cfg.work_dir] + [
        stage_folder(cfg.work_dir, stage.name, False) for stage in stages[:-1]
    ]
    found = [path for folder in folders for path in results_in(folder)]
    if not found:
        return
    if not overwrite:
        names = [osp.relpath(path, cfg.work_dir) for path in found]
        raise UsageError(
            f'{cfg.work_dir!r} holds another run: {listed(names, 4)}; give '
            '--resume to go on with it, --overwrite to remove all these and '
            'train anew, or another --work-dir')
    if is_first_process():
        for path in found:
            if osp.isdir(path) and not osp.islink(path):
                shutil.rmtree(path)
            else:
                os.remove(path)
