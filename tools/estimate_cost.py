# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Say what configs need before anything is trained.

Parameters and multiply-adds of the model, the memory of the feature pool of
Curvature Regularization, and its share in the operations of a step. Neither a
GPU nor the data are needed.
"""
import argparse
import sys
import warnings

PIPE_WIDTH = 140  # characters, where no terminal says how wide it is


def make_parser():
    from mmcurv.arguments import add_switches
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'configs', nargs='+', metavar='CONFIG', help='paths of configs')
    parser.add_argument(
        '--processes',
        type=int,
        default=1,
        help='of the training, such as 8 for 8 GPUs; default: 1')
    parser.add_argument(
        '--read-data',
        action='store_true',
        help='count the images in the data instead of taking published '
        'numbers')
    add_switches(parser)
    return parser


def main(argv=None):
    args = make_parser().parse_args(argv)
    from rich.console import Console
    from rich.text import Text

    from mmcurv.arguments import UsageError, check_file
    costs = []
    try:
        if args.processes < 1:
            raise UsageError('--processes: expected at least 1, got '
                             f'{args.processes}.')
        for path in args.configs:
            check_file(path, 'config')
        from mmengine.logging import MMLogger

        from mmcurv.benchmark.cost import cost_table, estimate_cost
        from mmcurv.engine.config_options import merged_config, run_name

        # What constructors of models log would stand between the lines.
        MMLogger.get_instance('estimate_cost').setLevel('WARNING')
        with warnings.catch_warnings():
            # mmcv-lite says that it is no mmcv, which no config here needs.
            warnings.filterwarnings('ignore', message='Fail to import')
            warnings.filterwarnings('ignore', message='Unnecessary conv bias')
            for path in args.configs:
                cfg = merged_config(path, args.cfg_options, args.with_files,
                                    args.cr)
                cost = estimate_cost(cfg, args.read_data, args.processes)
                costs.append((run_name(path, cfg), cost))
    except UsageError as error:
        Console(stderr=True).print(
            Text(f'estimate_cost.py: {error}', style='red'), soft_wrap=True)
        return 2
    wide = sys.stdout.isatty()
    Console(width=None if wide else PIPE_WIDTH).print(cost_table(costs))
    return 0


if __name__ == '__main__':
    sys.exit(main())
