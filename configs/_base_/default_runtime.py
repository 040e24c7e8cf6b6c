# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Protocol of all configs here: the main number is the one after the last
# epoch. Most long-tailed repositories choose the best epoch on the test set;
# that checkpoint is kept as well (best_*.pth), for comparison only, because
# the test set is then no longer unseen.
default_scope = 'mmpretrain'

# Hooks that every run has stand here and not in custom_hooks: an inherited
# list is replaced as a whole, and custom_hooks is what _cr.py configs set.
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Two, so that a run killed while it saves still has one to resume from.
    checkpoint=dict(
        type='CheckpointHook',
        interval=1,
        max_keep_ckpts=2,
        save_best='accuracy/top1',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # Processes evaluate their shares of the test set with one network, the
    # one that is saved, only if they agree on the batch statistics.
    sync_buffers=dict(type='SyncBuffersHook'),
    class_counts=dict(type='mmcurv.ClassCountsHook'),
    random_state=dict(type='mmcurv.RandomStateHook'),
    missed_evaluation=dict(type='mmcurv.MissedEvaluationHook'),
    # The record of the run holds the curvature of the classes at its end.
    geometry=dict(type='mmcurv.GeometryMonitorHook', interval=None),
    run_record=dict(
        type='mmcurv.RunRecordHook', main='last', selection_split='test'))

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

visualizer = dict(
    type='UniversalVisualizer',
    vis_backends=[
        dict(type='LocalVisBackend'),
        dict(type='TensorboardVisBackend'),
    ])

log_level = 'INFO'
# mmpretrain's logged loss is that of the head alone; the sum that is optimised
# is the objective. Both are printed as means of the last iterations.
log_processor = dict(
    by_epoch=True,
    window_size=20,
    mean_pattern=r'.*(loss|objective|time|data_time|grad_norm).*')
load_from = None
resume = False
randomness = dict(seed=0, deterministic=False)
