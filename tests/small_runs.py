# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What makes the training of a shipped config a matter of seconds."""


def make_small(cfg):
    """The narrowest network, and few images a step."""
    two_branches = cfg.model.backbone.type == 'mmcurv.DualBranchResNet'
    cfg.merge_from_dict({
        'model.backbone.depth':
        14 if two_branches else 8,
        'model.backbone.base_channels':
        4,
        'model.head.in_channels':
        32 if two_branches else 16,
        'train_dataloader.batch_size':
        32 * cfg.model.head.num_classes // 10,
    })
    if 'num_experts' in cfg.model.head:
        cfg.model.head.in_channels = 12
    if cfg.model.get('teacher'):  # of the same kind
        of_teacher = cfg.model.teacher.model
        of_teacher.backbone.update(depth=8, base_channels=4)
        of_teacher.head.in_channels = 12
    if 'queue_size' in cfg.model:
        cfg.model.queue_size = 2 * cfg.train_dataloader.batch_size


def make_short(cfg, epochs=3):
    """Few epochs, of which the last has all of the method."""
    cfg.train_cfg.update(max_epochs=epochs, val_interval=epochs)
    if 'cmo' in cfg.default_hooks:
        # With no epoch unmixed, nothing would be pooled.
        cfg.default_hooks.cmo.update(prob=1., begin_epoch=2, end_epoch=2)
    for stage in cfg.get('stages', []):
        stage.pop('of', None)
        changes = stage.get('changes', {})
        if 'train_cfg.max_epochs' in changes:
            changes['train_cfg.max_epochs'] = epochs
        if changes.get('train_cfg'):
            changes.train_cfg.max_epochs = epochs
        if 'groups' in changes.get('train_dataloader.sampler', {}):
            changes['train_dataloader.sampler'].groups = 32
