# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# RIDE with expert assignment on the bundled subset of Fashion-MNIST.
_base_ = [
    '../ride/ride_resnet8_fashion-mini-if100.py', '../_base_/stages/ride_ea.py'
]

# Small batches; the gates see the logits of all ten classes.
stages = _base_.stages
stages[1]['changes']['model']['head']['top_logits'] = 10
stages[1]['changes']['train_dataloader']['batch_size'] = 64
stages[1]['changes']['auto_scale_lr']['base_batch_size'] = 64
