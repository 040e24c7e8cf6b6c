# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a config needs in memory and operations, without training it.

Neither a GPU nor the data are needed: model and feature pool are built without
memory for their numbers, and images are counted as published.

Letters: n images of a class, C classes, p features, k neighbours, m tangent
dims, q = m(m+1)/2 unknowns of the fit.
"""
import functools
import json
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import HOOKS, DefaultScope
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mmcurv.arguments import UsageError
from mmcurv.datasets import class_counts, long_tailed_counts
from mmcurv.datasets.published import PUBLISHED as PUBLISHED_SETS
from mmcurv.datasets.published import imagenet_lt_counts
from mmcurv.engine.curvature.feature_tap import layer_names
from mmcurv.engine.curvature.hook import usual_mixed
from mmcurv.engine.curvature.sharding import class_owners
from mmcurv.engine.extraction.layers import last_classifier, usual_layers
from mmcurv.engine.provenance import (canonical_json, count_parameters,
                                      multiply_adds)
from mmcurv.files import bytes_text
from mmcurv.numbers import ABSENT, count, number
from mmcurv.registry import DATASETS
from mmcurv.regularization import FeaturePool, PooledCurvature
from .configs import meta_model

# A backward pass computes two products for each one of the forward pass: the
# gradients of the weights and of the input.
PASSES = 3
FULL_EIGEN = 4.5  # times s^3: eigenvectors by QR, Golub & Van Loan, 8.3
OF_MODEL = ('model', 'data_preprocessor', 'default_scope')
SIZES = ('crop_size', 'scale')  # of transforms that settle the image's size
# Types of data sets to what is published of them.
SETS = dict(
    CIFAR10='cifar10',
    CIFAR100='cifar100',
    FashionMNIST='fashion-mnist',
    SVHN='svhn',
    ImageNetLT='imagenet-lt',
    ImageNet='imagenet',
    INaturalist2018='inaturalist2018')
SVHN = [4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659]


class TrainSet(NamedTuple):
    """Size of a train set.

    Attributes:
        sizes (list[int]): (C,) images of each class.
        counted (bool): Whether they are those of each class; else only the
            total is published, and ``sizes`` are all alike.
        largest (int): Images of the largest class.
    """
    sizes: List[int]
    counted: bool
    largest: int


class StepOperations(NamedTuple):
    """Multiply-adds of one step, and the points that it measures.

    Attributes:
        points (float): Whose curvature is measured, as expected.
        distances (float): Of points to their classes: the matrix product and
            the squared norms.
        gram (float): Matrices of inner products of neighbours.
        eigen (float): All eigenvectors of these, by LAPACK. Where many are
            decomposed at once only a few are computed, in fewer operations.
        fit (float): Frames, coordinates in them and the quadric, forward and
            backward; only coordinates and fit carry gradient.
    """
    points: float
    distances: float
    gram: float
    eigen: float
    fit: float

    @property
    def total(self) -> float:
        """Sum of all parts."""
        return self.distances + self.gram + self.eigen + self.fit


class CostEstimate(NamedTuple):
    """What a config needs; None for what is not known.

    Attributes:
        parameters (int, optional): Trainable and frozen ones.
        multiply_adds (int, optional): Of one image's forward pass.
        data (TrainSet, optional): Images and classes.
        regularized (bool): Whether the config has Curvature Regularization.
        pool (int, optional): Bytes of features and of where each image's
            feature is, in one process, of all layers together.
        cache (int, optional): Bytes of what is remembered of them.
        work (int, optional): Bytes of scratch of the search for neighbours
            in the largest class, at most; layers take turns.
        step (StepOperations, optional): Of CR in one step and process.
        share (float, optional): Of CR in the multiply-adds of a step, in
            [0, 1]; 0 without CR. A step of the model is its forward pass
            times three. At least so much where the classes are not counted,
            for uneven classes have larger neighbourhoods.
    """
    parameters: Optional[int]
    multiply_adds: Optional[int]
    data: Optional[TrainSet]
    regularized: bool
    pool: Optional[int] = None
    cache: Optional[int] = None
    work: Optional[int] = None
    step: Optional[StepOperations] = None
    share: Optional[float] = None


def estimate_cost(cfg: Config,
                  read_data: bool = False,
                  processes: int = 1) -> CostEstimate:
    """Estimate what a config needs in one process.

    Args:
        cfg (Config): A training config.
        read_data (bool): Count the classes in the data instead of taking
            published numbers. Defaults to False.
        processes (int): Of the training, each with a batch of its own. They
            share the work of the pool. Defaults to 1.

    Raises:
        UsageError: If the data are to be read and cannot be.
    """
    model, data, shape = config_model(cfg), train_set(cfg, read_data), None
    hook = pool_hook(cfg)
    found = CostEstimate(None, None, data, hook is not None)
    if model is not None:
        shape = image_shape(cfg)
        found = found._replace(
            parameters=count_parameters(model),
            multiply_adds=shape and multiply_adds(model, shape))
    if hook is None:
        return found._replace(share=0.)
    dims = [
        feature_dim(model, name)
        for name in (layer_names(hook['layer']) if model else ())
    ]
    if not (data and dims and all(dims)):
        return found
    pools = _pools(hook, data, dims, processes)
    if not pools:
        return found
    largest = (hook.get('pool') or {}).get('max_per_class') or data.largest
    found = found._replace(
        pool=sum(_bytes(one.pool) for one in pools),
        cache=sum(_bytes(one, recurse=False) for one in pools),
        work=max(_work(one, min(largest, data.largest)) for one in pools))
    batch = cfg.train_dataloader.get('batch_size')
    if not batch or hook.get('measure', 'curvature') != 'curvature':
        return found
    steps = [step_operations(one, data.sizes, batch * processes, largest)
             for one in pools]  # yapf: disable
    step = StepOperations(*(sum(parts) / processes for parts in zip(*steps)))
    if found.multiply_adds:
        own = PASSES * found.multiply_adds * batch
        found = found._replace(share=step.total / (step.total + own))
    return found._replace(step=step)


def config_model(cfg: Config) -> Optional[torch.nn.Module]:
    """The model of a config without memory for its weights; None if it cannot
    be built, of which its training will say why."""
    # One for all seeds and data.
    text = canonical_json(
        Config({key: cfg[key]
                for key in OF_MODEL if key in cfg}))
    try:
        return _built(text)
    except Exception:  # any code of a model may stand behind it
        return None


@functools.lru_cache(maxsize=4)
def _built(text: str) -> torch.nn.Module:
    return meta_model(Config(json.loads(text)))


def image_shape(cfg: Config) -> Optional[Tuple[int, int, int]]:
    """Channels, height and width of a training image; None if the config does
    not tell. The last transform that sets a size has the last word."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset['dataset']
    found, before = None, cfg.get('data_preprocessor') or {}
    # Augmentations of whole batches come after those of single images.
    for transform in [
            *(dataset.get('pipeline') or []), *(before.get('augment') or [])
    ]:
        for key in SIZES if isinstance(transform, dict) else ():
            size = transform.get(key)
            if isinstance(size, int):
                size = size, size
            if isinstance(size, (list, tuple)) and len(size) == 2 and all(
                    isinstance(side, int) for side in size):
                found = tuple(size)
    mean = before.get('mean')
    return (len(mean), *found) if found and mean else None


def pool_hook(cfg: Config) -> Optional[dict]:
    """Config of the hook of Curvature Regularization with ``layer`` and
    ``mixed`` as the hook will choose them ('head.fc' and 'skip' where the
    model does not tell); None without the hook."""
    hooks = [*(cfg.get('custom_hooks') or [])]
    hooks += filter(None, (cfg.get('default_hooks') or {}).values())
    kinds = [str(hook.get('type')).rpartition('.')[2] for hook in hooks]
    if 'FeaturePoolHook' not in kinds:
        return None
    hook, model = dict(hooks[kinds.index('FeaturePoolHook')]), None
    if hook.get('layer') is None or hook.get('mixed') is None:
        model = config_model(cfg)
    layers, mixed = ['head.fc'], 'skip'
    if model is not None:
        mixing = [kind for kind in kinds if kind == 'PairedMixupHook']
        mixed, _ = usual_mixed(model, mixing)
        names, _ = usual_layers(model, 'curvature_layers')
        classes = (cfg.get('data_preprocessor') or {}).get('num_classes')
        try:
            layers = names or [last_classifier(model, classes)]
        except ValueError:  # none, or several; its training will say
            pass
    for key, value in (('layer', layers), ('mixed', mixed)):
        if hook.get(key) is None:
            hook[key] = value
    return hook


def feature_dim(model: torch.nn.Module, layer: str) -> Optional[int]:
    """Length p of the input of a layer; None if it does not tell."""
    module = dict(model.named_modules()).get(layer)
    for name in ('in_features', 'in_channels'):
        if isinstance(getattr(module, name, None), int):
            return getattr(module, name)
    return None


def train_set(cfg: Config, read_data: bool = False) -> Optional[TrainSet]:
    """Size of the train set of a config, None if it is not known without the
    data. With ``read_data`` the data set is built and counted, instead of
    taking what is published; UsageError if it cannot be."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    if read_data:
        scope = cfg.get('default_scope') or 'mmengine'
        with DATASETS.switch_scope_and_registry(scope) as registry:
            try:
                sizes = class_counts(registry.build(dataset))
            except (OSError, TypeError, ValueError, AssertionError) as error:
                raise UsageError(
                    f'the train set cannot be read: {error} Leave out '
                    '--read-data to take published numbers.') from error
        return TrainSet(sizes, True, max(sizes))
    try:
        sizes = _counts(dataset)
    except ValueError:  # the split cannot be cut; its training will say why
        return None
    if sizes:
        return TrainSet(sizes, True, max(sizes))
    total = _published(dataset)
    if total is None:
        return None
    each, more = divmod(total.images, total.classes)
    sizes = [each + 1] * more + [each] * (total.classes - more)
    return TrainSet(sizes, False, total.largest)


def _counts(dataset: dict) -> Optional[List[int]]:
    """(C,) for bundled data, published ones and long-tailed parts of them."""
    name = str(dataset.get('type')).rpartition('.')[2]
    if name == 'FashionMini':
        return list(_bundled(json.dumps(dict(dataset, pipeline=[]),
                                        default=repr)))  # yapf: disable
    if name == 'InMemoryDataset':
        return _counts(dataset.get('dataset') or {})
    if name == 'LongTailed':
        full = _counts(dataset.get('dataset') or {})
        if full is None or dataset.get('counts') is not None:
            return dataset.get('counts')
        return long_tailed_counts(full, dataset['imbalance_factor'],
                                  dataset.get('profile', 'exp'),
                                  dataset.get('max_count'))
    total = _published(dataset)
    if total is None:
        return None
    if name in ('SVHN', 'ImageNetLT'):
        return SVHN if name == 'SVHN' else imagenet_lt_counts()
    even = total.largest == total.smallest
    return [total.largest] * total.classes if even else None


def _published(dataset: dict) -> Any:
    """Published numbers of a train set, unless it is a part of one."""
    name = str(dataset.get('type')).rpartition('.')[2]
    parts = [dataset.get(key) for key in ('indices', 'test_mode', 'ann_file')]
    if name not in SETS or any(parts) or dataset.get('split',
                                                     'train') != 'train':
        return None
    return PUBLISHED_SETS[SETS[name]]['train']


@functools.lru_cache(maxsize=None)
def _bundled(dataset: str) -> Tuple[int, ...]:
    return tuple(class_counts(DATASETS.build(json.loads(dataset))))


def _pools(hook: dict, data: TrainSet, dims: Sequence[int],
           processes: int) -> List[PooledCurvature]:
    """The pools of the fullest process as the hook builds them, without
    memory; none if an option is wrong, or only the data tell the slots."""
    try:
        with DefaultScope.overwrite_default_scope('mmcurv'):
            step = next(iter(HOOKS.build(hook).steps.values()))
    except (TypeError, ValueError):  # its training will say
        return []
    options = {'class_counts': data.sizes, **step.pool_options}
    options['device'] = 'meta'
    options.setdefault('addressing',
                       'index' if step.mixed == 'skip' else 'fifo')
    most = options.get('max_per_class')
    if most and most < data.largest and not data.counted:
        return []
    held = [min(n, most or n) for n in options['class_counts']]
    owners = class_owners(held, processes)
    sizes = torch.tensor(held)
    fullest = max(range(processes), key=lambda i: sizes[owners == i].sum())
    return [
        PooledCurvature(
            FeaturePool(feature_dim=dim, classes=owners == fullest, **options),
            **step.curvature_options) for dim in dims
    ]


def _bytes(module: torch.nn.Module, recurse: bool = True) -> int:
    return sum(one.numel() * one.element_size()
               for one in module.buffers(recurse))


def _work(pooled: PooledCurvature, largest: int) -> int:
    """The class itself, in a moderate unit, and centered; then as many rows
    of distances with their ranks as fit."""
    features = pooled.pool.features
    size = torch.promote_types(features.dtype, torch.float32).itemsize
    copies = 3 * largest * features.shape[1] * size
    return copies + min(pooled.max_memory, 3 * largest**2 * size)


def step_operations(pooled: PooledCurvature, class_sizes: Sequence[int],
                    batch_size: int, largest: int) -> StepOperations:
    """Count what a step costs once the pool is full, as expected.

    Distances and the small matrices are counted, not sorting, indexing,
    element-wise operations, or the first measurement of all points.

    Args:
        pooled (PooledCurvature): Its options, and the length of a feature.
        class_sizes (Sequence[int]): (C,) training images of each class.
        batch_size (int): Images, drawn evenly from all.
        largest (int): Most features that a class has in the pool.
    """
    images = np.asarray(class_sizes, dtype=float)
    share = images / images.sum()
    size = np.minimum(images, largest)
    measured = batch_size * share
    met = 1 - (1 - share)**batch_size  # chance that a batch meets the class
    if pooled.refresh == 'all':
        met, measured = np.ones_like(size), size
    elif pooled.refresh == 'neighbors':
        measured = measured * (1 + pooled.sample)
    points, p, k = measured.sum(), pooled.pool.features.shape[1], pooled.k
    m = pooled.fit_options['tangent_dim']
    q, small = m * (m + 1) // 2, min(k, p)
    project = k * p * (m + 1)
    quadric = k * q * q + q**3 / 3 + 2 * k * q
    return StepOperations(
        points=points,
        distances=float((measured * size + met * size).sum() * p),
        gram=points * k * p * small,
        eigen=points * FULL_EIGEN * small**3,
        # Directions and coordinates forward, coordinates backward.
        fit=points * (3 * project + 3 * quadric))


MARK = '*'
COUNTED = (
    'Multiply-adds: one image, forward; convolutions and matrix products. '
    'Pool, cache and work: bytes of each process, beside weights, gradients, '
    'optimizer state and activations; work is the search for neighbours, at '
    'most. CR of a step: distances, Gram matrices, eigenvectors and fit, over '
    'these and three forward passes of the batch; operations, not time.')
TOTAL = (f'{MARK} From the published total, not from the data: with '
         'classes all alike, the least that CR can cost. --read-data counts.')
UNKNOWN = (f'{ABSENT} of the data: the classes are known only from the files. '
           '--read-data counts them.')
NO_MODEL = (f'{ABSENT} of the model: the config has none, or it cannot be '
            'built, which training it will explain.')


def cost_table(costs: Sequence[Tuple[str, CostEstimate]]) -> RenderableType:
    """One line for each named config, and below what was counted."""
    rows = [_row(*cost) for cost in costs]
    table = Table(box=box.SIMPLE_HEAD)
    for name in rows[0] if rows else ():
        left = name == 'Config'
        table.add_column(
            name,
            justify='left' if left else 'right',
            overflow='fold',
            no_wrap=not left)
    for row in rows:
        table.add_row(*row.values())
    data = [cost.data for _, cost in costs]
    notes = [
        (True, COUNTED),
        (any(one and not one.counted for one in data), TOTAL),
        (None in data, UNKNOWN),
        (any(cost.parameters is None for _, cost in costs), NO_MODEL),
    ]
    return Group(table,
                 *(Text(note, style='dim') for holds, note in notes if holds))


def share_text(share: Optional[float]) -> str:
    """A small fraction in per cent, '0.041 %'."""
    return ABSENT if share is None else f'{number(100 * share, 2)}\u00a0%'


def _row(path: str, cost: CostEstimate) -> Dict[str, str]:
    data, added = cost.data, cost.multiply_adds
    mark = MARK if data and not data.counted else ''
    least = '≥\u00a0' if mark and cost.share else ''
    row = {
        'Config': osp.splitext(osp.basename(path))[0],
        'Parameters': count(cost.parameters),
        'Multiply-adds': f'{added / 1e6:,.0f}\u00a0M' if added else ABSENT,
        'Images': count(data and sum(data.sizes)) + mark,
        'Classes': count(data and len(data.sizes)),
    }
    for name, size in (('Pool', cost.pool), ('Cache', cost.cache),
                       ('Work', cost.work)):
        row[name] = ABSENT if size is None else bytes_text(size)
    row['CR of a step'] = least + share_text(cost.share)
    if not cost.regularized:
        row.update({'Pool': 'no CR', 'Cache': '', 'Work': ''})
        row['CR of a step'] = ''
    return row
