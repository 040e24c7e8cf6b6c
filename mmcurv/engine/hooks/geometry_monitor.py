# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Measures the geometry of the class manifolds while a model trains."""
import datetime
import json
import math
import os.path as osp
import time
from typing import Any, Dict, Iterator, Optional, Tuple

import numpy as np
import torch
import torch.distributed
from mmengine.dist import (broadcast_object_list, get_rank, get_world_size,
                           is_main_process)
from mmengine.hooks import Hook
from mmengine.visualization import Visualizer
from torch import Tensor
from torch.utils.data import DataLoader

from mmcurv.datasets import class_counts, dataset_labels
from mmcurv.engine.common import (evaluated_model, get_random_state,
                                  set_random_state, unwrapped)
from mmcurv.engine.extraction.images import (extract_features,
                                             train_set_as_tested)
from mmcurv.engine.extraction.layers import (find_layer, last_classifier,
                                             usual_layers)
from mmcurv.engine.geometry_record import (MEASURES, correlate,
                                           measure_classes,
                                           read_class_accuracy)
from mmcurv.evaluation import ClassFairness
from mmcurv.files import write_json
from mmcurv.registry import HOOKS

SCHEMA = 'mmcurv.geometry'
SCHEMA_VERSION = 2
CHECKPOINT_KEY = 'mmcurv_epoch_losses'
OF_THE_RUN = ('train_loss', 'train_objective', 'seconds', 'share_of_training')
# For how long processes wait for the one that measures. The time-out of the
# run is for steps, which take seconds.
PATIENCE = datetime.timedelta(days=2)


@HOOKS.register_module()
class GeometryMonitorHook(Hook):
    """Write the classes' geometry after every ``interval`` epochs.

    Curvature, separation degree, volume and mean radius of each class
    manifold, their imbalance, the training loss, and, in epochs after which
    ``mmcurv.ClassFairness`` evaluates, the correlation of each measure with
    the class accuracies: the numbers of Fig. 7 to 11 of Ma et al.,
    *Predicting and Enhancing the Fairness of DNNs with the Curvature of
    Perceptual Manifolds*. They go to
    ``<work_dir>/geometry/epoch_012.json``, to the log, and to the
    visualizer: as scalars to every backend and as histograms over the
    classes to TensorBoard.

    Features are those of the train set without augmentation, of the model in
    evaluation mode (Section 5), with the weights that are evaluated: the
    averaged ones if the run has mmengine's ``EMAHook``. Training is not
    disturbed: neither its random numbers nor the model's state change.

    An epoch is saved before it is measured. What a kill left unmeasured, or
    without the accuracies, a resumed run makes up for. Several processes
    extract the features of a share of the images each; the first one measures
    them all, and the others wait for it as long as it takes.

    Record and log state what the hook costs: ``share_of_training`` is the
    time spent in all measurements of this process so far over the time of its
    training epochs, evaluation excluded. ``interval`` and ``max_per_class``
    lower it.

    Args:
        layer (str, optional): Name of the last classifier layer, whose input
            is the feature. Defaults to None, which is what the head says in
            ``geometry_layer`` or ``curvature_layers``, or else the last
            classifier layer, such as 'head.fc'.
        interval (int, optional): Epochs between measurements; None measures
            after the last epoch only. Defaults to 1.
        dataloader (dict, optional): Config of the loader to measure on; its
            sampler is replaced by one that takes the images in order. It is
            built when it is first needed. Defaults to None, which is the
            train set with the val set's pipeline.
        curvature (dict, optional): Options of
            :func:`~mmcurv.geometry.class_curvature`. Defaults to None.
        max_per_class (int, optional): Measure on at most so many images of
            each class, always the same ones; it bounds time and memory.
            Defaults to None, which is all.
        subset_seed (int): Of that choice. Defaults to 0.
        at_start (bool): Whether the network is measured before its first
            step too, as epoch 0. Its batch normalisation then has the
            statistics that it was initialised with. Defaults to False.

    Example:
        >>> default_hooks = dict(
        ...     geometry=dict(type='mmcurv.GeometryMonitorHook', interval=10))
    """
    priority = 95  # after CheckpointHook, which is VERY_LOW: 90

    def __init__(self,
                 layer: Optional[str] = None,
                 interval: Optional[int] = 1,
                 dataloader: Optional[dict] = None,
                 curvature: Optional[dict] = None,
                 max_per_class: Optional[int] = None,
                 subset_seed: int = 0,
                 at_start: bool = False):
        for name, value in (('interval', interval), ('max_per_class',
                                                     max_per_class)):
            if value is not None and value < 1:
                raise ValueError(f'{name} must be >= 1, got {value}.')
        self.layer = layer
        self.interval = interval
        self.dataloader = dataloader
        self.curvature = dict(curvature or {})
        self.max_per_class = max_per_class
        self.subset_seed = subset_seed
        self.at_start = at_start
        self._tapped = layer
        self._config = None  # of the loader
        self._loader: Optional[DataLoader] = None
        self._group = None  # of processes that wait with patience
        self._record = None  # of the last epoch that was measured
        self._loaded: Dict[str, float] = {}  # losses of the resumed epoch
        self._meter = EpochMeter()

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Remember the losses of its epoch, which may not be measured yet."""
        self._loaded = checkpoint.get(CHECKPOINT_KEY, {})

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Put the losses of the epoch into it."""
        checkpoint[CHECKPOINT_KEY] = self._meter.losses()

    def before_train(self, runner) -> None:
        """Find the layer and the images; measure the initial network if asked
        to, or what a kill left unmeasured."""
        self._tapped = self.layer or _usual_layer(runner)
        find_layer(unwrapped(runner.model), self._tapped)
        self._config = self.dataloader or train_set_as_tested(runner.cfg)
        self._loader = None
        if get_world_size() > 1:
            self._group = torch.distributed.new_group(
                backend='gloo', timeout=PATIENCE)
        if runner.epoch > 0:
            self._make_up(runner)
        elif self.at_start:
            self._measure_and_show(runner, 0, {})

    def before_train_epoch(self, runner) -> None:
        """Start the clock and the mean of the losses."""
        self._meter.start()

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Add up the losses."""
        self._meter.add(outputs)

    def after_train_epoch(self, runner) -> None:
        """Measure, write and show."""
        self._meter.stop()
        self._record = None
        if self._is_due(runner, runner.epoch + 1):
            self._record = self._measure_and_show(runner, runner.epoch + 1,
                                                  self._meter.losses())

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Correlate with the class accuracies of the same epoch."""
        self._correlate(runner)
        self._record = None

    def _is_due(self, runner, epoch: int) -> bool:
        if self.interval is None:
            return epoch == runner.max_epochs
        return epoch % self.interval == 0

    def _make_up(self, runner) -> None:
        """Measure what a kill after the checkpoint prevented, or bring the
        accuracies into its record."""
        if not self._is_due(runner, runner.epoch):
            return
        if is_main_process():
            self._record = _read(self._path(runner, runner.epoch))
        is_missing = [self._record is None]
        broadcast_object_list(is_missing)
        if is_missing[0]:
            self._record = self._measure_and_show(runner, runner.epoch,
                                                  self._loaded)
        self._correlate(runner)

    def _correlate(self, runner) -> None:
        record = self._record
        if record is None or record['epoch'] != runner.epoch:
            return
        accuracy = self._class_accuracy(runner)
        if accuracy is None:
            return
        if len(accuracy) != len(record['curvature']):
            runner.logger.warning(
                f'Geometry is not correlated with accuracy: it has '
                f'{len(record["curvature"])} classes, the evaluation '
                f'{len(accuracy)}. Name the classes of both data sets.')
            return
        record['accuracy'] = accuracy.tolist()
        record['correlation'] = correlate(record, accuracy)
        write_json(self._path(runner, record['epoch']), record)
        show_correlation(runner.visualizer, record)

    def _class_accuracy(self, runner) -> Optional[np.ndarray]:
        if runner.val_loop is None:
            return None
        for metric in runner.val_loop.evaluator.metrics:
            if isinstance(metric, ClassFairness):
                folder = metric.out_dir or osp.join(runner.work_dir,
                                                    'class_accuracy')
                tag = metric.tag or f'epoch_{runner.epoch:03d}'
                return read_class_accuracy(osp.join(folder, f'{tag}.json'))
        return None

    def _path(self, runner, epoch: int) -> str:
        return osp.join(runner.work_dir, 'geometry', f'epoch_{epoch:03d}.json')

    def _measure_and_show(self, runner, epoch: int,
                          losses: Dict[str, float]) -> Optional[dict]:
        """The record, in the first process; None where there is none."""
        state, started = get_random_state(), time.perf_counter()
        features, labels = self._features(runner)
        record = None
        if is_main_process():
            record = self._measure(runner, epoch, features, labels)
        set_random_state(state)
        if record is not None:
            seconds = time.perf_counter() - started
            self._meter.measuring += seconds
            record.update(
                losses, seconds=seconds, share_of_training=self._meter.share())
            write_json(self._path(runner, epoch), record)
            show_geometry(runner.visualizer, record)
            runner.logger.info(describe(record))
        if self._group is not None:
            torch.distributed.barrier(group=self._group)
        return record

    def _features(self, runner) -> Tuple[Tensor, Tensor]:
        """Those of all images in the first process, of its own in others."""
        if self._loader is None:
            self._loader = shared_loader(runner, self._config,
                                         self.max_per_class, self.subset_seed)
        with evaluated_model(runner) as model:
            modes = [(module, module.training) for module in model.modules()]
            features, labels = extract_features(model, self._loader,
                                                self._tapped)
            for module, mode in modes:
                module.training = mode
        if self._group is None:
            return features, labels
        return (_on_first(features,
                          self._group), _on_first(labels, self._group))

    def _measure(self, runner, epoch: int, features: Tensor,
                 labels: Tensor) -> Optional[Dict[str, Any]]:
        lost = (~torch.isfinite(features).all(1)).sum().item()
        if lost:  # the training itself has diverged; let it say so
            runner.logger.warning(
                f'The geometry of epoch {epoch} is not measured: {lost} of '
                f'{len(features)} features hold NaN or inf. Look at the loss '
                'and the learning rate.')
            return None
        names = self._loader.dataset.metainfo.get('classes')
        classes = len(names) if names else int(labels.max()) + 1
        return dict(
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            epoch=epoch,
            layer=self._tapped,
            options=self.curvature,
            max_per_class=self.max_per_class,
            subset_seed=self.subset_seed,
            num_points=len(features),
            feature_dim=features.shape[1],
            classes=list(names) if names else None,
            **measure_classes(features, labels, classes, self.curvature))


def shared_loader(runner,
                  config: Dict[str, Any],
                  max_per_class: Optional[int] = None,
                  seed: int = 0) -> DataLoader:
    """A loader over this process's share of a data set, in order.

    Args:
        runner (Runner): The run.
        config (dict): Of a loader over the whole set; its sampler is
            replaced.
        max_per_class (int, optional): Images of a class at most. Defaults to
            None, which is all.
        seed (int): Of the choice of these. Defaults to 0.

    Returns:
        DataLoader: The shares of all processes follow each other and make up
        the set, none twice.
    """
    config = dict(config)
    for key in ('batch_sampler', 'drop_last', 'num_batch_per_epoch'):
        config.pop(key, None)
    # The type itself and not its name: it is no registered sampler.
    config['sampler'] = dict(
        type=_share, max_per_class=max_per_class, subset_seed=seed)
    return runner.build_dataloader(config, runner.seed)


class ClassSubset:
    """A sampler: every item in order, or a seeded draw from each class.

    Args:
        dataset: Its items; asked for its labels only if there is a bound.
        max_per_class (int, optional): Items of a class at most. Defaults to
            None, which is all.
        seed (int): Of the draw. Defaults to 0.
    """

    def __init__(self,
                 dataset: Any,
                 max_per_class: Optional[int] = None,
                 seed: int = 0):
        self.positions = np.arange(len(dataset))
        if max_per_class is not None:
            labels = dataset_labels(dataset)
            # A random order, from which each class gives its first items.
            order = np.random.default_rng(seed).permutation(len(labels))
            order = order[np.argsort(labels[order], kind='stable')]
            _, first, count = np.unique(
                labels[order], return_index=True, return_counts=True)
            place = np.arange(len(order)) - np.repeat(first, count)
            self.positions = np.sort(order[place < max_per_class])

    def __iter__(self) -> Iterator[int]:
        return iter(self.positions.tolist())

    def __len__(self) -> int:
        return len(self.positions)


class EpochMeter:
    """Adds up losses and seconds while a model trains.

    Attributes:
        training (float): Seconds in training epochs so far, from their start
            to the end of their last step.
        measuring (float): Seconds that the caller spent measuring so far.
    """

    def __init__(self):
        self.training = 0.
        self.measuring = 0.
        self._sums = {}
        self._started = self._step_ended = 0.

    def start(self) -> None:
        """Begin an epoch."""
        self._sums = {}
        self._started = self._step_ended = time.perf_counter()

    def add(self, outputs: Optional[Dict[str, Any]]) -> None:
        """Add the losses of a step, on their device, without waiting for it.

        Args:
            outputs (dict, optional): Of the step; 0-d tensors named ``loss``
                and ``objective`` count.
        """
        self._step_ended = time.perf_counter()
        for name in ('loss', 'objective'):
            value = (outputs or {}).get(name)
            if isinstance(value, torch.Tensor):
                total, steps = self._sums.get(name, (0, 0))
                self._sums[name] = total + value.detach(), steps + 1

    def stop(self) -> None:
        """End the epoch."""
        self.training += self._step_ended - self._started

    def losses(self) -> Dict[str, float]:
        """Means of the epoch over the steps of this process that had them:
        ``train_loss`` and ``train_objective``."""
        return {
            f'train_{name}': float(total) / steps
            for name, (total, steps) in self._sums.items()
        }

    def share(self) -> float:
        """Seconds of measuring per second of training, nan before training."""
        if not self.training:
            return math.nan
        return self.measuring / self.training


def show_geometry(visualizer: Visualizer, record: Dict[str, Any]) -> None:
    """Scalars to every backend, histograms to TensorBoard.

    Args:
        visualizer (Visualizer): Of the run; the epoch is the step.
        record (dict): Of GeometryMonitorHook.
    """
    numbers = {name: record.get(name, math.nan) for name in OF_THE_RUN}
    for kind in ('mean', 'imbalance'):
        for name, value in record[kind].items():
            numbers[f'{name}_{kind}'] = value
    _show(visualizer, numbers, record['epoch'])
    board = visualizer.get_backend('TensorboardVisBackend')
    for name in MEASURES if board is not None else ():
        values = np.array(record[name], dtype=float)
        # TensorBoard's bins end at 1e20, and it has none for the others.
        values = values[np.abs(values) < 1e20]
        if values.size:
            board.experiment.add_histogram(f'geometry/{name}', values,
                                           record['epoch'])


def show_correlation(visualizer: Visualizer, record: Dict[str, Any]) -> None:
    """Correlations with the class accuracies as scalars, see above."""
    _show(
        visualizer, {
            f'{name}_accuracy_pearson': found['pearson']
            for name, found in record['correlation'].items()
        }, record['epoch'])


def describe(record: Dict[str, Any]) -> str:
    """One line for the log."""
    parts = [
        f'{name} {record["mean"][name]:.4g} (imbalance '
        f'{record["imbalance"][name]:.4g})' for name in MEASURES
    ]
    text = (f'Geometry of {len(record["curvature"])} classes, '
            f'{record["num_points"]} images: {", ".join(parts)}; took '
            f'{record["seconds"]:.1f} s.')
    share = record['share_of_training']
    if math.isfinite(share):
        text += (f' All measurements together: {100 * share:.1f} % of the '
                 'time of the training epochs.')
    return text


def _show(visualizer: Visualizer, numbers: Dict[str, float],
          epoch: int) -> None:
    known = {
        f'geometry/{name}': value
        for name, value in numbers.items() if math.isfinite(value)
    }
    if known:
        visualizer.add_scalars(known, step=epoch)


def _usual_layer(runner) -> str:
    model = unwrapped(runner.model)
    names, why = usual_layers(model, 'geometry_layer', 'curvature_layers')
    if len(names) > 1:
        raise ValueError(
            f'expected one layer to measure the geometry at, got {why}: '
            f'{", ".join(names)}. Give layer, or the head a geometry_layer.')
    if names:
        return names[0]
    dataset = runner.train_dataloader.dataset
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    return last_classifier(model, len(classes or class_counts(dataset)))


def _share(dataset, seed, max_per_class, subset_seed) -> ClassSubset:
    """mmengine gives every sampler the seed of the run, which is not ours."""
    subset = ClassSubset(dataset, max_per_class, subset_seed)
    shares = np.array_split(subset.positions, get_world_size())
    subset.positions = shares[get_rank()]
    return subset


def _on_first(rows: Tensor, group: Any) -> Tensor:
    """Rows of all processes in the first one, in the order of the ranks."""
    counts = [None] * get_world_size()
    torch.distributed.all_gather_object(counts, len(rows), group=group)
    if get_rank() > 0:
        torch.distributed.send(rows.contiguous(), dst=0, group=group)
        return rows
    parts = [rows]
    for rank, count in enumerate(counts[1:], start=1):
        parts.append(rows.new_empty(count, *rows.shape[1:]))
        torch.distributed.recv(parts[-1], src=rank, group=group)
    return torch.cat(parts)


def _read(path: str) -> Optional[Dict[str, Any]]:
    if not osp.isfile(path):
        return None
    with open(path, encoding='utf-8') as file:
        return json.load(file)
