# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A second loader over the train set that favours the small classes."""
from mmengine.dist import get_rank, get_world_size
from torch.utils.data import DataLoader

from .weighted_loader import WeightedLoader


class MinorityLoader(WeightedLoader):
    """Batches of images drawn with weight 1/n_y^alpha, with replacement.

    Args:
        loader (DataLoader): The train loader.
        seed (int): Of the run.
        alpha (float): 1 draws all classes equally often, 0 all images.
    """

    def __init__(self, loader: DataLoader, seed: int, alpha: float):
        super().__init__(loader, seed, 1 - alpha, 'cmo', get_rank(),
                         get_world_size())
