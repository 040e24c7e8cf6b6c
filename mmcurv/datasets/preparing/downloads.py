# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Files that torchvision can fetch."""
import os.path as osp
from typing import Callable, List
from urllib.error import URLError

from torchvision.datasets import CIFAR10, CIFAR100
from torchvision.datasets import SVHN as TorchvisionSVHN
from torchvision.datasets import FashionMNIST as TorchvisionFashionMNIST
from torchvision.datasets.utils import download_url

from .checks import Check
from .options import Options


def download_cifar10(root: str) -> None:
    """Fetch and extract CIFAR-10 into a folder."""
    CIFAR10(root, download=True)


def download_cifar100(root: str) -> None:
    """Fetch and extract CIFAR-100 into a folder."""
    CIFAR100(root, download=True)


def download_svhn(root: str) -> None:
    """Fetch the training and test files of SVHN into a folder."""
    for split in ('train', 'test'):
        url, name, md5 = TorchvisionSVHN.split_list[split]
        download_url(url, root, name, md5)


def download_fashion_mnist(root: str) -> None:
    """Fetch the four files of Fashion-MNIST into a folder; they stay
    compressed."""
    for name, md5 in TorchvisionFashionMNIST.resources:
        download_url(TorchvisionFashionMNIST.mirrors[0] + name, root, name,
                     md5)


def download_checks(names: List[str], download: Callable, page: str,
                    options: Options) -> List[Check]:
    """Look for files, and fetch them if they are missing and it is allowed.

    Args:
        names (list[str]): Of the files, relative to the root; 'x.gz' is
            content with an extracted 'x' as well.
        download (Callable): Fetches into a folder what is missing.
        page (str): Where the user finds them.
        options (Options): What the user asks for.

    Returns:
        list[Check]: One.
    """
    gone = _missing(names, options.root)
    title = 'files'
    if not gone:
        return [Check(title, 'ok', f'all {len(names)} there')]
    if not options.download:
        return [
            Check(
                title, 'missing', f'{len(gone)} of {len(names)} not in '
                f'{options.root}: {", ".join(gone)}',
                f'Give the same command with --download, or see {page}.')
        ]
    try:
        download(options.root)
    except (OSError, RuntimeError, URLError) as error:
        return [
            Check(title, 'missing', f'the download failed: {error}',
                  f'Check the connection, or get the files from {page}.')
        ]
    return [Check(title, 'built', f'downloaded into {options.root}')]


def _missing(names: List[str], root: str) -> List[str]:
    return [
        name for name in names if not osp.isfile(osp.join(root, name))
        and not osp.isfile(osp.join(root, name.removesuffix('.gz')))
    ]
