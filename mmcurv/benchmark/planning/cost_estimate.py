# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What a config needs in memory and operations, without training it."""
from typing import NamedTuple, Optional

from mmengine.config import Config

from mmcurv.engine.curvature.feature_tap import layer_names
from .curvature_cost import StepOperations, step_operations
from .fitted_pool import fitted_pool
from .machine_speed import PASSES
from .model_size import ModelSize, model_size, pool_hook
from .pool_memory import PoolMemory, pool_memory
from .train_set import TrainSet, train_set


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
