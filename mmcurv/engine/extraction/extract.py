# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Features, labels and predictions of a checkpoint, kept as feature banks.
"""
import hashlib
import json
import os.path as osp
import re
import time
from datetime import datetime, timezone
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from mmcurv.arguments import POOLINGS, UsageError
from mmcurv.engine.checkpoints import Checkpoint, read_checkpoint
from mmcurv.engine.stages.run import load_final_config
from mmcurv.version import __version__
from .images import SplitImages, split_images
from .layers import LayerTaps, TapPoint, has_class_token, resolve_layers
from .model import (batch_columns, build_model, checked_device, describe_model,
                    doubts_of_train_set, known_train_counts, load_checkpoint,
                    name_classes, predict)
from .unfinished_bank import UnfinishedBank, ask_for_space

SECONDS_AT_RISK = 5.  # work that a killed process loses at most
WORDS = dict(
    checkpoint_sha256='the checkpoint',
    config_sha256='the model or data set in the config',
    fingerprint='the images or labels of the data set',
    files_sha256='an image file, by size or time of its last change,',
    layer='the layer',
    pooling='the pooling')


def extract_banks(
    config: str,
    checkpoint: str,
    layers: Sequence[str] = ('last', ),
    splits: Sequence[str] = ('train', 'test'),
    pooling: str = 'avg',
    out_dir: str = 'features',
    cfg_options: Optional[dict] = None,
    device: Optional[str] = None,
    say: Optional[Callable[[str], None]] = None,
    watch: Optional[Callable[[str, int, int], None]] = None
) -> Dict[Tuple[str, str], str]:
    """Extract features of a checkpoint, split by split.

    Each layer and split goes into a folder that
    :func:`~mmcurv.audit.feature_bank.load_bank` reads. All layers of a
    split are extracted in one pass. What is finished is not done again, and
    what was interrupted goes on where it was, unless checkpoint, config or
    data have changed: then it starts anew.

    Args:
        config (str): Path of a config that ``tools/train.py`` runs.
        checkpoint (str): Path of a checkpoint that was trained with it.
        layers (Sequence[str]): Each 'last' (the input of the last classifier
            layer), a fraction of the backbone's depth such as '1/3', or a
            module's name, see
            :func:`~mmcurv.engine.extraction.layers.resolve_layers`.
            Defaults to ('last', ).
        splits (Sequence[str]): 'train' is the train set without augmentation,
            'test' the test set. Defaults to ('train', 'test').
        pooling (str): Of maps and tokens, see
            :func:`~mmcurv.engine.extraction.layers.pool_map`. Defaults to
            'avg'.
        out_dir (str): Its folders are named ``<split>/<layer>``, with
            ``+<pooling>`` behind if that is not 'avg'. Defaults to
            'features'.
        cfg_options (dict, optional): Changes of the config by dotted key.
            Defaults to None.
        device (str, optional): Such as 'cpu' or 'cuda:1'. Defaults to None,
            which is an accelerator if there is one.
        say (Callable, optional): Called with each line for the user.
            Defaults to None.
        watch (Callable, optional): Called after every batch with the split,
            the images that are done, and how many there are. Defaults to
            None.

    Returns:
        dict[tuple[str, str], str]: Folder of each (layer, split). The layer
        is the one found, such as 'backbone.layer2.1', in the order asked.

    Raises:
        UsageError: If what is asked for is not there or does not fit; a
            ValueError whose message says what to do.
    """
    if pooling not in POOLINGS:
        raise UsageError(f"--pooling: expected one of {', '.join(POOLINGS)}, "
                         f'got {pooling!r}')
    options = cfg_options or {}
    say, watch = say or _ignore, watch or _ignore
    try:
        cfg = load_final_config(config, options, None)
    except (OSError, SyntaxError) as error:
        raise UsageError(f'config {config!r} cannot be read: '
                         f'{error}') from error
    device = checked_device(device)
    source = read_checkpoint(checkpoint)
    folders = {}
    with DefaultScope.overwrite_default_scope(
            cfg.get('default_scope') or 'mmengine'):
        images = [split_images(cfg, split) for split in dict.fromkeys(splits)]
        model = build_model(cfg)
        names = [name_classes(model, source, part) for part in images]
        counts = known_train_counts(cfg, source, images, len(names[0]))
        points = resolve_layers(model, layers, len(names[0]))
        if pooling == 'cls' and not has_class_token(model):
            raise UsageError(f'--pooling cls: {type(model).__name__} has no '
                             'class token; choose avg, max or flatten')
        load_checkpoint(model, source, config, counts)
        model.to(device).eval()
        lines = [point.describe() for point in points]
        for line in lines + doubts_of_train_set(source, images, counts):
            say(line)
        metadata, banks = {}, {}
        for part in images:
            metadata[part.split] = dict(
                source='checkpoint',
                config=config,
                cfg_options={
                    k: str(v)
                    for k, v in options.items()
                },
                checkpoint=source.path,
                epoch=source.epoch,
                iteration=source.iteration,
                model=describe_model(cfg.model),
                pooling=pooling,
                split=part.split,
                train_fingerprint=source.split and source.split.fingerprint,
                device=device,
                mmcurv=__version__,
                torch=str(torch.__version__),
                **extraction_identity(cfg, source, part))
            for point in points:
                folder = bank_folder(out_dir, point.label, part.split, pooling)
                folders[point.label, part.split] = folder
                banks[point.label, part.split] = _open(folder, point,
                                                       metadata[part.split],
                                                       len(part.labels), say)
        for part, part_names in zip(images, names):
            _complete(model, part, points, banks, metadata[part.split],
                      part_names, counts, watch)
    return folders


def bank_folder(out_dir: str,
                layer: str,
                split: str,
                pooling: str = 'avg') -> str:
    """Where ``extract_banks`` puts a layer of a split.

    Args:
        out_dir (str): As given to it.
        layer (str): The layer that it found.
        split (str): 'train' or 'test'.
        pooling (str): Defaults to 'avg'.

    Returns:
        str: A folder under ``out_dir``.
    """
    # No file name on Windows holds a colon; a slash would lead elsewhere.
    name = re.sub(r'[:/\\\0]|^\.*$', '-', layer)
    return osp.join(out_dir, split,
                    name if pooling == 'avg' else f'{name}+{pooling}')


def _ignore(*_) -> None:
    """For whoever wants to see and hear nothing."""


def _open(folder: str, point: TapPoint, metadata: dict, num_rows: int,
          say: Callable[[str], None]) -> UnfinishedBank:
    """Open a bank and say how far it is."""
    identity = {name: metadata[name] for name in WORDS if name != 'layer'}
    bank = UnfinishedBank(folder, dict(identity, layer=point.label), num_rows)
    what = f'{metadata["split"]}, {point.label}'
    if bank.finished:
        say(f'{what}: finished before, nothing to do')
    elif bank.done:
        say(f'{what}: goes on at image {bank.done} of {num_rows}')
    elif bank.broken:
        say(f'{what}: starts anew, since {bank.broken}')
    elif bank.changed:
        reasons = ', '.join(WORDS[name] for name in bank.changed)
        say(f'{what}: starts anew, since {reasons} changed')
    else:
        say(f'{what}: {num_rows} images')
    return bank


def _complete(model: nn.Module, images: SplitImages,
              points: Sequence[TapPoint], banks: Dict[Tuple[str, str],
                                                      UnfinishedBank],
              metadata: dict, class_names: List[str],
              counts: Optional[List[int]], watch: Callable[[str, int, int],
                                                           None]) -> None:
    """Finish the banks of a split that are not finished."""
    points = [
        point for point in points
        if not banks[point.label, images.split].finished
    ]
    if not points:
        return
    extract_split(model, images, points, banks, metadata['pooling'],
                  len(class_names), partial(watch, images.split))
    paths = images.paths()
    for point in points:
        bank = banks[point.label, images.split]
        confidence = bank.column('confidence')
        bank.finish(
            labels=images.labels,
            class_names=class_names,
            predictions=bank.column('predictions'),
            confidence=None if np.isnan(confidence).any() else confidence,
            train_counts=None if counts is None else np.array(counts),
            paths=paths,
            metadata=dict(
                metadata,
                layer=point.label,
                side=point.side,
                created=datetime.now(
                    timezone.utc).isoformat(timespec='seconds')))


@torch.no_grad()
def extract_split(model: nn.Module, images: SplitImages,
                  points: Sequence[TapPoint],
                  banks: Dict[Tuple[str, str], UnfinishedBank], pooling: str,
                  num_classes: int, watch: Callable[[int, int], None]) -> None:
    """Fill banks from where they are to the last image.

    Whatever interrupts it, the rows that are done are kept.

    Args:
        model (nn.Module): In evaluation mode, on its device.
        images (SplitImages): N images.
        points (Sequence[TapPoint]): Where features are taken.
        banks (dict[tuple[str, str], UnfinishedBank]): By label of the point
            and split; also those of other splits, which will need space.
        pooling (str): Of maps and tokens.
        num_classes (int): C.
        watch (Callable): Called with the images that are done and N.

    Raises:
        UsageError: If the model does not fit the images or the layers.
    """
    own = {point.label: banks[point.label, images.split] for point in points}
    done, total = min(bank.done for bank in own.values()), len(images.labels)
    watch(done, total)
    kept, asked = time.monotonic(), False
    with LayerTaps(model, points, pooling) as taps:
        try:
            for batch in images.batches(done):
                columns = batch_columns(predict(model, batch), num_classes)
                rows = taps.take()
                _check_order(images, done, columns.pop('labels'))
                if not asked:
                    ask_for_space(banks, rows, columns, images.split)
                    asked = True
                for label, features in rows.items():
                    _check_length(label, features, columns['predictions'])
                    own[label].write(done, features.numpy(), **columns)
                done += len(columns['predictions'])
                if time.monotonic() - kept > SECONDS_AT_RISK:
                    _keep(own)
                    kept = time.monotonic()
                watch(done, total)
        finally:
            _keep(own)


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


def extraction_identity(cfg: Config, checkpoint: Checkpoint,
                        images: SplitImages) -> Dict[str, Any]:
    """What features depend on, so that stale ones are never used.

    Of the config only what features depend on enters: the model, how images
    are read and preprocessed, and what is imported. Batch size and device
    change features in the last digits alone and do not enter.

    Returns:
        dict[str, str]: SHA-256 by name, each 64 hexadecimal digits; None for
        the files of images that lie in none.
    """
    used = {
        name: cfg.get(name)
        for name in ('default_scope', 'custom_imports', 'model',
                     'data_preprocessor')
    }
    used = Config(used).to_dict()
    used['dataset'] = images.dataset_config
    used['collate_fn'] = images.loader.get('collate_fn')
    text = json.dumps(used, sort_keys=True, default=repr)
    return dict(
        checkpoint_sha256=checkpoint.sha256,
        config_sha256=hashlib.sha256(text.encode()).hexdigest(),
        fingerprint=images.fingerprint,
        files_sha256=images.files_sha256)
