# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The hook in single iterations; whole runs are in test_bbn_run.py."""
import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope

from mmcurv.engine.hooks import RandomStateHook, SecondBatchHook
from mmcurv.samples import read_second
from tests.engine.bbn_run import bbn_model
from tests.engine.paired_run import COUNTS, LABELS, FakeRunner, batches


def started(hook=None, model=None, **options):
    hook = hook or SecondBatchHook()
    init_default_scope('mmpretrain')
    runner = FakeRunner(hook, **options)
    runner.model = MODELS.build(model or bbn_model())
    hook.before_train(runner)
    return hook, runner


def numbers(images):
    return [int(image[0, 0, 0]) for image in images]


@pytest.mark.parametrize('stacked', [True, False])
def test_second_images_follow_the_first_and_samples_hold_both_labels(stacked):
    hook, runner = started(stacked=stacked)
    plain = [numbers(batch['inputs']) for batch in runner.train_dataloader]
    for index, batch in enumerate(batches(hook, runner, 1)):
        count = len(plain[index])  # 16, at last 4
        assert isinstance(batch['inputs'], torch.Tensor) == stacked
        shown = numbers(batch['inputs'])
        assert shown[:count] == plain[index]
        assert len(shown) == 2 * count
        samples = batch['data_samples']
        assert [int(s.gt_label) for s in samples
                ] == [LABELS[number] for number in plain[index]]
        assert read_second(samples).tolist() == [
            LABELS[number] for number in shown[count:]
        ]


@pytest.mark.parametrize('weights, power', [('reversed', -1), ('balanced', 0),
                                            (0.5, 0.5)])
def test_second_images_follow_the_weights_and_the_first_do_not(weights, power):
    hook, runner = started(SecondBatchHook(weights))
    first, second = np.zeros(3), np.zeros(3)
    for batch in batches(hook, runner, 60):
        samples = batch['data_samples']
        labels = [int(sample.gt_label) for sample in samples]
        first += np.bincount(labels, minlength=3)
        second += np.bincount(read_second(samples), minlength=3)
    assert first.tolist() == [60 * count for count in COUNTS]
    expected = np.array(COUNTS, dtype=float)**power
    shares = second / second.sum()
    assert np.abs(shares - expected / expected.sum()).max() < 0.03


def test_images_of_the_data_set_are_never_changed():
    hook, runner = started(stacked=False)
    images = runner.train_dataloader.dataset.images
    before = images.clone()
    assert list(batches(hook, runner, 1))
    assert torch.equal(images, before)


def test_epoch_decides_what_is_drawn():
    drawn = []
    for epochs in (range(4, 6), range(5, 6)):
        hook, runner = started()
        for epoch in epochs:
            runner.epoch = epoch
            seen = [
                numbers(batch['inputs']) for batch in batches(hook, runner, 1)
            ]
        drawn.append(seen)
    assert drawn[0] == drawn[1]


def test_states_of_the_pipeline_are_saved(tmp_path):
    hook = SecondBatchHook()
    runner = FakeRunner(hook)
    runner.register_hook = runner.hooks.append
    hook.before_run(runner)
    hook.before_run(runner)
    kinds = [type(hook) for hook in runner.hooks]
    assert kinds == [SecondBatchHook, RandomStateHook]


def test_model_of_one_batch_is_refused():
    model = dict(bbn_model(), type='ImageClassifier')
    words = 'two batches, got ImageClassifier.*mmcurv.BBNClassifier'
    with pytest.raises(TypeError, match=words):
        started(model=model)


@pytest.mark.parametrize('preprocessor', [
    dict(to_onehot=True, num_classes=3),
    dict(batch_augments=dict(augments=dict(type='Mixup', alpha=1.))),
])
def test_soft_labels_are_refused(preprocessor):
    model = dict(bbn_model(), data_preprocessor=preprocessor)
    with pytest.raises(ValueError, match=f'{next(iter(preprocessor))} of the'):
        started(model=model)


def test_unknown_weights_are_refused():
    with pytest.raises(ValueError, match="did you mean 'reversed'"):
        started(SecondBatchHook('reverse'))
