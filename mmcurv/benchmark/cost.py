# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a config needs in memory and operations, without training it.

Neither a GPU nor the data are needed: the model is built without memory for
its weights, and the numbers of images are those that are published.
"""
import functools
import json
import os.path as osp
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from mmengine.config import Config
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
from mmcurv.engine.curvature.step import read_pool_options
from mmcurv.engine.extraction.layers import last_classifier, usual_layers
from mmcurv.engine.provenance import (canonical_json, count_parameters,
                                      multiply_adds)
from mmcurv.files import bytes_text
from mmcurv.geometry.neighbors import DEFAULT_MEMORY
from mmcurv.numbers import ABSENT, count, number
from mmcurv.registry import DATASETS
from .configs import meta_model
from .curvature_cost import (StepOperations, most_held, pool_bytes,
                             step_operations)

# A backward pass computes two products for each one of the forward pass: the
# gradients of the weights and of the input.
PASSES = 3

OF_MODEL = ('model', 'data_preprocessor', 'default_scope')
SIZES = ('crop_size', 'scale')  # of transforms that settle the image's size


class ModelSize(NamedTuple):
    """How large a model is.

    Attributes:
        multiply_adds (int, optional): Of one image's forward pass; None if
            it could not be counted.
        feature_dim (int, optional): Length p of a feature in the pool, or
            of those in all pools together; None without a pool, or if the
            layer does not tell it.
        parameters (int): Trainable and frozen ones.
    """
    multiply_adds: Optional[int]
    feature_dim: Optional[int]
    parameters: int


def model_size(cfg: Config) -> Optional[ModelSize]:
    """Build a model without memory for its weights, and measure it.

    Args:
        cfg (Config): A training config.

    Returns:
        ModelSize | None: None if the model cannot be built in this way.
    """
    hook = pool_hook(cfg)
    layers = hook and tuple(layer_names(hook['layer']))
    return _size(_model_text(cfg), image_shape(cfg), layers)


def image_shape(cfg: Config) -> Optional[Tuple[int, int, int]]:
    """Channels, height and width of a training image, if the config tells.

    Args:
        cfg (Config): A training config.

    Returns:
        tuple[int, int, int] | None: Height and width are those of the last
        transform that sets them.
    """
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset['dataset']
    found = None
    # Augmentations of whole batches come after those of single images.
    batches = (cfg.get('data_preprocessor') or {}).get('augment') or []
    transforms = [*(dataset.get('pipeline') or []), *batches]
    for transform in filter(lambda one: isinstance(one, dict), transforms):
        for key in SIZES:
            size = transform.get(key)
            if isinstance(size, int):
                size = size, size
            if isinstance(size, (list, tuple)) and len(size) == 2 and all(
                    isinstance(side, int) for side in size):
                found = tuple(size)
    mean = (cfg.get('data_preprocessor') or {}).get('mean')
    return (len(mean), *found) if found and mean else None


def pool_hook(cfg: Config) -> Optional[dict]:
    """Config of the hook of Curvature Regularization, None without it.

    Args:
        cfg (Config): A training config.

    Returns:
        dict | None: With ``layer`` and ``mixed`` as the hook will choose
        them; 'head.fc' and 'skip' where the model does not tell.
    """
    hooks = [*(cfg.get('custom_hooks') or [])]
    hooks += filter(None, (cfg.get('default_hooks') or {}).values())
    kinds = [str(hook.get('type')).rpartition('.')[2] for hook in hooks]
    if 'FeaturePoolHook' not in kinds:
        return None
    hook = dict(hooks[kinds.index('FeaturePoolHook')])
    layers, mixed = ['head.fc'], 'skip'
    try:
        model = _model(_model_text(cfg))
    except Exception:  # what is wrong with it, its training will say
        model = None
    if model is not None:
        mixing = [kind for kind in kinds if kind == 'PairedMixupHook']
        mixed, _ = usual_mixed(model, mixing)
        names, _ = usual_layers(model, 'curvature_layers')
        layers = names or _only_classifier(model, cfg) or layers
    for key, value in (('layer', layers), ('mixed', mixed)):
        if hook.get(key) is None:
            hook[key] = value
    return hook


def _only_classifier(model: torch.nn.Module, cfg: Config) -> List[str]:
    classes = (cfg.get('data_preprocessor') or {}).get('num_classes')
    try:
        return [last_classifier(model, classes)]
    except ValueError:  # none, or several; its training will say
        return []


def _model_text(cfg: Config) -> str:
    """One for all seeds and data."""
    return canonical_json(
        Config({key: cfg[key]
                for key in OF_MODEL if key in cfg}))


@functools.lru_cache(maxsize=4)
def _model(text: str) -> torch.nn.Module:
    return meta_model(Config(json.loads(text)))


@functools.lru_cache(maxsize=None)
def _size(text: str, shape: Any,
          layers: Optional[Tuple[str, ...]]) -> Optional[ModelSize]:
    try:
        model = _model(text)
    except Exception:  # what is wrong with it, its training will say
        return None
    return ModelSize(
        multiply_adds=shape and multiply_adds(model, shape),
        feature_dim=layers and _sum_of_dims(model, layers),
        parameters=count_parameters(model))


def _sum_of_dims(model: torch.nn.Module, layers: Tuple[str,
                                                       ...]) -> Optional[int]:
    dims = [_feature_dim(model, layer) for layer in layers]
    return None if None in dims else sum(dims)


def _feature_dim(model: torch.nn.Module, layer: str) -> Optional[int]:
    module = dict(model.named_modules()).get(layer)
    for name in ('in_features', 'in_channels'):
        if isinstance(getattr(module, name, None), int):
            return getattr(module, name)
    return None


# Sets of which no place but the data has the counts of the classes.
ONLY_TOTALS = dict(INaturalist2018='inaturalist2018', ImageNet='imagenet')


class TrainSet(NamedTuple):
    """Size of a train set.

    Attributes:
        images (int): N.
        classes (int): C.
        largest (int): Images of the largest class.
        smallest (int): Images of the smallest class.
        counts (list[int], optional): (C,); None if only the published total
            is known.
    """
    images: int
    classes: int
    largest: int
    smallest: int
    counts: Optional[List[int]]

    @property
    def class_sizes(self) -> List[float]:
        """Images of each class, (C,), all alike where they are unknown."""
        return self.counts or [self.images / self.classes] * self.classes


def train_set(cfg: Config, read_data: bool = False) -> Optional[TrainSet]:
    """Size of the train set of a config.

    Args:
        cfg (Config): With ``train_dataloader``.
        read_data (bool): Build the data set and count, instead of taking
            what is published. Defaults to False.

    Returns:
        TrainSet | None: None if it is not known without the data.

    Raises:
        UsageError: If the data set cannot be built.
    """
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    counts = _read_counts(cfg, dataset) if read_data else train_counts(cfg)
    if counts:
        return TrainSet(
            sum(counts), len(counts), max(counts), min(counts), counts)
    name = str((dataset or {}).get('type')).rpartition('.')[2]
    if name not in ONLY_TOTALS or not is_whole(dataset):
        return None
    total = PUBLISHED_SETS[ONLY_TOTALS[name]]['train']
    return TrainSet(total.images, total.classes, total.largest, total.smallest,
                    None)


def _read_counts(cfg: Config, dataset: Any) -> List[int]:
    scope = cfg.get('default_scope') or 'mmengine'
    with DATASETS.switch_scope_and_registry(scope) as registry:
        try:
            return class_counts(registry.build(dataset))
        except (OSError, TypeError, ValueError, AssertionError) as error:
            raise UsageError(f'the train set cannot be read: {error} Leave '
                             'out --read-data to take published numbers.')


# As published; the training sets but that of SVHN are balanced.
FULL_COUNTS = dict(
    CIFAR10=[5000] * 10,
    CIFAR100=[500] * 100,
    FashionMNIST=[6000] * 10,
    SVHN=[4948, 13861, 10585, 8497, 7458, 6882, 5727, 5595, 5045, 4659])
BUNDLED = ('FashionMini', )


def train_counts(cfg: Config) -> Optional[List[int]]:
    """Training images of each class.

    Args:
        cfg (Config): With ``train_dataloader``.

    Returns:
        list[int] | None: (C,) for bundled data, for CIFAR, SVHN,
        Fashion-MNIST and ImageNet-LT, and for long-tailed parts of these;
        None for all else.
    """
    try:
        return _counts((cfg.get('train_dataloader') or {}).get('dataset'))
    except ValueError:  # the split cannot be cut; its training will say why
        return None


def _counts(dataset: Any) -> Optional[List[int]]:
    if not isinstance(dataset, dict):
        return None
    name = str(dataset.get('type')).rpartition('.')[2]
    if name in BUNDLED:
        built = dict(dataset, pipeline=[])
        return list(_built_counts(json.dumps(built, default=repr)))
    if name == 'LongTailed':
        full = _counts(dataset.get('dataset'))
        if full is None or dataset.get('counts') is not None:
            return dataset.get('counts')
        return long_tailed_counts(full, dataset.imbalance_factor,
                                  dataset.get('profile', 'exp'),
                                  dataset.get('max_count'))
    if name == 'InMemoryDataset':
        return _counts(dataset.get('dataset'))
    if not is_whole(dataset):
        return None
    if name == 'ImageNetLT':
        return imagenet_lt_counts()
    return FULL_COUNTS.get(name)


def is_whole(dataset: dict) -> bool:
    """Whether a dataset is a published train set and no part of it.

    Args:
        dataset (dict): Config of the dataset.

    Returns:
        bool: False, too, for a list of the user's own.
    """
    parts = [dataset.get(key) for key in ('indices', 'test_mode', 'ann_file')]
    return dataset.get('split', 'train') == 'train' and not any(parts)


@functools.lru_cache(maxsize=None)
def _built_counts(dataset: str) -> Tuple[int, ...]:
    return tuple(class_counts(DATASETS.build(json.loads(dataset))))


class PoolMemory(NamedTuple):
    """Bytes of one process, of all pools together where there are several
    layers.

    Attributes:
        pool (int): The features and where each image's feature is.
        cache (int): The remembered curvatures.
        work (int): Scratch of the search for neighbours in the largest
            class, at most; of one layer, as they take turns.
    """
    pool: int
    cache: int
    work: int


def pool_memory(hook: dict,
                train_set: TrainSet,
                feature_dim: int,
                layers: int = 1,
                processes: int = 1) -> Optional[PoolMemory]:
    """Memory that the hook of Curvature Regularization takes.

    Args:
        hook (dict): Config of the hook.
        train_set (TrainSet): Size of the data.
        feature_dim (int): p, of all layers together.
        layers (int): Number of layers, each with its pool. Defaults to 1.
        processes (int): Among which the classes are divided; the memory is
            that of the fullest. Defaults to 1.

    Returns:
        PoolMemory | None: None if an option of the pool is wrong, or if it is
        capped and only the total of the images is known.
    """
    options = fitted_pool(hook)
    hook = dict(hook, pool=options)
    slots = options and pooled_images(hook, train_set)
    if slots is None:
        return None
    most = options['max_per_class']
    if processes > 1:
        sizes = [min(size, most or size) for size in train_set.class_sizes]
        slots = most_held(sizes, processes)
    dtype = options['dtype']
    size = pool_bytes(slots, train_set.images, train_set.classes, feature_dim,
                      dtype, options['addressing'] == 'index')
    computed = torch.promote_types(dtype, torch.float32).itemsize
    largest = min(train_set.largest, most or train_set.images)
    scratch = (hook.get('curvature') or {}).get('max_memory', DEFAULT_MEMORY)
    # The class itself, in a moderate unit, and centered; then as many rows of
    # distances with their ranks as fit.
    copies = 3 * largest * feature_dim // layers * computed
    rows = min(scratch, 3 * largest**2 * computed)
    return PoolMemory(
        pool=size.features + layers * size.places,
        cache=layers * size.remembered,
        work=copies + rows)


def pooled_images(hook: dict, train_set: TrainSet) -> Optional[int]:
    """Slots of a pool; None if only the data could tell."""
    most = (hook.get('pool') or {}).get('max_per_class')
    if most is None or most >= train_set.largest:
        return train_set.images
    if most <= train_set.smallest:
        return train_set.classes * most
    if train_set.counts is None:
        return None
    return sum(min(count, most) for count in train_set.counts)


def fitted_pool(hook: dict) -> Optional[Dict[str, Any]]:
    """What the pool of one layer is built with.

    Args:
        hook (dict): Config of the hook of Curvature Regularization.

    Returns:
        dict | None: With ``dtype``, ``max_per_class`` and ``addressing``;
        None if an option is wrong, which the training will say.
    """
    try:
        options = read_pool_options(hook.get('pool'))
    except ValueError:
        return None
    options['addressing'] = 'index' if is_indexed(hook) else 'fifo'
    return {'dtype': torch.float32, 'max_per_class': None, **options}


def is_indexed(hook: dict) -> bool:
    """Whether each image has its slot, with data that number their images.
    """
    addressing = (hook.get('pool') or {}).get('addressing')
    if addressing is None:
        return hook.get('mixed', 'skip') == 'skip'
    return addressing == 'index'


class CostEstimate(NamedTuple):
    """What a config needs; None for what is not known.

    Attributes:
        model (ModelSize, optional): Parameters and operations of the model.
        data (TrainSet, optional): Images and classes.
        regularized (bool): Whether the config has Curvature Regularization.
        memory (PoolMemory, optional): Of its pool; None without CR.
        step (StepOperations, optional): Of CR in one step and process; None
            without CR.
        share (float, optional): Of CR in the multiply-adds of a step, in
            [0, 1]; 0 without CR. A step of the model is its forward pass
            times three. At least so much where only the total of the images
            is known, for uneven classes have larger neighbourhoods.
    """
    model: Optional[ModelSize]
    data: Optional[TrainSet]
    regularized: bool
    memory: Optional[PoolMemory]
    step: Optional[StepOperations]
    share: Optional[float]


def estimate_cost(cfg: Config,
                  read_data: bool = False,
                  processes: int = 1) -> CostEstimate:
    """Estimate what a config needs.

    Args:
        cfg (Config): A training config.
        read_data (bool): Count the classes in the data instead of taking
            published numbers. Defaults to False.
        processes (int): Of the training, each with a batch of its own. They
            share the work of the pool. Defaults to 1.

    Returns:
        CostEstimate: Of one process.

    Raises:
        UsageError: If the data are to be read and cannot be.
    """
    model, data = model_size(cfg), train_set(cfg, read_data)
    hook = pool_hook(cfg)
    if hook is None:
        return CostEstimate(model, data, False, None, None, 0.)
    if not (model and data and model.feature_dim):
        return CostEstimate(model, data, True, None, None, None)
    layers = len(layer_names(hook['layer']))
    memory = pool_memory(hook, data, model.feature_dim, layers, processes)
    batch = cfg.train_dataloader.get('batch_size')
    step = _step(hook, data, model.feature_dim, layers, batch, processes)
    share = None
    if step and model.multiply_adds:
        own = PASSES * model.multiply_adds * batch
        share = step.total / (step.total + own)
    return CostEstimate(model, data, True, memory, step, share)


def _step(hook: dict, data: TrainSet, feature_dim: int, layers: int,
          batch: Optional[int], processes: int) -> Optional[StepOperations]:
    if not batch:
        return None
    curvature = hook.get('curvature') or {}
    pool = fitted_pool(hook) or hook.get('pool') or {}
    chosen = {
        name: curvature[name]
        for name in ('k', 'tangent_dim') if name in curvature
    }
    one = step_operations(
        data.class_sizes,
        feature_dim // layers,
        batch * processes,
        refresh=hook.get('refresh', 'batch'),
        max_per_class=pool.get('max_per_class'),
        **chosen)
    part = layers / processes
    return StepOperations(*(part * value for value in one))


PUBLISHED = '*'
COUNTED = (
    'Multiply-adds: one image, forward; convolutions and matrix products. '
    'Pool, cache and work: bytes of each process, beside weights, gradients, '
    'optimizer state and activations; work is the search for neighbours, at '
    'most. CR of a step: distances, Gram matrices, eigenvectors and fit, over '
    'these and three forward passes of the batch; operations, not time.')
TOTAL = (f'{PUBLISHED} From the published total, not from the data: with '
         'classes all alike, the least that CR can cost. --read-data counts.')
UNKNOWN = (f'{ABSENT} of the data: the classes are known only from the files. '
           '--read-data counts them.')
NO_MODEL = (f'{ABSENT} of the model: the config has none, or it cannot be '
            'built, which training it will explain.')


def cost_table(costs: Sequence[Tuple[str, CostEstimate]]) -> RenderableType:
    """One line for each config.

    Args:
        costs (Sequence[tuple[str, CostEstimate]]): Paths of configs and what
            they need.

    Returns:
        RenderableType: A table, and below it what was counted.
    """
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
    notes = [COUNTED]
    data = [cost.data for _, cost in costs]
    if any(one and one.counts is None for one in data):
        notes.append(TOTAL)
    if None in data:
        notes.append(UNKNOWN)
    if any(cost.model is None for _, cost in costs):
        notes.append(NO_MODEL)
    return Group(table, *(Text(note, style='dim') for note in notes))


def share_text(share: Optional[float]) -> str:
    """A small fraction in per cent, '0.041 %'."""
    return ABSENT if share is None else f'{number(100 * share, 2)}\u00a0%'


def _size_text(size: Optional[int]) -> str:
    return ABSENT if size is None else bytes_text(size)


def _row(path: str, cost: CostEstimate) -> Dict[str, str]:
    model, data, memory = cost.model, cost.data, cost.memory
    mark = PUBLISHED if data and data.counts is None else ''
    added = model and model.multiply_adds
    least = '≥\u00a0' if mark and cost.share else ''
    without = '' if cost.regularized else 'no CR'
    return {
        'Config': osp.splitext(osp.basename(path))[0],
        'Parameters': count(model and model.parameters),
        'Multiply-adds': f'{added / 1e6:,.0f}\u00a0M' if added else ABSENT,
        'Images': count(data and data.images) + mark,
        'Classes': count(data and data.classes),
        'Pool': without or _size_text(memory and memory.pool),
        'Cache': '' if without else _size_text(memory and memory.cache),
        'Work': '' if without else _size_text(memory and memory.work),
        'CR of a step': '' if without else least + share_text(cost.share),
    }
