# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Adds one number per class to the scores of a trained classifier."""
import numpy as np
import torch
from mmengine.hooks import Hook

from mmcurv.engine.common import unwrapped
from mmcurv.registry import HOOKS
from mmcurv.samples import check_same_classes


@HOOKS.register_module()
class FairnessShiftHook(Hook):
    """Shift the scores that a model predicts, in validation and test.

    Each image's ``pred_score``, probabilities that add up to 1, becomes the
    softmax of its logarithm plus the shift, which is that of the logits plus
    the shift; ``pred_label`` follows. The training loss is not touched. Any
    classifier does whose predictions have ``pred_score``.

    Args:
        shift (str): File that ``mmcurv shift`` or
            :meth:`~mmcurv.audit.shift.FairnessShift.save` wrote.
        scale (float): Factor of the shift, to follow the trade-off curve
            beyond the strength that was chosen. Defaults to 1.0.

    Raises:
        ValueError: If the file is no shift, ``scale`` is not finite, the
            model has another number of classes, or a data set has other
            class names.

    Examples:
        >>> custom_hooks = [
        ...     dict(type='mmcurv.FairnessShiftHook', shift='shift.json')
        ... ]
    """

    def __init__(self, shift: str, scale: float = 1.0):
        from mmcurv.audit.shift import FairnessShift
        if not np.isfinite(scale):
            raise ValueError('FairnessShiftHook: expected a finite scale, got '
                             f'{scale}.')
        found = FairnessShift.load(shift)
        self.path = shift
        self.class_names = found.class_names
        self._shift = torch.as_tensor(scale * found.shift)
        self._handle = None

    def before_val(self, runner) -> None:
        """Shift from here on."""
        self._attach(runner, runner.val_dataloader.dataset)

    def before_test(self, runner) -> None:
        """Shift from here on."""
        self._attach(runner, runner.test_dataloader.dataset)

    def after_val(self, runner) -> None:
        """Leave the model as it was."""
        self._detach()

    def after_test(self, runner) -> None:
        """Leave the model as it was."""
        self._detach()

    def _attach(self, runner, dataset) -> None:
        names = (getattr(dataset, 'metainfo', None) or {}).get('classes', ())
        own = self.class_names
        if names and len(names) != len(own):
            raise ValueError(
                f'FairnessShiftHook: {self.path} is of other classes than the '
                f'data set: {len(names)} classes against {len(own)}. Fit a '
                'shift on this classifier.')
        if own != tuple(f'class {c}' for c in range(len(own))):
            check_same_classes({'the data set': names, self.path: own})
        self._detach()
        self._handle = unwrapped(runner.model).register_forward_hook(
            self._shift_predictions, with_kwargs=True)

    def _detach(self) -> None:
        if self._handle is not None:
            self._handle.remove()
        self._handle = None

    def _shift_predictions(self, module, args, kwargs, output):
        mode = kwargs.get('mode', args[2] if len(args) > 2 else 'tensor')
        if mode != 'predict':
            return
        for sample in output:
            score = sample.pred_score
            if score.shape != self._shift.shape:
                raise ValueError(
                    f'FairnessShiftHook: {self.path} shifts '
                    f'{len(self._shift)} classes, the model predicts '
                    f'{len(score)}. Fit a shift on this classifier.')
            tiny = torch.finfo(score.dtype).tiny
            moved = score.clamp_min(tiny).log() + self._shift.to(score)
            sample.set_pred_score(moved.softmax(0))
            sample.set_pred_label(moved.argmax(0, keepdim=True))
