# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from .class_counts_hook import ClassCountsHook
from .cmo_hook import CMOHook
from .confusing_classes_hook import ConfusingClassesHook
from .deferred_reweighting_hook import DeferredReweightingHook
from .feature_pool_hook import FeaturePoolHook
from .freeze_hook import FreezeHook
from .geometry_monitor_hook import GeometryMonitorHook
from .key_queue_hook import KeyQueueHook
from .missed_evaluation_hook import MissedEvaluationHook
from .model_epoch_hook import ModelEpochHook
from .paired_mixup_hook import PairedMixupHook
from .random_state_hook import RandomStateHook
from .run_record_hook import RunRecordHook
from .second_batch_hook import SecondBatchHook
from .stage_weights_hook import StageWeightsHook
from .tau_search_hook import TauSearchHook

__all__ = [
    'CMOHook', 'ClassCountsHook', 'ConfusingClassesHook',
    'DeferredReweightingHook', 'FeaturePoolHook', 'FreezeHook',
    'GeometryMonitorHook', 'KeyQueueHook', 'MissedEvaluationHook',
    'ModelEpochHook', 'PairedMixupHook', 'RandomStateHook', 'RunRecordHook',
    'SecondBatchHook', 'StageWeightsHook', 'TauSearchHook'
]
