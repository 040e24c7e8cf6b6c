# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train stages in processes of their own, which may kill themselves.

``python -m tests.engine.stages.staged_jobs JOBS.json``: the file lists
keyword arguments of :func:`run_job`, each run in a fork of this process.
"""
import json
import os
import signal
import sys
import traceback

import mmcurv.datasets
import mmcurv.engine.hooks
import mmcurv.models  # noqa: F401
from tests.engine import resume_runs  # noqa: F401
from tests.engine.stages.toy_stages import staged, train
from tests.prepared_forks import prepare_forks


def run_job(work_dir, kill=None, resume=None):
    """Train two stages of 22 and 33 steps.

    Args:
        work_dir (str): Work folder.
        kill (tuple, optional): Number of the stage, and steps of it to
            finish first.
        resume (str, optional): See plan_run.
    """
    cfg = staged(work_dir, regularize=True)
    if kill is not None:
        hook = dict(type='mmengine.KillHook', iteration=kill[1])
        cfg.default_hooks['kill'] = hook if kill[0] == 0 else None
        if kill[0] == 1:
            cfg.stages[1].changes['default_hooks.kill'] = hook
    if cfg.default_hooks.get('kill', 0) is None:
        del cfg.default_hooks['kill']
    train(cfg, resume)


def run_in_child(job):
    child = os.fork()
    if child == 0:
        try:
            run_job(**job)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != (-signal.SIGKILL if job.get('kill') else 0):
        raise SystemExit(f'{job} ended with status {status}.')


if __name__ == '__main__':
    prepare_forks()
    with open(sys.argv[1]) as jobs_file:
        for next_job in json.load(jobs_file):
            run_in_child(next_job)
