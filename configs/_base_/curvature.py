# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Curvature Regularization as the paper has it; "--cr" merges this file. The
# hook finds the classifier, the length of the training and what mixes images
# by itself: k = 40 neighbours, 5 epochs that only fill the pool, tau at half
# of the epochs (the paper's 100 of 200).
custom_hooks = [dict(type='mmcurv.FeaturePoolHook')]
