# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with expert assignment on CIFAR-10-LT at imbalance 200, common recipe.
_base_ = [
    '../ride/ride_resnet32_cifar10-lt-if200_common.py',
    '../_base_/stages/ride_ea_5e.py',
]

# There are no more than ten logits.
stages = _base_.stages
stages[1]['changes']['model']['head']['top_logits'] = 10
