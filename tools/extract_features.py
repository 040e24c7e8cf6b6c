# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Extract features of a trained checkpoint for the audit of its geometry.

An interrupted extraction goes on where it was when the same command is given
again.
"""
import argparse
import sys

INTERRUPTED = 130  # as shells report it


def make_parser(prog=None):
    from mmcurv.arguments import POOLINGS, SPLITS, KeyValueAction
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument('config', help='path of the config')
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument(
        '--layers',
        nargs='+',
        default=['last'],
        metavar='LAYER',
        help="each 'last' (the input of the last classifier layer), a "
        "fraction of the backbone's depth such as 1/3, or the name of a "
        'module; default: last')
    parser.add_argument(
        '--split',
        nargs='+',
        choices=SPLITS,
        default=list(SPLITS),
        dest='splits',
        help='train (the train set without augmentation), test, or both; '
        'default: both')
    parser.add_argument(
        '--pooling',
        choices=POOLINGS,
        default='avg',
        help='how a map or the tokens of a transformer become one row: '
        'cls takes the class token; default: avg')
    parser.add_argument(
        '--out-dir',
        default='features',
        help='folder of the banks, <split>/<layer>; default: features')
    parser.add_argument(
        '--device',
        help="such as cpu or cuda:0; default: a GPU if there's one")
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default={},
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='change entries of the config, e.g. '
        'test_dataloader.batch_size=64')
    return parser


def main(argv=None, prog=None):
    parser = make_parser(prog)
    args = parser.parse_args(argv)
    from mmcurv.arguments import UsageError, check_inputs
    check_inputs(parser, args.config, checkpoint=args.checkpoint)
    from rich.console import Console

    from mmcurv.audit.result_cache import progress_bar
    from mmcurv.engine.extraction.extract import extract_banks
    console = Console(highlight=False, soft_wrap=True)
    try:
        with progress_bar(console) as watch:
            folders = extract_banks(
                say=lambda text: console.print(text, markup=False),
                watch=watch,
                **vars(args))
    except UsageError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(
            INTERRUPTED, 'Interrupted. What is done is kept: give the same '
            'command again to go on.\n')
    for (layer, split), folder in folders.items():
        console.print(f'{split}, {layer}: {folder}', markup=False)
    return 0


if __name__ == '__main__':
    sys.exit(main())
