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
    from mmcurv.datasets.preparing import PREPARATIONS
    return '\n'.join(f'{name:16} {entry.title}, by default in {entry.root}' +
                     (', can be downloaded' if entry.downloads else '')
                     for name, entry in PREPARATIONS.items())


def make_parser():
    from mmcurv.datasets.preparing import PREPARATIONS
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='names:\n' + list_names(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'name', metavar='NAME', choices=PREPARATIONS, help='see below')
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

    from mmcurv.datasets.preparing import (PREPARATIONS, Options, is_ready,
                                           prepare)
    from mmcurv.datasets.preparing.show_checks import show_checks
    console = console or Console(highlight=False)
    root = osp.expanduser(args.root or PREPARATIONS[args.name].root)

    def watch(items, text):
        return track(items, text, console=console, transient=True)

    options = Options(root, args.download, args.decode, args.imbalance_factor,
                      args.seed, watch)
    try:
        checks = prepare(args.name, options)
    except ValueError as error:
        parser.error(str(error))
    console.print(show_checks(PREPARATIONS[args.name].title, root, checks))
    return 0 if is_ready(checks) else 1


if __name__ == '__main__':
    sys.exit(main())
