# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train matrices of runs: methods with and without CR, data sets, seeds."""
import argparse
import sys

from rich.console import Console
from rich.text import Text

from mmcurv.benchmark.commands import cards, collect, log, plan, run, study
from mmcurv.engine.config_options import UsageError

# Each has add_parser(subparsers), which sets run(args) as its default.
COMMANDS = (plan, run, log, collect, cards, study)


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    subparsers = parser.add_subparsers(
        title='commands', dest='command', required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    return parser


def main(arguments=None):
    args = make_parser().parse_args(arguments)
    try:
        return args.run(args)
    except UsageError as error:
        # Soft wrapping: what is copied from the terminal stays in one piece.
        Console(stderr=True).print(
            Text(f'benchmark.py {args.command}: {error}', style='red'),
            soft_wrap=True)
        return 2


if __name__ == '__main__':
    sys.exit(main())
