# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Random states go into the checkpoint and come back on resume."""
from typing import Any, Dict

from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop

from mmcurv import compat
from mmcurv.engine.common import get_random_state, set_random_state
from mmcurv.registry import HOOKS

CHECKPOINT_KEY = 'mmcurv_random_state'


@HOOKS.register_module()
class RandomStateHook(Hook):
    """Save and restore Python's, NumPy's and torch's random states.

    mmengine saves none of them, so that a resumed run augments its images
    differently from the uninterrupted one. Every process keeps its own
    state, and validation leaves no trace in it, because a resumed run does
    not repeat the validation after its checkpoint.

    A resumed run repeats the uninterrupted one from checkpoints at the end
    of an epoch, with ``num_workers=0`` or workers that are not persistent.
    Several processes have their states gathered at the end of each epoch,
    so a checkpoint inside an epoch lacks them and says so on resume.

    Example:
        >>> default_hooks = dict(
        ...     random_state=dict(type='mmcurv.RandomStateHook'))
    """
    # Before CheckpointHook, after whatever draws numbers when it starts.
    priority = 'LOW'

    def __init__(self):
        self._gathered = None  # (iteration, states)
        self._before_val = None
        self._restored = None

    def before_run(self, runner) -> None:
        """Let mmengine load what it saves."""
        compat.apply()

    def after_train_epoch(self, runner) -> None:
        """Gather the states, since only the first process saves."""
        states = [get_random_state()]
        if get_world_size() > 1:
            states = all_gather_object(states[0])
        self._gathered = runner.iter, states

    def before_save_checkpoint(self, runner, checkpoint: Dict[str,
                                                              Any]) -> None:
        """Put the states of all processes into the checkpoint."""
        iteration = checkpoint['meta']['iter']
        if get_world_size() == 1:
            states = [self._before_val or get_random_state()]
        elif self._gathered and self._gathered[0] == iteration:
            states = self._gathered[1]
        else:
            states = []
        checkpoint[CHECKPOINT_KEY] = states

    def after_load_checkpoint(self, runner, checkpoint: Dict[str,
                                                             Any]) -> None:
        """Remember the states of the checkpoint."""
        self._restored = checkpoint.get(CHECKPOINT_KEY)

    def before_train(self, runner) -> None:
        """Restore the states, if this run resumes one."""
        states, self._restored = self._restored, None
        if runner.iter == 0:  # a new start, also with load_from
            return
        if states is None or len(states) != get_world_size():
            runner.logger.warning(
                'Random numbers start from the seed, so the resumed run does '
                f'not repeat the original exactly: {get_world_size()} '
                'processes need as many random states, the checkpoint holds '
                f'{len(states or [])}.')
            return
        if isinstance(runner.train_loop, IterBasedTrainLoop):
            runner.logger.warning(
                'A loop over iterations draws the batches again that the '
                'checkpoint had behind it, so the resumed run does not repeat '
                'the original exactly. EpochBasedTrainLoop does.')
        set_random_state(states[get_rank()])

    def before_val(self, runner) -> None:
        """Remember the state of training."""
        self._before_val = get_random_state()

    def after_val(self, runner) -> None:
        """Return to the state of training."""
        set_random_state(self._before_val)
        self._before_val = None
