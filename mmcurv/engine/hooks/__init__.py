# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_counts_hook import ClassCountsHook
from .feature_pool_hook import FeaturePoolHook
from .geometry_monitor_hook import GeometryMonitorHook
from .random_state_hook import RandomStateHook
from .run_record_hook import RunRecordHook

__all__ = [
    'ClassCountsHook', 'FeaturePoolHook', 'GeometryMonitorHook',
    'RandomStateHook', 'RunRecordHook'
]
