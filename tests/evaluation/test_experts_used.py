# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.evaluation import ExpertsUsed


def test_value_is_the_mean_over_images():
    metric = ExpertsUsed()
    for batch in ([1, 3], [2], [1, 1, 1]):
        metric.process(None, [dict(num_experts=used) for used in batch])
    assert metric.evaluate(6) == {'experts/mean_used': 1.5}


def test_samples_without_the_number_are_refused():
    with pytest.raises(ValueError, match=r"\['gt_label'\].*AssignmentHead"):
        ExpertsUsed().process(None, [dict(gt_label=1)])
