# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.registry import lazy_exports

__getattr__, __all__ = lazy_exports(
    __name__, {
        'class_counts_hook': ['ClassCountsHook'],
        'cmo_hook': ['CMOHook'],
        'confusing_classes_hook': ['ConfusingClassesHook'],
        'deferred_reweighting_hook': ['DeferredReweightingHook'],
        '.curvature.hook': ['FeaturePoolHook'],
        'freeze_hook': ['FreezeHook'],
        'geometry_monitor_hook': ['GeometryMonitorHook'],
        'key_queue_hook': ['KeyQueueHook'],
        'missed_evaluation_hook': ['MissedEvaluationHook'],
        'model_epoch_hook': ['ModelEpochHook'],
        'paired_mixup_hook': ['PairedMixupHook'],
        'random_state_hook': ['RandomStateHook'],
        'run_record_hook': ['RunRecordHook'],
        'second_batch_hook': ['SecondBatchHook'],
        'stage_weights_hook': ['StageWeightsHook'],
        'tau_search_hook': ['TauSearchHook']
    })
