# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How many images a config trains on, as far as it is known."""
from typing import Any, List, NamedTuple, Optional

from mmengine.config import Config

from mmcurv.datasets import class_counts
from mmcurv.datasets.prepare import PUBLISHED
from mmcurv.engine.config_options import UsageError
from mmcurv.registry import DATASETS
from .train_counts import is_whole, train_counts

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
    counts = _built(cfg, dataset) if read_data else train_counts(cfg)
    if counts:
        return TrainSet(
            sum(counts), len(counts), max(counts), min(counts), counts)
    name = str((dataset or {}).get('type')).rpartition('.')[2]
    if name not in ONLY_TOTALS or not is_whole(dataset):
        return None
    total = PUBLISHED[ONLY_TOTALS[name]]['train']
    return TrainSet(total.images, total.classes, total.largest, total.smallest,
                    None)


def _built(cfg: Config, dataset: Any) -> List[int]:
    scope = cfg.get('default_scope') or 'mmengine'
    with DATASETS.switch_scope_and_registry(scope) as registry:
        try:
            return class_counts(registry.build(dataset))
        except (OSError, TypeError, ValueError, AssertionError) as error:
            raise UsageError(f'the train set cannot be read: {error} Leave '
                             'out --read-data to take published numbers.')
