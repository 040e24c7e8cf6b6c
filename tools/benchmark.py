# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train matrices of runs: methods with and without CR, data sets, seeds."""
import argparse
import importlib
import sys

# Each has add_parser(subparsers), which sets run(args) as its default.
COMMANDS = ('plan', 'run', 'log', 'collect')


def make_parser(commands=COMMANDS):
    parser = argparse.ArgumentParser(description=__doc__)
    subparsers = parser.add_subparsers(
        title='commands', dest='command', required=True)
    for command in commands:
        module = importlib.import_module(
            f'mmcurv.benchmark.commands.{command}')
        module.add_parser(subparsers)
    return parser


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    # The others take seconds to import.
    named = [command for command in COMMANDS if command in argv[:1]]
    args = make_parser(named or COMMANDS).parse_args(argv)
    from rich.console import Console
    from rich.text import Text

    from mmcurv.engine.config_options import UsageError
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
