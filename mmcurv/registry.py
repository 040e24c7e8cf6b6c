# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Child registries of scope ``mmcurv``.

mmengine imports this module by its name when it meets ``type='mmcurv.X'``
from any other scope, and each registry then imports its ``locations``; no
``custom_imports`` is needed. Keep the ``default_scope`` of your own project:
siblings are not searched from here, so ``default_scope='mmcurv'`` would hide
every class of mmpretrain.
"""
from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import \
    WEIGHT_INITIALIZERS as MMENGINE_WEIGHT_INITIALIZERS

from mmcurv.engine.safe_checkpoint import make_checkpoints_safe
from mmcurv.suggesting_registry import SuggestingRegistry

make_checkpoints_safe()

# Functions of whole batches; no other project has them, so it has no parent.
BATCH_TRANSFORMS = SuggestingRegistry(
    'batch transform', scope='mmcurv', locations=['mmcurv.models'])
DATA_SAMPLERS = SuggestingRegistry(
    'data sampler',
    parent=MMENGINE_DATA_SAMPLERS,
    scope='mmcurv',
    locations=['mmcurv.datasets'])
DATASETS = SuggestingRegistry(
    'dataset',
    parent=MMENGINE_DATASETS,
    scope='mmcurv',
    locations=['mmcurv.datasets'])
FUNCTIONS = SuggestingRegistry(
    'function',
    parent=MMENGINE_FUNCTIONS,
    scope='mmcurv',
    locations=['mmcurv.datasets'])
HOOKS = SuggestingRegistry(
    'hook',
    parent=MMENGINE_HOOKS,
    scope='mmcurv',
    locations=['mmcurv.engine.hooks'])
LOOPS = SuggestingRegistry(
    'loop',
    parent=MMENGINE_LOOPS,
    scope='mmcurv',
    locations=['mmcurv.engine.evaluation_loop'])
METRICS = SuggestingRegistry(
    'metric',
    parent=MMENGINE_METRICS,
    scope='mmcurv',
    locations=['mmcurv.evaluation'])
MODELS = SuggestingRegistry(
    'model',
    parent=MMENGINE_MODELS,
    scope='mmcurv',
    locations=['mmcurv.models'])
TRANSFORMS = SuggestingRegistry(
    'transform',
    parent=MMENGINE_TRANSFORMS,
    scope='mmcurv',
    locations=['mmcurv.datasets'])
WEIGHT_INITIALIZERS = SuggestingRegistry(
    'weight initializer',
    parent=MMENGINE_WEIGHT_INITIALIZERS,
    scope='mmcurv',
    locations=['mmcurv.models'])
