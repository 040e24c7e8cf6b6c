# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .bbn import BBNHead
from .causal_norm import CausalNormHead
from .dis_align import DisAlignHead, aligned_scores
from .experts import ExpertAssignmentHead, MultiExpertHead
from .linear import (NormedLinear, NormedLinearHead, PairedLabels,
                     PairedLinearHead, ScaledLinearHead, TauNormHead,
                     TauNormLinear, paired_loss, tau_scores)
from .mbj import MBJHead

__all__ = [
    'BBNHead', 'CausalNormHead', 'DisAlignHead', 'ExpertAssignmentHead',
    'MBJHead', 'MultiExpertHead', 'NormedLinear', 'NormedLinearHead',
    'PairedLabels', 'PairedLinearHead', 'ScaledLinearHead', 'TauNormHead',
    'TauNormLinear', 'aligned_scores', 'paired_loss', 'tau_scores'
]
