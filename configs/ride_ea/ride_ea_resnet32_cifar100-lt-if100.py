# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with expert assignment on CIFAR-100-LT at imbalance 100, own recipe.
_base_ = [
    '../ride/ride_resnet32_cifar100-lt-if100.py', '../_base_/stages/ride_ea.py'
]

recipe_of = _base_.recipe_of
recipe_of[0]['changes']['stages.1.changes.model.head.top_logits'] = 10
