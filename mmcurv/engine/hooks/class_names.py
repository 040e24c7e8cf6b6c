# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Refuses data sets and checkpoints whose classes are not the same."""
import copy
from typing import Any, List, Optional, Union

from mmengine.hooks import Hook

from mmcurv.arguments import UsageError
from mmcurv.datasets.labels import dataset_labels
from mmcurv.registry import DATASETS, HOOKS
from mmcurv.samples import check_same_classes


@HOOKS.register_module()
class ClassNamesHook(Hook):
    """Compare the classes of train, val and test set and of the checkpoint.

    By name and order, before an epoch is spent. A set without names is
    compared by the number of classes that its labels need. The test set is
    read for that if it is not the val set; where it is not at hand, a warning
    says so. A checkpoint that only initializes a training (``load_from``) may
    be of other classes. The tools of mmcurv register the hook by themselves.
    """
    priority = 'VERY_HIGH'

    def __init__(self):
        self._loaded: Optional[List[str]] = None

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember the classes that the checkpoint was trained on."""
        meta = checkpoint.get('meta') or {}
        self._loaded = (meta.get('dataset_meta') or {}).get('classes')

    def before_train(self, runner) -> None:
        """Compare the sets of the training.

        Raises:
            UsageError: If two differ; shows the first difference.
        """
        sides = {'the train set': _classes(runner.train_dataloader.dataset)}
        if runner.val_loop is not None:
            sides['the val set'] = _classes(runner.val_dataloader.dataset)
        sides['the test set'] = _classes_of_test_set(runner)
        if runner.iter > 0:  # resumed
            sides['the checkpoint'] = self._loaded
        _compare(sides)

    def before_test(self, runner) -> None:
        """Compare the test set with the checkpoint.

        Raises:
            UsageError: If they differ; shows the first difference.
        """
        _compare({
            'the checkpoint': self._loaded,
            'the test set': _classes(runner.test_dataloader.dataset)
        })


def _compare(sides: dict) -> None:
    try:
        check_same_classes(sides)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _classes(dataset: Any) -> Union[List[str], int, None]:
    """Names of the classes, else their number, else None."""
    if hasattr(dataset, 'full_init'):
        dataset.full_init()  # some find their names in the folders
    names = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    if names:
        return names
    try:
        return int(dataset_labels(dataset).max(initial=-1)) + 1 or None
    except (TypeError, ValueError):  # no labels, or several for an item
        return None


def _classes_of_test_set(runner) -> Union[List[str], int, None]:
    """Those of the set that the config keeps for the end, if it is not the
    val set."""
    loaders = [
        runner.cfg.get(f'{split}_dataloader') or {}
        for split in ('val', 'test')
    ]
    val, test = (loader.get('dataset') for loader in loaders)
    if not isinstance(test, dict) or test == val:
        return None
    try:
        return _classes(DATASETS.build(copy.deepcopy(test)))
    except (OSError, ValueError) as error:
        runner.logger.warning('The classes of the test set are not compared, '
                              f'since it cannot be read: {error}')
        return None
