# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Cut the bundled ``fashion-mini`` data from the full Fashion-MNIST.

Example:
    python tools/make_fashion_mini.py /usr/share/datasets/fashion-mnist
"""
import argparse
import hashlib
import sys
from pathlib import Path

from mmcurv.arguments import UsageError, check_folder

NUM_CLASSES = 10


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'source', type=Path, help='folder of the four idx files, .gz or not')
    parser.add_argument(
        '--out',
        type=Path,
        help='folder to write to; default: that of the bundled data')
    parser.add_argument(
        '--imbalance-factor',
        type=float,
        default=100,
        help='largest over smallest training class')
    parser.add_argument(
        '--max-count',
        type=int,
        default=1000,
        help='training images of the largest class')
    parser.add_argument(
        '--test-count', type=int, default=200, help='test images per class')
    parser.add_argument('--seed', type=int, default=0, help='of both draws')
    return parser


def cut(source, out, prefix, choose_counts, seed):
    """Keep part of one split, and say what was written.

    Args:
        source (Path): Folder of the full data.
        out (Path): Folder to write to.
        prefix (str): ``'train'`` or ``'t10k'``.
        choose_counts (Callable): From the images per class of the full split
            to those kept.
        seed (int): Seed of the draw.
    """
    import numpy as np

    from mmcurv.datasets import kept_positions
    from mmcurv.datasets.small import find_idx_file, read_idx, write_idx
    names = [f'{prefix}-images-idx3-ubyte', f'{prefix}-labels-idx1-ubyte']
    images, labels = [read_idx(find_idx_file(source, x)) for x in names]
    full_counts = np.bincount(labels, minlength=NUM_CLASSES).tolist()
    counts = choose_counts(full_counts)
    kept = kept_positions(labels, counts, seed)
    print(f'{prefix}: {len(kept)} of {len(labels)} images, per class {counts}')
    for name, array in zip(names, (images, labels)):
        path = out / f'{name}.gz'
        write_idx(path, array[kept])
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f'  {path.name}  {path.stat().st_size} bytes  {digest}')


def main(argv=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    try:
        check_folder(args.source, 'source', 'the four idx files')
    except UsageError as error:
        parser.error(str(error))
    from mmcurv.datasets import long_tailed_counts
    from mmcurv.datasets.small import FASHION_MINI
    out = args.out or FASHION_MINI
    out.mkdir(parents=True, exist_ok=True)
    cut(
        args.source, out, 'train', lambda full: long_tailed_counts(
            full, args.imbalance_factor, max_count=args.max_count), args.seed)
    cut(args.source, out, 't10k', lambda full: [args.test_count] * len(full),
        args.seed)
    return 0


if __name__ == '__main__':
    sys.exit(main())
