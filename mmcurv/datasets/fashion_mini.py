# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The long-tailed part of Fashion-MNIST that comes with the package."""
from pathlib import Path

from mmcurv.registry import DATASETS
from .fashion_mnist import FashionMNIST

FOLDER = Path(__file__).parents[1] / 'data' / 'fashion_mini'


@DATASETS.register_module()
class FashionMini(FashionMNIST):
    """Real images to try a long-tailed method on, without any download.

    The training images are those of ``LongTailed`` over the full
    Fashion-MNIST with ``imbalance_factor=100, max_count=1000, seed=0``, so
    they need no further thinning; the test images are 200 per class.
    ``tools/make_fashion_mini.py`` cut them, and the README beside them says
    how. Fashion-MNIST is under the MIT licence, Copyright (c) 2017 Zalando
    SE.

    Args:
        split (str): ``'train'`` (2,478 images, class by class) or ``'test'``
            (2,000). Defaults to 'train'.
        **kwargs: Other arguments of :class:`FashionMNIST`, such as
            ``pipeline``. ``data_root`` and ``download`` are fixed.
    """

    def __init__(self, split: str = 'train', **kwargs):
        super().__init__(data_root=str(FOLDER), split=split, **kwargs)
