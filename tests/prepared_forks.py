# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What trainings in forks of one process share, and none does itself."""
import gc
import logging
import os

import matplotlib.pyplot  # noqa: F401  for the Visualizer
import mmengine.config.config as mmengine_config
import torch
from mmpretrain.utils import register_all_modules


def prepare_forks():
    """Make each fork start fast; call it once, before them."""
    register_all_modules(init_default_scope=False)
    # Half of the time of a start is the look of configs that no one reads.
    mmengine_config.FormatCode = lambda text, **options: (text, False)
    torch.set_num_threads(1)
    os.environ.setdefault('MKL_NUM_THREADS', '1')  # or mmengine warns
    # It warns of each process that it ends.
    logging.getLogger('torch.multiprocessing.spawn').setLevel(logging.ERROR)
    gc.collect()
    gc.freeze()  # each data set of mmengine collects garbage
