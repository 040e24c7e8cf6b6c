# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

from mmcurv.datasets import class_counts, tail_classes
from mmcurv.engine.hooks.confusing_classes import (class_scores,
                                                   confusing_classes)
from tests.engine.image_run import image_classifier
from tests.engine.test_resume_exactly import differences
from tests.engine.two_processes import in_two_processes
from tests.models.classifiers.ofa_run import build_ofa, ofa


def ended(work_dir, **options):
    runner = build_ofa(work_dir, **options)
    runner.train()
    return runner, torch.load(work_dir / 'epoch_2.pth')


def test_phase_two_trains_the_classifier_on_groups_and_keeps_the_body(
        tmp_path):
    runner = build_ofa(tmp_path)
    runner.model.init_weights()
    before = {
        name: value.clone()
        for name, value in runner.model.backbone.state_dict().items()
    }
    start = runner.model.head.fc.weight.detach().clone()
    runner.train()
    after = runner.model.backbone.state_dict()
    assert differences(before, dict(after)) == []
    assert (runner.model.head.fc.weight != start).any()
    assert torch.isfinite(
        torch.tensor(runner.message_hub.get_scalar('train/loss').current()))
    is_tail = tail_classes(class_counts(runner.train_dataloader.dataset))
    rows = runner.model.confusing
    assert torch.equal((rows >= 0).all(1), torch.from_numpy(is_tail))
    assert not is_tail[rows[rows >= 0]].any()
    assert not torch.equal(runner.model.activation_weight,
                           runner.model.head.fc.weight)


def test_resumed_phase_two_repeats_the_uninterrupted_one_bit_for_bit(tmp_path):
    _, whole = ended(tmp_path / 'whole')
    torch.manual_seed(1)
    _, resumed = ended(
        tmp_path / 'resumed',
        load_from=str(tmp_path / 'whole' / 'epoch_1.pth'),
        resume=True)
    assert {'confusing', 'activation_weight'} < whole['state_dict'].keys()
    for state in ('state_dict', 'optimizer', 'mmcurv_random_state'):
        assert differences(whole[state], resumed[state], state) == []


@pytest.mark.parametrize('options, words', [
    (dict(batch=10), 'batch_size=10'),
    (dict(sampler=dict(num_fused=3), batch=10), 'num_fused=2 of the model, 3'),
    (dict(model=ofa(num_confusing=6)), 'num_confusing=6 head classes, got 5'),
])
def test_numbers_that_do_not_fit_are_told_before_training(
        tmp_path, options, words):
    runner = build_ofa(tmp_path, **options)
    with pytest.raises(ValueError, match=words):
        runner.train()
    assert runner.iter == 0


def test_phase_one_does_not_need_the_hook(tmp_path):
    runner = build_ofa(tmp_path, model=ofa(augment=False))
    with pytest.raises(TypeError, match='with augment=True.*in phase I'):
        runner.train()


def test_other_samplers_are_told_before_training(tmp_path):
    runner = build_ofa(tmp_path)
    runner._train_dataloader['sampler'] = dict(
        type='DefaultSampler', shuffle=True)
    with pytest.raises(TypeError, match='TailPartnerSampler.*DefaultSampler'):
        runner.train()


def fuse(rank, folder):
    wrapper = dict(type='MMDistributedDataParallel', device_ids=None)
    runner = build_ofa(
        folder, launcher='pytorch', model_wrapper_cfg=wrapper, batch=8)
    runner.train()
    model = runner.model.module
    return dict(
        weight=model.head.fc.weight.detach(),
        confusing=model.confusing,
        images=list(runner.train_dataloader.sampler))


def test_two_processes_agree_on_the_confused_classes(tmp_path):
    first, second = in_two_processes(fuse, tmp_path)
    for name in ('weight', 'confusing'):
        assert torch.equal(first[name], second[name])
    alone = build_ofa(tmp_path / 'alone', max_epochs=1)
    alone.train()
    assert torch.equal(alone.model.confusing, first['confusing'])
    whole = torch.tensor(list(alone.train_dataloader.sampler)).view(-1, 4)
    alone.train_dataloader.sampler.set_epoch(1)
    whole = torch.tensor(list(alone.train_dataloader.sampler)).view(-1, 4)
    for rank, one in enumerate((first, second)):
        assert torch.equal(
            torch.tensor(one['images']).view(-1, 4), whole[rank::2])


SCORES = torch.tensor([
    [.9, .1, .0, .0, .0],
    [.1, .8, .1, .0, .0],
    [.1, .1, .8, .0, .0],
    [.1, .3, .2, .3, .1],
    [.2, .0, .2, .5, .1],
])
IS_TAIL = torch.tensor([False, False, False, True, True])


def test_head_classes_with_the_largest_scores_are_confusing():
    table = confusing_classes(SCORES, IS_TAIL, 2)
    # Class 3 is no head class; of equals, the first comes first.
    assert table.tolist() == [[-1, -1]] * 3 + [[1, 2], [0, 2]]


def test_too_few_head_classes_are_refused():
    with pytest.raises(
            ValueError, match='num_confusing=4 head classes, got 3'):
        confusing_classes(SCORES, IS_TAIL, 4)


def test_scores_are_means_of_a_model_that_evaluates_and_stays_as_it_was():
    init_default_scope('mmpretrain')
    model = MODELS.build(image_classifier()).train()
    model.backbone.eval()
    state = {k: v.clone() for k, v in model.state_dict().items()}
    images = torch.randn(5, 3, 32, 32)
    labels = [0, 2, 0, 2, 2]
    loader = [
        dict(
            inputs=images[part],
            data_samples=[
                DataSample().set_gt_label(label) for label in labels[part]
            ]) for part in (slice(0, 3), slice(3, 5))
    ]
    scores = class_scores(model, loader, 3)
    assert model.training and not model.backbone.training
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    each = model.eval()(images).detach().softmax(1).double()
    torch.testing.assert_close(scores[0], each[[0, 2]].mean(0))
    torch.testing.assert_close(scores[2], each[[1, 3, 4]].mean(0))
    assert scores[1].isnan().all()
