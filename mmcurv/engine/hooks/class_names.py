# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Refuses data sets and checkpoints whose classes are not the same."""
from typing import Any, List, Optional

from mmengine.hooks import Hook

from mmcurv.registry import HOOKS
from mmcurv.samples import check_same_classes


@HOOKS.register_module()
class ClassNamesHook(Hook):
    """Compare the classes of train, val and test set and of the checkpoint.

    By name and order, before an epoch is spent; what names no classes is not
    compared. A checkpoint that only initializes a training (``load_from``)
    may be of other classes. The tools of mmcurv register it by themselves.
    """
    priority = 'VERY_HIGH'

    def __init__(self):
        self._loaded: Optional[List[str]] = None

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember the classes that the checkpoint was trained on."""
        meta = checkpoint.get('meta') or {}
        self._loaded = (meta.get('dataset_meta') or {}).get('classes')

    def before_train(self, runner) -> None:
        """Compare the sets of the training."""
        sides = {'the train set': _names(runner.train_dataloader)}
        if runner.val_loop is not None:
            sides['the val set'] = _names(runner.val_dataloader)
        if runner.iter > 0:  # resumed
            sides['the checkpoint'] = self._loaded
        check_same_classes(sides)

    def before_test(self, runner) -> None:
        """Compare the test set with the checkpoint."""
        check_same_classes({
            'the checkpoint': self._loaded,
            'the test set': _names(runner.test_dataloader)
        })


def _names(loader: Any) -> Optional[List[str]]:
    metainfo = getattr(loader.dataset, 'metainfo', None) or {}
    return metainfo.get('classes')
