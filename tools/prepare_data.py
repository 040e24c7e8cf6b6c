# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Check a data root, say what is missing and how to get it.

Builds the lists that can be built, and downloads what torchvision can
download if --download is given. Exits with 0 if the data set is ready, with 1
if it is not, with 2 for a wrong command.
"""
import argparse
import os.path as osp
import sys


def list_names():
    """One line for each data set."""
    from mmcurv.datasets.published import NAMES, can_download
    return '\n'.join(f'{name:16} {title}, by default in {root}' +
                     (', can be downloaded' if can_download(name) else '')
                     for name, (title, root) in NAMES.items())


def make_parser():
    from mmcurv.datasets.published import NAMES
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='names:\n' + list_names(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'name', metavar='NAME', choices=NAMES, help='see below')
    parser.add_argument(
        '--root',
        metavar='DIR',
        help='folder of the data set; default: where its configs look')
    parser.add_argument(
        '--download', action='store_true', help='fetch what is missing')
    parser.add_argument(
        '--decode',
        action='store_true',
        help='decode every listed image to find corrupt ones; takes long')
    parser.add_argument(
        '--imbalance-factor',
        type=float,
        nargs='+',
        default=[100],
        metavar='F',
        help='of the CIFAR-LT lists; default: 100')
    parser.add_argument(
        '--seed', type=int, default=0, help='of the CIFAR-LT lists')
    return parser


def main(argv=None, console=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    from rich.console import Console
    from rich.progress import track

    from mmcurv.datasets.prepare import is_ready, prepare, show_checks
    from mmcurv.datasets.published import NAMES
    console = console or Console(highlight=False)
    title, root = NAMES[args.name]
    root = osp.expanduser(args.root or root)

    def watch(items, text):
        return track(items, text, console=console, transient=True)

    try:
        checks = prepare(args.name, root, args.download, args.decode,
                         args.imbalance_factor, args.seed, watch)
    except ValueError as error:
        parser.error(str(error))
    console.print(show_checks(title, root, checks))
    return 0 if is_ready(checks) else 1


if __name__ == '__main__':
    sys.exit(main())
