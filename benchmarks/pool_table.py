# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Print the tables of docs/memory.md, which are computed, not measured."""
import torch

from mmcurv.benchmark.planning.train_counts import FULL_COUNTS
from mmcurv.datasets import long_tailed_counts
from mmcurv.datasets.prepare import PUBLISHED, imagenet_lt_counts
from mmcurv.files import bytes_text, parse_bytes
from mmcurv.regularization.pool_budget import choose_pool
from mmcurv.regularization.pool_bytes import INT64, pool_bytes

GB = 10**9
INATURALIST = PUBLISHED['inaturalist2018']['train']
IMAGENET = PUBLISHED['imagenet']['train']
CIFAR = sum(long_tailed_counts(FULL_COUNTS['CIFAR100'], 100))
# Images, classes, length of a feature.
SETS = {
    'CIFAR-100-LT, factor 100': (CIFAR, 100, 64),
    'ImageNet-LT': (sum(imagenet_lt_counts()), 1000, 2048),
    'iNaturalist 2018': (INATURALIST.images, INATURALIST.classes, 2048),
    'ImageNet': (IMAGENET.images, IMAGENET.classes, 2048),
}
DTYPES = {
    'float64': torch.float64,
    'float32': torch.float32,
    'float16, bfloat16': torch.float16
}
BUDGETS = ('16 GiB', '8 GiB', '4 GiB', '2 GiB', '1 GiB')


def size_table():
    """Bytes of a pool of all images, by the type of its features."""
    rows = [('Training set', 'Images', 'Classes', 'p', *(f'{name}, GB'
                                                         for name in DTYPES),
             'Of it no features, GB', 'Checkpoint of float16, GB')]
    for name, (images, classes, width) in SETS.items():
        sizes = [
            pool_bytes(images, images, classes, width, dtype)
            for dtype in DTYPES.values()
        ]
        last = sizes[-1]
        # Rows of the batch, one number a slot, are not saved.
        saved = last.total - images * INT64
        rows.append(
            (name, f'{images:,}', f'{classes:,}', f'{width:,}',
             *(f'{size.total / GB:.4f}' for size in sizes),
             f'{(last.total - last.features) / GB:.4f}', f'{saved / GB:.4f}'))
    return _markdown(rows)


def budget_table():
    """What ``max_bytes`` chooses for sets of 1,000 classes."""
    counts = {
        'ImageNet-LT': imagenet_lt_counts(),
        'ImageNet, if each class had 1,300': [1300] * 1000
    }
    rows = [('max_bytes', *counts)]
    for budget in BUDGETS:
        cells = []
        for sizes in counts.values():
            choice = choose_pool(sizes, 2048, parse_bytes(budget))
            most = choice.max_per_class
            images = f'{most} a class' if most else 'all'
            dtype = str(choice.dtype).rpartition('.')[2]
            cells.append(f'{dtype}, {images}: {bytes_text(choice.total)}')
        rows.append((f"'{budget}'", *cells))
    return _markdown(rows)


def _markdown(rows):
    head, *body = (f'| {" | ".join(row)} |' for row in rows)
    return '\n'.join([head, '|' + '---|' * len(rows[0]), *body])


if __name__ == '__main__':
    print(size_table(), budget_table(), sep='\n\n')
