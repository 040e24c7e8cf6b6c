# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Measures the geometry of the class manifolds while a model trains."""
import copy
import os.path as osp
import time
from typing import Any, Dict, Optional

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook

from mmcurv.datasets import class_counts
from mmcurv.engine.class_subset import ClassSubset
from mmcurv.engine.curvature.feature_tap import find_layer
from mmcurv.engine.epoch_meter import EpochMeter
from mmcurv.engine.extract_features import (extract_features,
                                            train_set_as_tested)
from mmcurv.engine.geometry_record import (correlate, measure_classes,
                                           read_class_accuracy)
from mmcurv.engine.random_state import get_random_state, set_random_state
from mmcurv.engine.show_geometry import (describe, show_correlation,
                                         show_geometry)
from mmcurv.engine.tap_points import last_classifier, usual_layers
from mmcurv.engine.unwrapped import unwrapped
from mmcurv.evaluation import ClassFairness
from mmcurv.files import write_json
from mmcurv.registry import HOOKS

SCHEMA = 'mmcurv.geometry'
SCHEMA_VERSION = 2


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
    classes to those whose writer has ``add_histogram``, such as TensorBoard.

    Features are those of the train set without augmentation, of the model in
    evaluation mode (Section 5). Training is not disturbed: neither its random
    numbers nor the model's state change. Of several processes the first
    measures, on all images, while the others wait at their next exchange of
    gradients.

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
            sampler is replaced by one that takes the images in order.
            Defaults to None, which is the train set with the val set's
            pipeline.
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
    priority = 'NORMAL'

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
        self._record = None  # of the last epoch that was measured
        self._meter = EpochMeter()

    def before_train(self, runner) -> None:
        """Find the layer, build the loader, and measure the initial network
        if asked to."""
        self._tapped = self.layer or _usual_layer(runner)
        find_layer(unwrapped(runner.model), self._tapped)
        if not is_main_process():
            return
        state = get_random_state()
        config = self.dataloader or train_set_as_tested(runner.cfg)
        if isinstance(config, dict):
            config = copy.deepcopy(config)
            config.pop('batch_sampler', None)
            # The type itself and not its name: it is no registered sampler.
            config['sampler'] = dict(
                type=_subset,
                max_per_class=self.max_per_class,
                subset_seed=self.subset_seed)
            self.dataloader = runner.build_dataloader(config, runner.seed)
        set_random_state(state)
        if self.at_start and runner.epoch == 0:
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
        losses = self._meter.stop()
        self._record = None
        if not self._is_due(runner) or not is_main_process():
            return
        self._record = self._measure_and_show(runner, runner.epoch + 1, losses)

    def _is_due(self, runner) -> bool:
        if self.interval is None:
            return self.is_last_train_epoch(runner)
        return self.every_n_epochs(runner, self.interval)

    def after_val_epoch(self, runner, metrics=None) -> None:
        """Correlate with the class accuracies of the same epoch."""
        record, self._record = self._record, None
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
        self._write(runner, record)
        show_correlation(runner.visualizer, record)

    def _class_accuracy(self, runner) -> Optional[np.ndarray]:
        for metric in runner.val_loop.evaluator.metrics:
            if isinstance(metric, ClassFairness) and metric.out_dir:
                return read_class_accuracy(
                    osp.join(metric.out_dir, f'{metric.tag}.json'))
        return None

    def _write(self, runner, record: Dict[str, Any]) -> None:
        name = f'epoch_{record["epoch"]:03d}.json'
        write_json(osp.join(runner.work_dir, 'geometry', name), record)

    def _measure_and_show(self, runner, epoch: int,
                          losses: Dict[str, float]) -> Optional[dict]:
        state, started = get_random_state(), time.perf_counter()
        record = self._measure(runner, epoch)
        set_random_state(state)
        if record is None:
            return None
        seconds = time.perf_counter() - started
        self._meter.measuring += seconds
        record.update(
            losses, seconds=seconds, share_of_training=self._meter.share())
        self._write(runner, record)
        show_geometry(runner.visualizer, record)
        runner.logger.info(describe(record))
        return record

    def _measure(self, runner, epoch: int) -> Optional[Dict[str, Any]]:
        model = runner.model
        model = unwrapped(model)
        modes = [(module, module.training) for module in model.modules()]
        features, labels = extract_features(model, self.dataloader,
                                            self._tapped)
        for module, mode in modes:
            module.training = mode
        lost = (~torch.isfinite(features).all(1)).sum().item()
        if lost:  # the training itself has diverged; let it say so
            runner.logger.warning(
                f'The geometry of epoch {epoch} is not measured: {lost} of '
                f'{len(features)} features hold NaN or inf. Look at the loss '
                'and the learning rate.')
            return None
        names = self.dataloader.dataset.metainfo.get('classes')
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


def _subset(dataset, seed, max_per_class, subset_seed) -> ClassSubset:
    """mmengine gives every sampler the seed of the run, which is not ours."""
    return ClassSubset(dataset, max_per_class, subset_seed)
