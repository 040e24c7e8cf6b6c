# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import pytest
import torch
from mmengine.model import is_model_wrapper
from mmengine.registry import MODELS, init_default_scope

from mmcurv.models import Teacher
from tests.engine.image_run import image_classifier
from tests.engine.two_processes import in_two_processes
from tests.models.classifiers.taught_run import build_student, write_teacher


@pytest.fixture
def checkpoint(tmp_path):
    return write_teacher(tmp_path)


def bits(teacher):
    """Parameters and buffers, batch norms' included."""
    return {
        name: value.clone()
        for name, value in teacher._model.state_dict().items()
    }


def same(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first)


def test_logits_are_those_of_the_trained_network_in_evaluation(checkpoint):
    model = MODELS.build(image_classifier())
    model.load_state_dict(torch.load(checkpoint)['state_dict'])
    images = torch.randn(4, 3, 32, 32)
    logits = Teacher(image_classifier(), checkpoint).logits(images)
    assert torch.equal(logits, model.eval()(images))
    assert not logits.requires_grad


def test_loading_draws_no_random_number(checkpoint):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    Teacher(image_classifier(), checkpoint).load()
    assert torch.equal(torch.get_rng_state(), state)


def test_copies_share_the_teacher(checkpoint):
    teacher = Teacher(image_classifier(), checkpoint)
    assert copy.deepcopy(teacher) is teacher


def test_config_of_the_teacher_is_left_as_it_was(checkpoint):
    config = image_classifier(data_preprocessor=dict(mean=[0.], std=[1.]))
    kept = copy.deepcopy(config)
    Teacher(config, checkpoint).load()
    assert config == kept


def test_training_a_student_moves_no_bit_of_the_teacher(checkpoint, tmp_path):
    runner = build_student(
        tmp_path,
        checkpoint,
        hooks=dict(ema=dict(type='EMAHook', momentum=0.1)))
    teacher = runner.model.teacher
    teacher.load()
    before = bits(teacher)
    runner.train()
    assert same(before, bits(teacher))
    assert same(before, torch.load(checkpoint)['state_dict'])
    assert not teacher._model.training


def test_teacher_is_in_no_state_dict_optimizer_or_copy(checkpoint, tmp_path):
    runner = build_student(
        tmp_path,
        checkpoint,
        hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=2),
            ema=dict(type='EMAHook', momentum=0.1)))
    runner.train()
    model = runner.model
    plain = MODELS.build(image_classifier())
    assert model.state_dict().keys() == plain.state_dict().keys()
    assert not any(p is q for p in model.teacher._model.parameters()
                   for q in model.parameters())
    in_optimizer = [
        p for group in runner.optim_wrapper.param_groups
        for p in group['params']
    ]
    assert len(in_optimizer) == len(list(plain.parameters()))
    saved = torch.load(tmp_path / 'epoch_2.pth')
    assert saved['state_dict'].keys() == plain.state_dict().keys()
    (ema, ) = [
        hook.ema_model for hook in runner.hooks if hasattr(hook, 'ema_model')
    ]
    assert ema.module.teacher is model.teacher
    assert not any('teacher' in name for name in ema.state_dict())


def test_teacher_follows_the_device_of_the_images(checkpoint):
    teacher = Teacher(image_classifier(), checkpoint)
    teacher.load()
    images = torch.zeros(2, 3, 32, 32, device='meta')
    assert teacher.logits(images).device.type == 'meta'


def test_missing_checkpoint_is_told_before_training(tmp_path):
    runner = build_student(tmp_path, str(tmp_path / 'none.pth'))
    with pytest.raises(FileNotFoundError, match='none.pth.*Train the teacher'):
        runner.train()
    assert runner.iter == 0


def test_student_is_built_without_the_file_of_its_teacher(tmp_path):
    runner = build_student(tmp_path, str(tmp_path / 'none.pth'))
    assert runner.model(torch.zeros(2, 3, 32, 32)).shape == (2, 3)


def test_file_that_is_no_checkpoint_is_told(tmp_path):
    path = tmp_path / 'text.pth'
    path.write_text('no weights')
    with pytest.raises(ValueError, match='text.pth.*cannot be read'):
        Teacher(image_classifier(), str(path)).load()


def test_other_number_of_classes_is_told_before_training(tmp_path):
    path = write_teacher(tmp_path, head=dict(num_classes=5))
    other = image_classifier(head=dict(num_classes=5))
    with pytest.raises(ValueError, match='model of 3 classes.*got 5'):
        Teacher(other, path, num_classes=3).load()
    runner = build_student(tmp_path, path)
    with pytest.raises(ValueError, match=r'head.fc.weight \(5, 16\) there'):
        runner.train()
    assert runner.iter == 0


def test_missing_and_unknown_weights_are_told(checkpoint, tmp_path):
    content = torch.load(checkpoint)
    bias = content['state_dict'].pop('head.fc.bias')
    content['state_dict']['head.other'] = bias
    torch.save(content, checkpoint)
    words = (r'1 missing from the checkpoint \(head.fc.bias\); '
             r'1 unknown to the model \(head.other\)')
    with pytest.raises(ValueError, match=words):
        Teacher(image_classifier(), checkpoint).load()


def test_model_without_a_head_is_told(tmp_path):
    init_default_scope('mmpretrain')
    config = dict(image_classifier(), head=None)
    path = tmp_path / 'headless.pth'
    torch.save(MODELS.build(copy.deepcopy(config)).state_dict(), path)
    with pytest.raises(ValueError, match='Give it a head'):
        Teacher(config, str(path)).logits(torch.zeros(2, 3, 32, 32))


def learn(rank, folder):
    """The weights of a student in two processes, and what its teacher is."""
    wrapper = dict(type='MMDistributedDataParallel', device_ids=None)
    runner = build_student(
        folder,
        str(folder / 'teacher.pth'),
        launcher='pytorch',
        cfg=dict(model_wrapper_cfg=wrapper))
    runner.train()
    model = runner.model.module
    return dict(
        wrapped=is_model_wrapper(runner.model),
        weight=model.head.fc.weight.detach(),
        teacher=bits(model.teacher))


def test_two_processes_learn_from_one_teacher(tmp_path):
    path = write_teacher(tmp_path)
    first, second = in_two_processes(learn, tmp_path)
    assert first['wrapped']
    assert torch.equal(first['weight'], second['weight'])
    for one in (first, second):
        assert same(one['teacher'], torch.load(path)['state_dict'])
