# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The data sets by the names that the user calls them."""
from dataclasses import dataclass
from functools import partial
from typing import Callable, List

from .checks import Check
from .imagenet import prepare_imagenet
from .imagenet_lt import prepare_imagenet_lt
from .inaturalist import prepare_inaturalist
from .options import Options
from .small_sets import (prepare_cifar, prepare_cifar_lt,
                         prepare_fashion_mnist, prepare_svhn)


@dataclass(frozen=True)
class Preparation:
    """How a data set is prepared.

    Attributes:
        title (str): Its full name.
        root (str): Where the configs look for it.
        run (Callable): From :class:`Options` to a list of :class:`Check`.
        downloads (bool): Whether its files can be fetched.
    """
    title: str
    root: str
    run: Callable[[Options], List[Check]]
    downloads: bool = False


PREPARATIONS = {
    'imagenet-lt':
    Preparation('ImageNet-LT', 'data/imagenet', prepare_imagenet_lt),
    'inaturalist2018':
    Preparation('iNaturalist 2018', 'data/inaturalist2018',
                prepare_inaturalist),
    'imagenet':
    Preparation('ImageNet', 'data/imagenet', prepare_imagenet),
    'cifar10-lt':
    Preparation('CIFAR-10-LT', 'data/cifar10',
                partial(prepare_cifar_lt, classes=10), True),
    'cifar100-lt':
    Preparation('CIFAR-100-LT', 'data/cifar100',
                partial(prepare_cifar_lt, classes=100), True),
    'cifar10':
    Preparation('CIFAR-10', 'data/cifar10', partial(prepare_cifar, classes=10),
                True),
    'cifar100':
    Preparation('CIFAR-100', 'data/cifar100',
                partial(prepare_cifar, classes=100), True),
    'svhn':
    Preparation('SVHN', 'data/svhn', prepare_svhn, True),
    'fashion-mnist':
    Preparation('Fashion-MNIST', 'data/fashion_mnist', prepare_fashion_mnist,
                True),
}


def prepare(name: str, options: Options) -> List[Check]:
    """Check a data root, and build what can be built.

    Args:
        name (str): One of ``PREPARATIONS``.
        options (Options): What the user asks for.

    Returns:
        list[Check]: What is there and what is not.

    Raises:
        ValueError: If downloads are asked for and cannot be made.
    """
    preparation = PREPARATIONS[name]
    if options.download and not preparation.downloads:
        raise ValueError(
            f'{preparation.title} cannot be downloaded by this program. '
            'Without --download it says where to get what.')
    return preparation.run(options)
