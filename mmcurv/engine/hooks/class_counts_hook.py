# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Hands the class counts of the train set to whoever asks."""
import os.path as osp
from typing import Optional

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, IterBasedTrainLoop
from torch.utils.data import DataLoader

from mmcurv import compat
from mmcurv.engine.serve_class_counts import (asking_metrics, serve_metrics,
                                              serve_model)
from mmcurv.engine.train_split import TrainSplit
from mmcurv.files import write_json
from mmcurv.registry import DATASETS, HOOKS
from mmcurv.samples import check_labels

CHECKPOINT_KEY = 'mmcurv_split'
SCHEMA = 'mmcurv.split'
SCHEMA_VERSION = 1


@HOOKS.register_module()
class ClassCountsHook(Hook):
    """Hand the class counts of the train set to whoever asks.

    Those are: each metric of the val and test evaluators that has an attribute
    ``train_counts`` which the config left at None, and each sub-module of the
    model that has a method ``set_class_counts(counts)``, such as a loss that
    weighs classes. A module is called before a checkpoint is loaded (so that
    its buffers have their shapes) and again afterwards, so the method must
    bear being called twice.

    The hook also says at the start what the train set is, writes that to
    ``<work_dir>/split.json``, and keeps it in the checkpoints: a test-only run
    has its counts from there, and resuming with another train set is refused.
    A test-only run from a checkpoint without it builds the train set of the
    config. Labels of batches are checked while they are in main memory.

    It runs before other hooks (VERY_HIGH), in particular before EMAHook
    copies the model.

    Args:
        num_classes (int, optional): C, for a train set that does not name its
            classes and may miss the last ones. Defaults to None.

    Examples:
        >>> default_hooks = dict(
        ...     class_counts=dict(type='mmcurv.ClassCountsHook'))
    """
    priority = 'VERY_HIGH'

    def __init__(self, num_classes: Optional[int] = None):
        self.num_classes = num_classes
        self.split = None  # of this run's train set
        self._loaded_split = None  # of the checkpoint's
        self._loaded_tag = None
        self._trains = False
        self._gave_up = False

    def before_run(self, runner) -> None:
        """Read the train set, if this is a training run."""
        compat.apply()
        # runner.train_loop would build the loop and with it the train set,
        # also in a run that only tests.
        self._trains = isinstance(runner._train_loop, BaseLoop)
        if self._trains:
            if self.split is None:
                self.split = TrainSplit.of(runner.train_dataloader.dataset,
                                           self.num_classes)
            serve_model(runner.model, self.split.class_counts)

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Take the split that the checkpoint was trained on."""
        state = checkpoint.get(CHECKPOINT_KEY)
        self._loaded_split = None if state is None else TrainSplit(**state)
        meta = checkpoint.get('meta', {})
        if 'epoch' in meta and 'iter' in meta:
            self._loaded_tag = _tag(meta['epoch'], meta['iter'])

    def before_train(self, runner) -> None:
        """Refuse another split on resume; log and write what the split is."""
        self._check_resume(runner)
        serve_model(runner.model, self.split.class_counts)
        if runner.val_loop is not None:
            # Already here: a mismatch shows before an epoch is spent.
            serve_metrics(runner.val_loop.evaluator, self.split.class_counts)
        runner.logger.info(self.split.describe())
        if is_main_process():
            write_json(
                osp.join(runner.work_dir, 'split.json'),
                dict(
                    schema=SCHEMA,
                    schema_version=SCHEMA_VERSION,
                    imbalance_factor=self.split.imbalance_factor,
                    seed=runner.seed,
                    **self.split.state()))

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Refuse labels that are no class, before they are on a device: a
        loss there would have to wait to look at them."""
        check_labels(data_batch, len(self.split.class_counts))

    def before_val(self, runner) -> None:
        """Serve the metrics of the validation."""
        self._serve(runner, runner.val_loop.evaluator, self._tag(runner))

    def before_test(self, runner) -> None:
        """Serve the metrics of the test."""
        tag = self._tag(runner)
        self._serve(runner, runner.test_loop.evaluator,
                    f'test_{tag}' if tag else 'test')

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Put the split into the checkpoint."""
        checkpoint[CHECKPOINT_KEY] = self.split.state()

    def _check_resume(self, runner) -> None:
        then, now = self._loaded_split, self.split
        resumed = runner.iter > 0  # load_from, a new start, leaves it at 0
        if resumed and then and then.fingerprint != now.fingerprint:
            raise RuntimeError(
                'expected to resume with the train set of the checkpoint, '
                f'{then.dataset} with {sum(then.class_counts)} images and '
                f'fingerprint {then.fingerprint}, got {now.dataset} with '
                f'{sum(now.class_counts)} images and fingerprint '
                f'{now.fingerprint}. Restore the data, imbalance factor and '
                'seed of the split, or start a new run with load_from.')

    def _serve(self, runner, evaluator, tag: Optional[str]) -> None:
        split = self.split
        if not self._trains:
            split = self._loaded_split or self._config_split(runner)
        if split is not None:
            serve_metrics(evaluator, split.class_counts)
            if not self._trains:
                serve_model(runner.model, split.class_counts)
        for metric in asking_metrics(evaluator):
            if getattr(metric, 'out_dir', '') is None:
                metric.out_dir = osp.join(runner.work_dir, 'class_accuracy')
            if hasattr(metric, 'tag'):
                metric.tag = tag

    def _tag(self, runner) -> Optional[str]:
        if not self._trains:
            return self._loaded_tag
        by_iter = isinstance(runner.train_loop, IterBasedTrainLoop)
        return _tag(0 if by_iter else runner.epoch, runner.iter)

    def _config_split(self, runner) -> Optional[TrainSplit]:
        """Split of the config's train set; None, with a warning, if none."""
        if self.split is None and not self._gave_up:
            try:
                self.split = self._build_split(runner._train_dataloader)
                reason = 'the config has no train_dataloader'
            except (OSError, RuntimeError) as error:
                # A machine that only tests need not have the training images.
                reason = f'the train set cannot be read ({error})'
            if self.split is None:
                self._gave_up = True
                runner.logger.warning(
                    'The class counts of the train set are not known: the '
                    f'checkpoint does not hold them, and {reason}. Numbers by '
                    'training count will be nan.')
        return self.split

    def _build_split(self, loader) -> Optional[TrainSplit]:
        """Split of what the runner was given: a loader, its config or None.
        """
        if loader is None:
            return None
        if isinstance(loader, DataLoader):
            dataset = loader.dataset
        else:
            dataset = loader['dataset']
        if isinstance(dataset, dict):
            dataset = DATASETS.build(dataset)
        return TrainSplit.of(dataset, self.num_classes)


def _tag(epoch: int, iteration: int) -> str:
    """Name of a moment of training, after ``epoch`` epochs if there are any.
    """
    return f'epoch_{epoch:03d}' if epoch else f'iter_{iteration:07d}'
