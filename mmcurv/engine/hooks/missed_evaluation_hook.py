# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Makes up for the evaluation that a kill prevented."""
import os.path as osp
from typing import List

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop

from mmcurv.evaluation import ClassFairness
from mmcurv.registry import HOOKS


@HOOKS.register_module()
class MissedEvaluationHook(Hook):
    """Evaluate at the start of a resumed run, if its checkpoint was not.

    mmengine saves an epoch before it evaluates it, and a resumed run goes on
    with the next one. Whoever is killed in between has no evaluation of that
    epoch, and if it was the last one, none of the final weights. Here it is
    run first where ``mmcurv.ClassFairness``, told its folder by
    ``mmcurv.ClassCountsHook``, has left no record of it.

    Loops over iterations are left alone.

    Example:
        >>> default_hooks = dict(
        ...     missed_evaluation=dict(type='mmcurv.MissedEvaluationHook'))
    """
    priority = 'LOWEST'  # random states and counts have been restored

    def before_train(self, runner) -> None:
        """Evaluate the resumed epoch if it should have been and was not."""
        loop = runner.train_loop
        if (runner.epoch == 0 or isinstance(loop, IterBasedTrainLoop)
                or runner.val_loop is None):
            return
        loop._decide_current_val_interval()  # it may change over the epochs
        due = runner.epoch >= loop.val_begin and (
            runner.epoch % loop.val_interval == 0
            or runner.epoch == loop.max_epochs)
        if due and _is_missing(runner):
            runner.logger.info(
                f'Epoch {runner.epoch}, which this run resumes after, was '
                'saved but not evaluated: evaluating it now.')
            runner.val_loop.run()


def _is_missing(runner) -> bool:
    """Whether a record is missing, as the first process sees it."""
    missing = [False]
    if is_main_process():
        missing = [any(not osp.isfile(p) for p in _records(runner))]
    broadcast_object_list(missing)
    return missing[0]


def _records(runner) -> List[str]:
    name = f'epoch_{runner.epoch:03d}.json'
    folder = osp.join(runner.work_dir, 'class_accuracy')
    return [
        osp.join(metric.out_dir or folder, name)
        for metric in runner.val_loop.evaluator.metrics
        if isinstance(metric, ClassFairness)
    ]
