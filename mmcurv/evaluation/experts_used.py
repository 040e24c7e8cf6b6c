# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How many experts the images of a test got."""
from typing import Any, Dict, List, Optional, Sequence

from mmengine.evaluator import BaseMetric

from mmcurv.registry import METRICS

FIELD = 'num_experts'  # of a data sample, from an ExpertAssignmentHead


@METRICS.register_module()
class ExpertsUsed(BaseMetric):
    """Mean number of experts per image, as ``experts/mean_used``.

    Args:
        collect_device (str): 'cpu' or 'gpu', where the ranks' results meet.
            Defaults to 'cpu'.
        prefix (str, optional): First part of the key. Defaults to None,
            which is 'experts'.

    Raises:
        ValueError: If a sample does not tell its number of experts.

    Examples:
        >>> model = dict(head=dict(type='mmcurv.ExpertAssignmentHead'))
        >>> val_evaluator = [
        ...     dict(type='Accuracy'),
        ...     dict(type='mmcurv.ExpertsUsed')
        ... ]
    """
    default_prefix: Optional[str] = 'experts'

    def __init__(self,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device, prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the numbers of a batch."""
        for sample in data_samples:
            if FIELD not in sample:
                raise ValueError(
                    'ExpertsUsed expected samples with the number of experts '
                    f'in {FIELD!r}, got {sorted(sample)}. Use the metric with '
                    "a head of type 'mmcurv.ExpertAssignmentHead' only.")
            self.results.append(int(sample[FIELD]))

    def compute_metrics(self, results: List[int]) -> Dict[str, float]:
        """The mean over all images."""
        return dict(mean_used=sum(results) / len(results))
