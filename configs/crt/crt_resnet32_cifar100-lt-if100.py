# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# cRT on CIFAR-100-LT at imbalance 100.
_base_ = ['../_base_/cifar100_lt.py', '../_base_/stages/crt.py']

# The code steps its scheduler before each epoch, so that the rate of the last
# one is 0.
stages = _base_.stages
stages[1]['changes']['param_scheduler'] = [
    # It remembers the rate, which a cosine that is a step ahead needs.
    dict(type='MultiStepLR', milestones=[]),
    dict(type='CosineAnnealingLR', T_max=10, last_step=0),
]
# Its new classifier starts as PyTorch has it.
stages[1]['changes']['model'] = dict(head=dict(init_cfg=None))
