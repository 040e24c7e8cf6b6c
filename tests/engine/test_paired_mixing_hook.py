# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.engine.hooks import CMOHook, PairedMixupHook
from tests.engine.paired_run import FakeRunner


def test_two_hooks_that_mix_are_refused():
    hook = PairedMixupHook()
    runner = FakeRunner(hook)
    runner.hooks.append(CMOHook())
    with pytest.raises(ValueError, match='got PairedMixupHook, CMOHook'):
        hook.before_train(runner)
