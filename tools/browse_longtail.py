# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Show how many training images each class has, with Head, Middle and Tail.

Reads the train set of a config, or any folder with one folder of images for
each class. Draws bars in the terminal and, with --out, a PNG.
"""
import argparse
import os.path as osp
import sys


def make_parser():
    from mmcurv.arguments import KeyValueAction
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'source',
        metavar='CONFIG|FOLDER',
        help='a config, or a folder with one folder of images for each class')
    parser.add_argument(
        '--imbalance-factor',
        type=float,
        metavar='F',
        help='thin the folder to a long tail, as mmcurv.LongTailed does')
    parser.add_argument(
        '--max-count',
        type=int,
        metavar='N',
        help='images of its largest class; default: all of them')
    parser.add_argument('--out', metavar='FILE.png', help='draw a PNG as well')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default={},
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='change entries of the config')
    return parser


def dataset_config(args):
    """Config of the data set that the command line asks for."""
    from mmengine.config import Config

    from mmcurv.arguments import UsageError
    from mmcurv.engine.config_options import check_options
    if osp.isdir(args.source):
        if args.cfg_options:
            raise UsageError('--cfg-options: a folder has no config')
        folder = dict(type='mmpretrain.CustomDataset', data_root=args.source)
        if args.imbalance_factor is None:
            return folder
        return dict(
            type='mmcurv.LongTailed',
            imbalance_factor=args.imbalance_factor,
            max_count=args.max_count,
            dataset=folder)
    if args.imbalance_factor is not None:
        raise UsageError('--imbalance-factor is for a folder; change a config '
                         'by --cfg-options '
                         'train_dataloader.dataset.imbalance_factor=F')
    cfg = Config.fromfile(args.source)
    check_options(cfg, args.cfg_options)
    cfg.merge_from_dict(args.cfg_options)
    if 'train_dataloader' not in cfg:
        raise UsageError(f'{args.source} has no train_dataloader')
    return cfg.train_dataloader.to_dict()['dataset']


def main(argv=None, console=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    if not osp.exists(args.source):
        parser.error('expected a config or a folder, found neither at '
                     f'{args.source!r}')
    from mmengine.registry import init_default_scope
    from rich.console import Console
    from rich.text import Text

    from mmcurv.audit.report.class_sizes import class_sizes_chart
    from mmcurv.datasets import class_counts
    from mmcurv.engine.hooks.class_counts import TrainSplit
    from mmcurv.registry import DATASETS
    console = console or Console(highlight=False)
    init_default_scope('mmpretrain')
    try:
        dataset = DATASETS.build(dataset_config(args))
        counts = class_counts(dataset)
        names = dataset.metainfo.get('classes') or ()
        chart = class_sizes_chart(counts, names)
        summary = TrainSplit.of(dataset).describe()
    except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:
        parser.error(str(error))
    console.print(chart)
    console.print(Text(summary))
    if args.out:
        from mmcurv.audit.report.class_sizes import plot_class_sizes
        from mmcurv.audit.report.style import METADATA
        from mmcurv.files import whole_file
        title = osp.basename(osp.abspath(args.source))
        figure, _ = plot_class_sizes(counts, names, title)
        with whole_file(args.out) as file:
            figure.savefig(
                file, dpi=150, format='png', metadata=METADATA['png'])
        console.print(Text(f'Figure: {args.out}'), soft_wrap=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
