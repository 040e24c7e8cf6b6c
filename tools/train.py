# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train a classifier from a config.

A config with ``stages`` is trained stage by stage. All stages but the last
work in ``stage_<name>`` of the work folder. --resume then goes on in the
first stage that has not ended, or in that of the checkpoint it is given.

A work folder that holds the results of another run is left alone, unless
--resume or --overwrite says what becomes of them; one in which another process
trains is left alone in any case.
"""
import argparse
import contextlib
import os
import os.path as osp

from mmcurv.arguments import (UsageError, add_common_arguments, check_file,
                              check_inputs)


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the training config')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='continue from this checkpoint; without a path, or with '
        '"auto", from the last whole one in the work folder')
    parser.add_argument(
        '--branch',
        metavar='CHECKPOINT',
        help='with --resume: while the work folder has no whole checkpoint, '
        'go on from this one of another run, which run.json then names')
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='remove checkpoints, evaluations, measurements and records that '
        'another run left in the work folder')
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision')
    parser.add_argument(
        '--no-validate',
        action='store_true',
        help='do not evaluate during training')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the real batch size over '
        'auto_scale_lr.base_batch_size of the config')
    add_common_arguments(parser)
    return parser


def set_resume(cfg, resume, branch=None):
    """Point the config at the checkpoint to continue from, if any."""
    from mmcurv.engine.checkpoints import latest_checkpoint
    if resume is None:
        return
    cfg.pop('branched_from', None)  # of the start that wrote this config
    if resume != 'auto':
        check_file(resume, '--resume')
        cfg.resume, cfg.load_from = True, resume
        return
    latest = latest_checkpoint(cfg.work_dir)
    if latest is None and branch is not None:
        check_branch(cfg, branch)
        cfg.branched_from = latest = branch
    if latest is None:
        cfg.resume, cfg.load_from = False, None
        if os.environ.get('RANK', '0') == '0':
            print(f'--resume: no whole checkpoint in {cfg.work_dir!r} yet; '
                  'training starts at epoch 1')
        return
    cfg.resume, cfg.load_from = True, latest


def check_branch(cfg, branch):
    """Refuse what would end the other run's best checkpoint: mmengine takes
    it over, and removes it for a better one, unless the hook looks here."""
    check_file(branch, '--branch')
    hooks = [*(cfg.get('default_hooks') or {}).values()]
    hooks += cfg.get('custom_hooks') or []
    found = [
        hook for hook in hooks
        if hook and hook.get('type') == 'mmcurv.MissedEvaluationHook'
    ]
    if not found or not cfg.train_cfg.get('by_epoch', True):
        raise UsageError('--branch: expected a training by epochs with '
                         'mmcurv.MissedEvaluationHook among its hooks')


def set_amp(cfg):
    """Switch the optimizer wrapper to mixed precision."""
    from mmengine.device import get_device
    if get_device() in ('cpu', 'mps'):
        raise UsageError('--amp needs a GPU, NPU, MLU or MUSA device, found '
                         f'{get_device()!r}; train without --amp here')
    wrapper = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if wrapper not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise UsageError("--amp: expected optim_wrapper.type='OptimWrapper', "
                         f'got {wrapper!r}; set mixed precision in the config')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def set_auto_scale_lr(cfg):
    """Switch on the scaling that the config prepares."""
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise UsageError(
            '--auto-scale-lr: the config has no auto_scale_lr.'
            'base_batch_size; give the batch size that its learning rate '
            'was chosen for')
    cfg.auto_scale_lr.enable = True


def prepare(args, alone=None):
    """Build the config that the arguments ask for.

    ``alone`` is an ExitStack that holds the work folder from here on, if
    anything is to be trained.
    """
    from mmcurv.engine.launch import (detach_from_file, load_config,
                                      start_processes)
    from mmcurv.engine.run_folder import begin_in_folder
    cfg = load_config(args.config, args.cfg_options, args.work_dir,
                      args.with_files, args.cr)
    if alone is not None:
        hold_folder(cfg, alone)
    adjust(cfg, args)
    if args.overwrite and args.resume is not None:
        raise UsageError('--resume goes on with what --overwrite removes; '
                         'give one of them')
    if args.branch and (args.resume != 'auto' or cfg.get('stages')):
        raise UsageError('--branch: expected --resume without a checkpoint '
                         'and a config without stages with it')
    if args.resume is None and not cfg.get('resume'):
        begin_in_folder(cfg, args.overwrite)
    if not cfg.get('stages'):
        set_resume(cfg, args.resume, args.branch)
        folder = osp.dirname(args.config)
        if osp.realpath(folder) == osp.realpath(cfg.work_dir):
            cfg = detach_from_file(cfg)
    elif args.resume not in (None, 'auto'):
        check_file(args.resume, '--resume')
    start_processes(cfg, args.launcher, args.local_rank)
    return cfg


def hold_folder(cfg, stack):
    """Keep other trainings out of the work folder."""
    from mmcurv.engine.run_lock import lone_training
    try:
        stack.enter_context(lone_training(cfg.work_dir))
    except BlockingIOError as error:
        raise UsageError(str(error)) from error


def adjust(cfg, args):
    """Change a config, or that of a stage, as the switches say."""
    from mmcurv.engine.schedule_lengths import stuck_warm_ups
    if args.amp:
        set_amp(cfg)
    if args.auto_scale_lr:
        set_auto_scale_lr(cfg)
    if not cfg.get('stages') and os.environ.get('RANK', '0') == '0':
        for one in stuck_warm_ups(cfg.get('param_scheduler')):
            factor = one.get('start_factor', 1 / 3)
            print(f'mmcurv: warning: this LinearLR has one step, so the rate '
                  f'stays at {factor:g} of what the config says for all of '
                  f'the training: {dict(one)}. Give it a larger end, or '
                  'convert_to_iter_based=True.')
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None


def main(argv=None):
    parser = make_parser()
    args = parser.parse_args(argv)
    check_inputs(parser, args.config)
    with contextlib.ExitStack() as alone:
        train(parser, args, alone)


def train(parser, args, alone):
    from mmcurv.engine.launch import end_processes
    from mmcurv.engine.stages.run import build_runner, plan_run, run_stages
    staged = None
    try:
        cfg = prepare(args, alone)
        if cfg.get('stages'):
            staged = plan_run(cfg, args.resume)
    except UsageError as error:
        parser.error(str(error))
    try:
        if staged is None:
            build_runner(cfg).train()
        else:
            run_stages(cfg, staged, lambda own: adjust(own, args))
    except UsageError as error:  # what only the data sets tell
        parser.error(str(error))
    end_processes()


if __name__ == '__main__':
    main()
