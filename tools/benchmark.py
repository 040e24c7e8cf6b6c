# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train matrices of runs: methods with and without CR, data sets, seeds."""
import sys


def main(argv=None):
    from mmcurv.benchmark.cli import main
    return main(argv)


if __name__ == '__main__':
    sys.exit(main())
