# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_counts_hook import ClassCountsHook
from .cmo_hook import CMOHook
from .deferred_reweighting_hook import DeferredReweightingHook
from .feature_pool_hook import FeaturePoolHook
from .geometry_monitor_hook import GeometryMonitorHook
from .missed_evaluation_hook import MissedEvaluationHook
from .paired_mixup_hook import PairedMixupHook
from .random_state_hook import RandomStateHook
from .run_record_hook import RunRecordHook

__all__ = [
    'CMOHook', 'ClassCountsHook', 'DeferredReweightingHook', 'FeaturePoolHook',
    'GeometryMonitorHook', 'MissedEvaluationHook', 'PairedMixupHook',
    'RandomStateHook', 'RunRecordHook'
]
