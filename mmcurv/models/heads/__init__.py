# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .bbn_head import BBNHead
from .causal_norm_head import CausalNormHead
from .dis_align_head import DisAlignHead, aligned_scores
from .expert_assignment_head import ExpertAssignmentHead
from .mbj_head import MBJHead, NormedMBJHead
from .multi_expert_head import MultiExpertHead
from .normed_linear import NormedLinear
from .normed_linear_head import NormedLinearHead
from .paired_labels import PairedLabels, PairedLinearHead, paired_loss
from .scaled_linear_head import ScaledLinearHead
from .tau_norm_head import TauNormHead
from .tau_norm_linear import TauNormLinear, tau_scores

__all__ = [
    'BBNHead', 'CausalNormHead', 'DisAlignHead', 'ExpertAssignmentHead',
    'MBJHead', 'MultiExpertHead', 'NormedLinear', 'NormedLinearHead',
    'NormedMBJHead', 'PairedLabels', 'PairedLinearHead', 'ScaledLinearHead',
    'TauNormHead', 'TauNormLinear', 'aligned_scores', 'paired_loss',
    'tau_scores'
]
