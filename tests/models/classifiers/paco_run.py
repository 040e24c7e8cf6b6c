# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Small runs of PaCo on images of noise in two views."""
import torch
from mmengine.registry import DATASETS

from tests.engine.image_run import BATCH, NoiseImages, build, image_classifier

HOOKS = dict(
    class_counts=dict(type='mmcurv.ClassCountsHook'),
    random_state=dict(type='mmcurv.RandomStateHook'))


@DATASETS.register_module()
class TwoViews(NoiseImages):
    """Two views of each image, whose noise is drawn anew each time."""

    def prepare_data(self, idx):
        data = super().prepare_data(idx)
        views = [
            data['inputs'] + 0.1 * torch.randn(*self.shape) for _ in range(2)
        ]
        return dict(data, inputs=views)


def paco(**options):
    loss = dict(type='mmcurv.PaCoLoss', alpha=0.05, temperature=0.2)
    model = dict(
        type='mmcurv.PaCoClassifier',
        queue_size=64,
        feature_dim=8,
        head=dict(loss=loss))
    return image_classifier(**dict(model, **options))


def build_paco(work_dir,
               model=None,
               hooks=None,
               batch=BATCH,
               loader=None,
               **config):
    """A Runner of two steps in an epoch, CR in the last epoch."""
    loader = dict(
        dict(
            batch_size=batch,
            num_workers=0,
            drop_last=True,
            collate_fn=dict(type='default_collate'),
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=dict(type='TwoViews')), **(loader or {}))
    options = dict(
        model=model or paco(),
        train_dataloader=loader,
        default_hooks=dict(dict(checkpoint=None), **HOOKS, **(hooks or {})))
    return build(work_dir, **dict(options, **config))
