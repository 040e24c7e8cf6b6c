# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How many training images of each class a trained model has seen."""
from typing import List, Optional

from mmengine.config import Config

from mmcurv.datasets import class_counts, split_fingerprint
from mmcurv.registry import DATASETS
from .checkpoints import Checkpoint
from .config_options import UsageError
from .split_images import SplitImages


def known_train_counts(cfg: Config, source: Checkpoint,
                       images: List[SplitImages],
                       num_classes: int) -> Optional[List[int]]:
    """Training images of each class.

    Those that ``mmcurv.ClassCountsHook`` left in the checkpoint, else those
    of the config's train set.

    Args:
        cfg (Config): The config.
        source (Checkpoint): The checkpoint.
        images (list[SplitImages]): Splits that are built already.
        num_classes (int): C.

    Returns:
        list[int] | None: (C,), or None where the train set cannot be read,
        as on a machine that only tests.

    Raises:
        UsageError: If the model was trained on another number of classes.
    """
    if source.split is not None:
        counts = source.split.class_counts
        if len(counts) != num_classes:
            raise UsageError(
                f'checkpoint {source.path!r} was trained on {len(counts)} '
                f'classes, but the data set of the config has {num_classes}')
        return list(counts)
    built = [part.as_trained for part in images if part.split == 'train']
    try:
        if not built:
            config = cfg.train_dataloader.to_dict()['dataset']
            built = [DATASETS.build(config)]
        return class_counts(built[0], num_classes)
    except (AttributeError, KeyError, OSError, RuntimeError, TypeError,
            ValueError):
        return None


def doubts_of_train_set(source: Checkpoint, images: List[SplitImages],
                        counts: Optional[List[int]]) -> List[str]:
    """What the user should know about the train set, line by line."""
    lines = []
    if counts is None:
        lines.append('The training images of each class are not known: the '
                     'checkpoint does not tell them, and the train set of the '
                     'config cannot be read.')
    for part in images:
        if part.split == 'train' and source.split is not None:
            found = split_fingerprint(part.as_trained)
            if found != source.split.fingerprint:
                lines.append(
                    'WARNING: the train set of the config is not the one that '
                    f'the checkpoint was trained on ({source.split.dataset}, '
                    f'{sum(source.split.class_counts)} images; fingerprints '
                    f'{source.split.fingerprint[:12]} and {found[:12]}).')
    return lines
