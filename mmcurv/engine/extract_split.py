# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One pass over a split that fills the banks of several layers."""
import time
from typing import Callable, Dict, Sequence

import numpy as np
import torch
from torch import nn

from .batch_results import batch_columns, predict
from .config_options import UsageError
from .layer_taps import LayerTaps
from .split_images import SplitImages
from .tap_points import TapPoint
from .unfinished_bank import UnfinishedBank

SECONDS_AT_RISK = 5.  # work that a killed process loses at most


@torch.no_grad()
def extract_split(model: nn.Module, images: SplitImages,
                  points: Sequence[TapPoint], banks: Dict[str, UnfinishedBank],
                  pooling: str, num_classes: int,
                  watch: Callable[[int, int], None]) -> None:
    """Fill banks from where they are to the last image.

    Whatever interrupts it, the rows that are done are kept.

    Args:
        model (nn.Module): In evaluation mode, on its device.
        images (SplitImages): N images.
        points (Sequence[TapPoint]): Where features are taken.
        banks (dict[str, UnfinishedBank]): One for each label of the points.
        pooling (str): Of maps and tokens.
        num_classes (int): C.
        watch (Callable): Called with the images that are done and N.

    Raises:
        UsageError: If the model does not fit the images or the layers.
    """
    done, total = min(bank.done for bank in banks.values()), len(images.labels)
    watch(done, total)
    kept = time.monotonic()
    with LayerTaps(model, points, pooling) as taps:
        try:
            for batch in images.batches(done):
                columns = batch_columns(predict(model, batch), num_classes)
                rows = taps.take()
                _check_order(images, done, columns.pop('labels'))
                for label, features in rows.items():
                    _check_length(label, features, columns['predictions'])
                    banks[label].write(done, features.numpy(), **columns)
                done += len(columns['predictions'])
                if time.monotonic() - kept > SECONDS_AT_RISK:
                    _keep(banks)
                    kept = time.monotonic()
                watch(done, total)
        finally:
            _keep(banks)


def _keep(banks: Dict[str, UnfinishedBank]) -> None:
    for bank in banks.values():
        bank.keep()


def _check_order(images: SplitImages, start: int, labels: np.ndarray) -> None:
    expected = images.labels[start:start + len(labels)]
    wrong = np.flatnonzero(expected != labels)
    if wrong.size:
        raise UsageError(
            f'image {start + wrong[0]} of the {images.split} set has label '
            f'{expected[wrong[0]]}, but label {labels[wrong[0]]} came out of '
            'its pipeline; use a pipeline that keeps images in order and '
            'drops none')


def _check_length(label: str, features: torch.Tensor,
                  predictions: np.ndarray) -> None:
    if len(features) != len(predictions):
        raise UsageError(
            f'--layers {label}: expected one row per image, got '
            f'{len(features)} for {len(predictions)} images; choose a layer '
            'that sees each image once')
