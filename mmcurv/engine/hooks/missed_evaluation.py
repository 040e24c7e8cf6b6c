# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Makes up for the evaluation that a kill prevented or cut short."""
import bisect
import glob
import os.path as osp
import re
from typing import Any, Optional, Tuple

from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import CheckpointLoader, IterBasedTrainLoop

from mmcurv.registry import HOOKS


@HOOKS.register_module()
class MissedEvaluationHook(Hook):
    """Evaluate at the start of a resumed run what its checkpoint holds.

    mmengine saves an epoch before it evaluates it, and a resumed run goes on
    with the next one. Whoever is killed in between has no evaluation of that
    epoch, and if it was the last one, none of the final weights. Whoever is
    killed while the best checkpoint is saved, or whose disk is full then,
    resumes with the best score of an earlier epoch, and a worse epoch becomes
    the best.

    So the best score is taken from the ``best_*.pth`` that are there, of no
    later epoch than the run resumes after, and that epoch is evaluated again
    if it was due: the same weights give the same record, and become the best
    if they are.

    Loops over iterations are left alone.

    Example:
        >>> default_hooks = dict(
        ...     missed_evaluation=dict(type='mmcurv.MissedEvaluationHook'))
    """
    priority = 'LOWEST'  # random states and counts have been restored

    def before_train(self, runner) -> None:
        """Find the best score, and evaluate the resumed epoch if it was due.
        """
        loop = runner.train_loop
        if (runner.epoch == 0 or isinstance(loop, IterBasedTrainLoop)
                or runner.val_loop is None):
            return
        for hook in runner.hooks:
            if (isinstance(hook, CheckpointHook) and hook.save_best
                    and osp.isdir(hook.out_dir)):
                _restore_best(runner, hook)
        # The interval may change over the epochs.
        step = bisect.bisect(loop.dynamic_milestones, runner.epoch + 1)
        interval = loop.dynamic_intervals[step - 1]
        if runner.epoch >= loop.val_begin and (runner.epoch % interval == 0
                                               or runner.epoch
                                               == loop.max_epochs):
            runner.logger.info(
                f'Evaluating epoch {runner.epoch}, which this run resumes '
                'after, since a kill may have cut its evaluation short.')
            runner.val_loop.run()


def _restore_best(runner, hook: CheckpointHook) -> None:
    """Let what mmengine knows of the best follow from the files."""
    several = len(hook.key_indicators) > 1
    for key, rule in zip(hook.key_indicators, hook.rules):
        if key == 'auto':  # not known before the first evaluation
            continue
        found = [None]
        if is_main_process():
            found = [_best_of_files(hook, key, rule, runner.epoch, several)]
        broadcast_object_list(found)
        score, path = found[0] or (None, None)
        suffix = f'_{key}' if several else ''
        if path is None:
            runner.message_hub.pop_info(f'best_score{suffix}', None)
            runner.message_hub.pop_info(f'best_ckpt{suffix}', None)
        else:
            runner.message_hub.update_info(f'best_score{suffix}', score)
            runner.message_hub.update_info(f'best_ckpt{suffix}', path)
        if several:
            hook.best_ckpt_path_dict[key] = path
        else:
            hook.best_ckpt_path = path


def _best_of_files(hook: CheckpointHook, key: str, rule: str, epoch: int,
                   several: bool) -> Optional[Tuple[Any, str]]:
    """Score and path of the best file, None if there is none."""
    best = None
    name = f'best_{key}_{hook.filename_tmpl}'.replace('/', '_')
    before, after = map(re.escape, name.split('{}'))
    for path in sorted(glob.glob(osp.join(glob.escape(hook.out_dir), '*'))):
        number = re.fullmatch(rf'{before}(\d+){after}', osp.basename(path))
        if number is None or int(number[1]) > epoch:
            continue
        hub = CheckpointLoader.load_checkpoint(
            path, map_location='cpu').get('message_hub', {})
        # It is saved with its own score, which is the best at that time.
        score = hub.get(
            'runtime_info',
            {}).get(f'best_score_{key}' if several else 'best_score')
        if score is None:
            continue
        if best is None or hook.rule_map[rule](score, best[0]):
            best = score, path
    return best
