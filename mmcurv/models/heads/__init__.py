# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .causal_norm_head import CausalNormHead
from .normed_linear import NormedLinear
from .normed_linear_head import NormedLinearHead
from .paired_labels import PairedLabels, PairedLinearHead, paired_loss

__all__ = [
    'CausalNormHead', 'NormedLinear', 'NormedLinearHead', 'PairedLabels',
    'PairedLinearHead', 'paired_loss'
]
