# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Measures the geometry of the class manifolds while a model trains."""
import os.path as osp
import time
from typing import Any, Dict, Optional

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmcurv.atomic_write import write_json
from mmcurv.engine.extract_features import (extract_features,
                                            train_set_as_tested)
from mmcurv.engine.random_state import get_random_state, set_random_state
from mmcurv.geometry import class_curvature
from mmcurv.registry import HOOKS

SCHEMA = 'mmcurv.geometry'
SCHEMA_VERSION = 1


@HOOKS.register_module()
class GeometryMonitorHook(Hook):
    """Write each class's curvature after every ``interval`` epochs.

    Features are those of the train set without augmentation, of the model in
    evaluation mode (Section 5 of the paper). A record goes to
    ``<work_dir>/geometry/epoch_012.json``, mean and variance over classes to
    the log. Training is not disturbed: neither its random numbers nor the
    model's state change. Of several processes only the first measures.

    Args:
        layer (str): Name of the last classifier layer. Defaults to
            'head.fc'.
        interval (int): Epochs between measurements. Defaults to 1.
        dataloader (dict, optional): Config of the loader to measure on.
            Defaults to None, which is the train set with the val set's
            pipeline.
        curvature (dict, optional): Options of
            :func:`~mmcurv.geometry.class_curvature`. Defaults to None.

    Example:
        >>> default_hooks = dict(
        ...     geometry=dict(type='mmcurv.GeometryMonitorHook', interval=10))
    """
    priority = 'NORMAL'

    def __init__(self,
                 layer: str = 'head.fc',
                 interval: int = 1,
                 dataloader: Optional[dict] = None,
                 curvature: Optional[dict] = None):
        if interval < 1:
            raise ValueError(f'interval must be >= 1, got {interval}.')
        self.layer = layer
        self.interval = interval
        self.dataloader = dataloader
        self.curvature = dict(curvature or {})

    def before_train(self, runner) -> None:
        """Build the loader."""
        if not is_main_process():
            return
        config = self.dataloader or train_set_as_tested(runner.cfg)
        self.dataloader = runner.build_dataloader(
            config, seed=runner.seed) if isinstance(config, dict) else config

    def after_train_epoch(self, runner) -> None:
        """Measure, write and log."""
        if not self.every_n_epochs(runner, self.interval):
            return
        if not is_main_process():
            return
        state = get_random_state()
        started = time.perf_counter()
        record = self._measure(runner)
        record['seconds'] = time.perf_counter() - started
        set_random_state(state)
        epoch = record['epoch']
        write_json(
            osp.join(runner.work_dir, 'geometry', f'epoch_{epoch:03d}.json'),
            record)
        values = torch.tensor(record['curvature'])
        values = values[torch.isfinite(values)].double()
        hub = runner.message_hub
        hub.update_scalar('train/geometry_mean', values.mean())
        hub.update_scalar('train/geometry_variance', values.var(correction=0))

    def _measure(self, runner) -> Dict[str, Any]:
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        features, labels = extract_features(model, self.dataloader, self.layer)
        names = self.dataloader.dataset.metainfo.get('classes')
        classes = len(names) if names else int(labels.max()) + 1
        result = class_curvature(features, labels, classes, **self.curvature)
        return dict(
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            epoch=runner.epoch + 1,
            layer=self.layer,
            options=self.curvature,
            feature_dim=features.shape[1],
            classes=list(names) if names else None,
            count=result.count.tolist(),
            points_used=result.points_used.tolist(),
            curvature=result.value.tolist(),
            log_curvature=result.log_value.tolist())
