# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
# Curvature Regularization with the paper's constants: k = 40 neighbours, 5
# epochs that only fill the pool, tau = 100 for 200 epochs. What the paper
# leaves open (tangent_dim, normal, refresh, live, mixed) has our defaults.
custom_hooks = [
    dict(
        type='mmcurv.FeaturePoolHook',
        layer='head.fc',
        start_epoch=6,
        refresh='batch',
        live='pool',
        mixed='skip',
        pool=dict(dtype='float32', max_per_class=None, device=None),
        curvature=dict(k=40, tangent_dim=2, normal='smallest'),
        loss=dict(type='mmcurv.CurvatureRegularization', tau=100)),
]
