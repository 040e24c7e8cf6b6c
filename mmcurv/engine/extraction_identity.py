# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What extracted features depend on, so that stale ones are never used."""
import hashlib
import json
from typing import Any, Dict

from mmengine.config import Config

from .checkpoints import Checkpoint
from .split_images import SplitImages

WORDS = dict(
    checkpoint_sha256='the checkpoint',
    config_sha256='the model or data set in the config',
    fingerprint='the images or labels of the data set',
    layer='the layer',
    pooling='the pooling')


def extraction_identity(cfg: Config, checkpoint: Checkpoint,
                        images: SplitImages) -> Dict[str, Any]:
    """Hashes of the checkpoint, of the config and of the images.

    Of the config only what features depend on enters: the model, how images
    are read and preprocessed, and what is imported. Batch size and device
    change features in the last digits alone and do not enter.

    Returns:
        dict[str, str]: SHA-256 by name, each 64 hexadecimal digits.
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
        fingerprint=images.fingerprint)
