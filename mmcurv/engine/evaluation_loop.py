# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A training loop of one epoch without a step, for evaluation only."""
from mmengine.runner import EpochBasedTrainLoop

from mmcurv.registry import LOOPS


@LOOPS.register_module()
class EvaluationLoop(EpochBasedTrainLoop):
    """Evaluate a model and save it, without training it.

    Hooks see one epoch of no iteration, so that they count classes, measure
    geometry, save, evaluate and write records as after a training.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Of the train set, which tells the class
            counts.
    """

    def __init__(self, runner, dataloader):
        super().__init__(runner, dataloader, max_epochs=1)

    def run_epoch(self) -> None:
        """Call the hooks of an epoch."""
        self.runner.call_hook('before_train_epoch')
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1
