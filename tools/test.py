# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Evaluate a checkpoint on the test set of a config."""
import argparse

from mmcurv.arguments import (UsageError, add_common_arguments, check_file,
                              check_inputs)


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config')
    parser.add_argument('checkpoint', help='path of the checkpoint')
    parser.add_argument(
        '--out', metavar='FILE', help='file for the results, e.g. pred.pkl')
    parser.add_argument(
        '--out-item',
        choices=['pred', 'metrics'],
        default='pred',
        help='what --out holds: the predictions (a pickle) or the metrics '
        '(by its ending: .json, .yaml or .pkl)')
    add_common_arguments(parser)
    return parser


def check_out(out, item):
    """Check the ending of ``--out`` before the test, not after it."""
    endings = ('.pkl', '.pickle')
    if item == 'metrics':
        endings = ('.json', '.yaml', '.yml', '.pkl', '.pickle')
    if out is not None and not out.endswith(endings):
        raise UsageError(f'--out for {item}: expected a name that ends in '
                         f"{', '.join(endings)}, got {out!r}")


def prepare(args):
    """Build the config that the arguments ask for."""
    from mmcurv.engine.launch import detach_from_file, start_processes
    from mmcurv.engine.stages.run import load_final_config
    check_out(args.out, args.out_item)
    cfg = load_final_config(args.config, args.cfg_options, args.work_dir,
                            args.with_files, args.cr)
    check_file(args.checkpoint, 'checkpoint')
    absent = [
        name for name in ('test_dataloader', 'test_evaluator', 'test_cfg')
        if cfg.get(name) is None
    ]
    if absent:
        raise UsageError(f"config {args.config!r} has no {', '.join(absent)}; "
                         'a test needs all three')
    cfg = detach_from_file(cfg)
    cfg.load_from, cfg.resume = args.checkpoint, False
    start_processes(cfg, args.launcher, args.local_rank)
    return cfg


def main(argv=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    check_inputs(parser, args.config, checkpoint=args.checkpoint)
    import mmengine
    from mmengine.evaluator import DumpResults

    from mmcurv.engine.launch import end_processes
    from mmcurv.engine.stages.run import build_runner
    try:
        cfg = prepare(args)
    except UsageError as error:
        parser.error(str(error))
    runner = build_runner(cfg)
    if args.out and args.out_item == 'pred':
        runner.test_evaluator.metrics.append(
            DumpResults(out_file_path=args.out))
    try:
        metrics = runner.test()
    except UsageError as error:  # what only the data set tells
        parser.error(str(error))
    if args.out and args.out_item == 'metrics' and runner.rank == 0:
        mmengine.dump(metrics, args.out)
    end_processes()


if __name__ == '__main__':
    main()
