# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Chooses tau of tau-normalization by the accuracies of a grid."""
import os.path as osp
from typing import Dict, Sequence

import torch
from mmengine.dist import all_reduce, is_main_process
from mmengine.hooks import Hook
from torch import Tensor

from mmcurv.engine.common import evaluated_model, unwrapped
from mmcurv.engine.extraction.images import extract_features
from mmcurv.engine.extraction.layers import find_layer
from mmcurv.files import write_json
from mmcurv.models.heads import TauNormLinear, tau_scores
from mmcurv.registry import HOOKS
from .geometry_monitor import shared_loader
from .run_record import RunRecordHook

SCHEMA = 'mmcurv.tau_norm'
SCHEMA_VERSION = 1
GRID = tuple(round(0.1 * i, 1) for i in range(21))  # 0, 0.1, ..., 2


def tau_hits(features: Tensor, labels: Tensor, weight: Tensor,
             taus: Sequence[float]) -> Tensor:
    """How many images a tau-normalized classifier gets right at every tau.

    Args:
        features (Tensor): (n, p).
        labels (Tensor): (n,).
        weight (Tensor): (C, p) of the classifier.
        taus (Sequence[float]): The grid.

    Returns:
        Tensor: One number for each tau, int64.
    """
    return torch.stack([(tau_scores(features, weight,
                                    tau).argmax(1) == labels).sum()
                        for tau in taus])


@HOOKS.register_module()
class TauSearchHook(Hook):
    """Give a tau-normalized classifier the tau that does best on a grid.

    Kang et al., *Decoupling Representation and Classifier for Long-Tailed
    Recognition*, 2020: tau is chosen on validation images. Here those are the
    images of ``val_dataloader``, at the end of the epoch; of equally good
    ones the smallest tau is taken. What these images are called is what
    ``mmcurv.RunRecordHook`` of the run has as ``selection_split``. Where that
    is 'test' the accuracy at the chosen tau is the best of as many as the
    grid has, on the images that it is reported on, and log and record say so.

    All accuracies of the grid are in ``<work_dir>/tau_norm.json``.

    Args:
        layer (str): Name of the classifier. Defaults to 'head.fc'.
        taus (Sequence[float], optional): The grid. Defaults to None, which is
            0, 0.1, ..., 2.

    Examples:
        >>> default_hooks = dict(
        ...     tau_search=dict(type='mmcurv.TauSearchHook'))
    """
    priority = 'NORMAL'  # before CheckpointHook

    def __init__(self, layer: str = 'head.fc', taus: Sequence[float] = None):
        self.layer = layer
        self.taus = list(GRID if taus is None else taus)
        if not self.taus:
            raise ValueError('TauSearchHook: expected at least one tau, got '
                             'none.')

    def before_train(self, runner) -> None:
        """Check that there are a classifier and images to choose by."""
        self._classifier(runner)
        if runner.val_loop is None:
            raise ValueError('TauSearchHook: expected val_dataloader, on '
                             'whose images tau is chosen, got none. Train '
                             'with validation.')

    def after_train_epoch(self, runner) -> None:
        """Choose tau, and write how good each was.

        Every process sees its share of the images.
        """
        config = dict(
            runner.cfg.val_dataloader,
            dataset=runner.val_loop.dataloader.dataset)
        with evaluated_model(runner) as model:
            features, labels = extract_features(model,
                                                shared_loader(runner, config),
                                                self.layer)
            classifier = self._classifier(runner)
            hits = tau_hits(features, labels,
                            classifier.weight.detach().cpu(), self.taus)
        counts = torch.cat([hits, torch.tensor([len(labels)])])
        all_reduce(counts)
        *hits, images = counts.tolist()
        found = [100 * (count / images) for count in hits]
        best = max(range(len(found)), key=found.__getitem__)
        split = _selection_split(runner)
        record = dict(
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            layer=self.layer,
            chosen=self.taus[best],
            selection_split=split,
            chosen_on_test=split == 'test',
            num_images=images,
            grid=[
                dict(tau=tau, accuracy=accuracy)
                for tau, accuracy in zip(self.taus, found)
            ])
        classifier.tau.fill_(self.taus[best])
        if is_main_process():
            write_json(osp.join(runner.work_dir, 'tau_norm.json'), record)
        self._tell(runner, record, found[best])

    def _tell(self, runner, record: Dict, accuracy: float) -> None:
        split = record['selection_split']
        runner.logger.info(
            f'tau {record["chosen"]:g} of {len(self.taus)} is the best on the '
            f'{split} images: {accuracy:.2f} %.')
        if record['chosen_on_test']:
            runner.logger.warning(
                'tau was chosen on the test images, so the accuracy on them '
                f'is the best of {len(self.taus)} and flatters the method.')

    def _classifier(self, runner) -> TauNormLinear:
        layer = find_layer(
            unwrapped(runner.model), self.layer, 'TauSearchHook')
        if not isinstance(layer, TauNormLinear):
            raise TypeError(
                f'TauSearchHook: expected {self.layer} to be a TauNormLinear, '
                f'got {type(layer).__name__}. Give the model '
                "head=dict(type='mmcurv.TauNormHead', ...).")
        return layer


def _selection_split(runner) -> str:
    for hook in runner.hooks:
        if isinstance(hook, RunRecordHook):
            return hook.selection_split
    return 'val'
