# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.hooks import Hook

from mmcurv.engine.epoch_of_run import epoch_of_run, epochs_of_run
from tests.engine.curvature_run import build


class Watch(Hook):

    def __init__(self):
        self.epochs, self.total = [], None

    def before_train_iter(self, runner, *args, **kwargs):
        self.epochs.append(epoch_of_run(runner))
        self.total = epochs_of_run(runner)


@pytest.mark.parametrize('train_cfg, epochs, steps', [
    (None, 3, 33),
    (dict(by_epoch=False, max_iters=25), 3, 25),
])
def test_steps_know_their_epoch_in_both_loops(tmp_path, train_cfg, epochs,
                                              steps):
    runner = build(
        tmp_path, train_cfg=train_cfg, default_hooks=dict(checkpoint=None))
    watch = Watch()
    runner.register_hook(watch)
    runner.train()
    assert watch.total == epochs
    assert watch.epochs == [step // 11 for step in range(steps)]
