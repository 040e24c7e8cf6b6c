# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from tests.engine.image_run import image_classifier
from tests.models.classifiers.paco_run import build_paco, paco


@pytest.mark.parametrize('options, words', [
    (dict(model=paco(queue_size=40)), 'queue_size=40 .* got 16 images'),
    (dict(loader=dict(drop_last=False), batch=12,
          model=paco(queue_size=48)), 'the last of an epoch has 8'),
])
def test_batches_that_do_not_fill_the_queue_are_told_before_training(
        tmp_path, options, words):
    runner = build_paco(tmp_path, max_epochs=1, **options)
    with pytest.raises(ValueError, match=words):
        runner.train()
    assert runner.iter == 0


def test_batches_that_fill_the_queue_need_not_be_dropped(tmp_path):
    loader = dict(drop_last=False)
    build_paco(tmp_path, loader=loader, max_epochs=1).train()


def test_hook_without_a_queue_is_refused(tmp_path):
    runner = build_paco(tmp_path, model=image_classifier())
    with pytest.raises(TypeError, match='a model with a queue of keys'):
        runner.train()
