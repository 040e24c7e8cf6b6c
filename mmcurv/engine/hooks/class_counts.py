# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tells models, losses and metrics what a run trains on, and which epoch."""
import os.path as osp
from dataclasses import asdict, dataclass
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.optim import BaseOptimWrapper
from mmengine.runner import IterBasedTrainLoop
from torch import nn

from mmcurv import compat
from mmcurv.datasets import class_counts, split_fingerprint
from mmcurv.engine.common import epoch_of_run, epochs_of_run, unwrapped
from mmcurv.files import write_json
from mmcurv.registry import HOOKS
from mmcurv.samples import check_labels

CHECKPOINT_KEY = 'mmcurv_split'
SCHEMA = 'mmcurv.split'
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class TrainSplit:
    """The train set in plain types, fit for a checkpoint or a file.

    Attributes:
        class_counts (list[int]): (C,) training images of every class.
        fingerprint (str): SHA-256 of the images and labels.
        dataset (str): Types of the dataset and what it wraps, outermost
            first, such as 'LongTailed(CIFAR100)'.
    """
    class_counts: List[int]
    fingerprint: str
    dataset: str

    @classmethod
    def of(cls, dataset: Any, num_classes: Optional[int] = None):
        """Read a dataset, through its wrappers.

        Args:
            dataset: A train set with one integer label per item.
            num_classes (int, optional): C. Defaults to None: as many as the
                dataset names.

        Returns:
            TrainSplit: Its counts and fingerprint.
        """
        return cls(
            class_counts(dataset, num_classes), split_fingerprint(dataset),
            _type_names(dataset))

    @property
    def imbalance_factor(self) -> float:
        """Largest over smallest class; inf if a class is empty."""
        smallest = min(self.class_counts)
        return max(self.class_counts) / smallest if smallest else float('inf')

    def state(self) -> dict:
        """Fields as plain types; ``TrainSplit(**state)`` is equal."""
        return asdict(self)

    def describe(self) -> str:
        """One line for the log."""
        counts = self.class_counts
        return (f'Train set {self.dataset}: {sum(counts)} images in '
                f'{len(counts)} classes, {min(counts)} to {max(counts)} per '
                f'class, imbalance factor {self.imbalance_factor:.4g}, '
                f'{counts.count(0)} classes empty. Split fingerprint '
                f'{self.fingerprint}.')


def _type_names(dataset: Any) -> str:
    name = type(dataset).__name__
    if hasattr(dataset, 'datasets'):  # a concatenation
        return f'{name}({", ".join(map(_type_names, dataset.datasets))})'
    if hasattr(dataset, 'dataset'):
        return f'{name}({_type_names(dataset.dataset)})'
    return name


@HOOKS.register_module()
class ClassCountsHook(Hook):
    """Hand the class counts of the train set to whoever asks.

    Those are: each metric of the val and test evaluators that has an attribute
    ``train_counts`` which the config left at None, and each sub-module of the
    model that has a method ``set_class_counts(counts)``, such as a loss that
    weighs classes. A module is called before a checkpoint is loaded (so that
    its buffers have their shapes) and again afterwards, so the method must
    bear being called twice. Sub-modules that have a method
    ``set_epoch(epoch, max_epochs)`` are told each epoch, counted from 1,
    before its first step, also in a loop over iterations and after a resume;
    so a module need not save its epoch.

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
        self._told = None  # the epoch that the modules know

    def before_run(self, runner) -> None:
        """Read the train set, if this is a training run."""
        compat.apply()
        # A run that only tests builds no optimizer. To ask for its train set
        # would build that.
        self._trains = isinstance(runner.optim_wrapper, BaseOptimWrapper)
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
        self._told = None
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

    def before_train_epoch(self, runner) -> None:
        """Tell the epoch that begins."""
        self._tell_epoch(runner)

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch=None) -> None:
        """Refuse labels that are no class, before they are on a device: a
        loss there would have to wait to look at them. Tell the epoch, if a
        loop over iterations has come to the next."""
        self._tell_epoch(runner)
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

    def _tell_epoch(self, runner) -> None:
        epoch, epochs = epoch_of_run(runner) + 1, epochs_of_run(runner)
        # A loop over iterations that is at its end when it is resumed begins
        # an epoch, of no iteration.
        if epoch == self._told or epoch > epochs:
            return
        for module in unwrapped(runner.model).modules():
            if callable(getattr(module, 'set_epoch', None)):
                module.set_epoch(epoch, epochs)
        self._told = epoch

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
            reason = 'the config has no train_dataloader'
            try:
                if runner.train_loop is not None:
                    self.split = TrainSplit.of(runner.train_dataloader.dataset,
                                               self.num_classes)
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


def _tag(epoch: int, iteration: int) -> str:
    """Name of a moment of training, after ``epoch`` epochs if there are any.
    """
    return f'epoch_{epoch:03d}' if epoch else f'iter_{iteration:07d}'


def serve_model(model: nn.Module, counts: Sequence[int]) -> None:
    """Call ``set_class_counts`` of each sub-module that has it.

    Args:
        model (nn.Module): A model, in its wrapper or without.
        counts (Sequence[int]): (C,) training images of every class.

    Raises:
        ValueError: If a module, or the nearest one around it that says so,
            has another ``num_classes`` than C.
    """
    model = unwrapped(model)
    for name, module in model.named_modules():
        if callable(getattr(module, 'set_class_counts', None)):
            check_num_classes(model, name, len(counts))
            module.set_class_counts(list(counts))


def serve_metrics(evaluator: Evaluator, counts: Sequence[int]) -> None:
    """Set ``train_counts`` of each metric that has it and lacks a value.

    Args:
        evaluator (Evaluator): Of a val or test loop.
        counts (Sequence[int]): (C,) training images of every class.

    Raises:
        ValueError: If the evaluated set names another number of classes.
    """
    names = (evaluator.dataset_meta or {}).get('classes')
    for metric in asking_metrics(evaluator):
        if metric.train_counts is not None:
            continue
        if names and len(names) != len(counts):
            raise ValueError(
                f'{type(metric).__name__} asks for class counts: expected '
                f'{len(names)} of them, as many as the evaluated set has '
                f'classes, but the train set has {len(counts)}. Use sets of '
                'the same classes, or give num_classes to ClassCountsHook if '
                'the train set names none.')
        metric.train_counts = list(counts)


def check_num_classes(model: nn.Module, name: str, num_classes: int) -> None:
    """Compare the train set's classes with those that a module is made for.

    Args:
        model (nn.Module): A model, not in its wrapper.
        name (str): Name of the sub-module that asks for class counts, or for
            what follows from them.
        num_classes (int): C, of the train set.

    Raises:
        ValueError: If the module, or the nearest one around it that says so,
            has another ``num_classes``.
    """
    modules = dict(model.named_modules())
    around, expected = _nearest_num_classes(modules, name)
    if expected not in (None, num_classes):
        raise ValueError(
            f'{name or "the model"} ({type(modules[name]).__name__}) asks for '
            f'class counts: expected {expected} of them, the num_classes of '
            f'{around or "the model"}, but the train set has {num_classes} '
            'classes. Correct num_classes in the model, or give it to '
            'ClassCountsHook if the train set names no classes.')


def asking_metrics(evaluator: Evaluator) -> Iterator[Any]:
    """The metrics that have an attribute ``train_counts``."""
    for metric in evaluator.metrics:
        if hasattr(metric, 'train_counts'):
            yield metric


def _nearest_num_classes(modules: dict, name: str) -> Tuple[str, Any]:
    """Name and ``num_classes`` of the module or the nearest one around it.

    A loss seldom knows its number of classes; the head that holds it does.
    """
    while True:
        num_classes = getattr(modules[name], 'num_classes', None)
        if isinstance(num_classes, int) or not name:
            return name, num_classes
        name = name.rpartition('.')[0]
