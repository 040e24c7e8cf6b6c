# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train matrices of runs: methods with and without CR, data sets, seeds."""
import sys

from mmcurv.benchmark.cli import main, make_parser

__all__ = ['main', 'make_parser']

if __name__ == '__main__':
    sys.exit(main())
