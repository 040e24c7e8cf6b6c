# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.engine.check_same_slots import check_same_slots


def test_same_slots_in_other_classes_are_told():
    with pytest.raises(
            RuntimeError,
            match='40 slots, not 40: .* 2 of 3 .*20, not 8, for '
            'class 0'):
        check_same_slots(torch.tensor([20, 12, 8]), torch.tensor([8, 12, 20]))
    with pytest.raises(RuntimeError, match='2 classes, not 3'):
        check_same_slots(torch.tensor([20, 20]), torch.tensor([8, 12, 20]))
    check_same_slots(torch.tensor([20, 12]), torch.tensor([20, 12]))
