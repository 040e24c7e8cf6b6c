# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.exports import lazy_exports

__getattr__, __all__ = lazy_exports(
    __name__, {
        'class_counts': ['ClassCountsHook'],
        'class_names': ['ClassNamesHook'],
        'confusing_classes': ['ConfusingClassesHook'],
        'difficulty_margin': ['DifficultyMarginHook'],
        'fairness_shift': ['FairnessShiftHook'],
        '.curvature.hook': ['FeaturePoolHook'],
        'geometry_monitor': ['GeometryMonitorHook'],
        'keeping_checkpoint': ['KeepingCheckpointHook'],
        'missed_evaluation': ['MissedEvaluationHook'],
        'mixing': ['CMOHook', 'PairedMixupHook'],
        'random_state': ['RandomStateHook'],
        'reweighting': ['DeferredReweightingHook'],
        'run_record': ['RunRecordHook'],
        'second_batch': ['SecondBatchHook'],
        '.stages.weights': ['FreezeHook', 'StageWeightsHook'],
        'tau_search': ['TauSearchHook']
    })
