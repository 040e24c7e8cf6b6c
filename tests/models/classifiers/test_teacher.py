# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import pytest
import torch
from mmengine.model import is_model_wrapper
from mmengine.registry import MODELS, init_default_scope

from mmcurv.models import Teacher
from mmcurv.models.classifiers import distillation_divergence
from tests.engine.image_run import image_classifier
from tests.engine.two_processes import in_two_processes
from tests.models.classifiers.taught_run import build_student, write_teacher
from tests.reference.distillation_loop import distillation_loop


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
    logits = Teacher(image_classifier(), checkpoint, 3).logits(images)
    assert torch.equal(logits, model.eval()(images))
    assert not logits.requires_grad


def test_loading_draws_no_random_number(checkpoint):
    torch.manual_seed(0)
    state = torch.get_rng_state()
    Teacher(image_classifier(), checkpoint, 3).load()
    assert torch.equal(torch.get_rng_state(), state)


def test_copies_share_the_teacher(checkpoint):
    teacher = Teacher(image_classifier(), checkpoint, 3)
    assert copy.deepcopy(teacher) is teacher


def test_config_of_the_teacher_is_left_as_it_was(checkpoint):
    config = image_classifier(data_preprocessor=dict(mean=[0.], std=[1.]))
    kept = copy.deepcopy(config)
    Teacher(config, checkpoint, 3).load()
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
    teacher = Teacher(image_classifier(), checkpoint, 3)
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
        Teacher(image_classifier(), str(path), 3).load()


def test_other_number_of_classes_is_told_before_training(tmp_path):
    path = write_teacher(tmp_path, head=dict(num_classes=5))
    other = image_classifier(head=dict(num_classes=5))
    with pytest.raises(ValueError, match='head of 3 classes.*got 5'):
        Teacher(other, path, num_classes=3).load()
    runner = build_student(tmp_path, path)
    with pytest.raises(ValueError, match=r'does not fit(.|\n)*fc.weight'):
        runner.train()
    assert runner.iter == 0


def test_missing_and_unknown_weights_are_told(checkpoint, tmp_path):
    content = torch.load(checkpoint)
    bias = content['state_dict'].pop('head.fc.bias')
    content['state_dict']['head.other'] = bias
    torch.save(content, checkpoint)
    words = r'does not fit.*head\.fc\.bias.*head\.other'
    with pytest.raises(ValueError, match=words):
        Teacher(image_classifier(), checkpoint, 3).load()


def test_model_without_a_head_is_told(tmp_path):
    init_default_scope('mmpretrain')
    config = dict(image_classifier(), head=None)
    path = tmp_path / 'headless.pth'
    torch.save(MODELS.build(copy.deepcopy(config)).state_dict(), path)
    with pytest.raises(ValueError, match='with a head of 3 .* got None'):
        Teacher(config, str(path), 3).load()


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


def logits(seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(5, 4, generator=generator, dtype=dtype)


@pytest.mark.parametrize('temperature', [1., 3.])
@pytest.mark.parametrize('power', [0.5, 1., 2.])
def test_divergence_is_that_of_the_loop(temperature, power):
    student, teacher = logits(0), logits(1)
    value = distillation_divergence(student, teacher, temperature, power)
    expected = distillation_loop(student.tolist(), teacher.tolist(),
                                 temperature, power)
    assert value.item() == pytest.approx(expected, rel=1e-12)


def test_divergence_of_two_classes_has_a_closed_form():
    # Even odds against 3 to 1.
    student = torch.tensor([[3., 1.]]).log()
    value = distillation_divergence(student, torch.zeros(1, 2))
    assert value.item() == pytest.approx(0.5 * torch.tensor(4 / 3).log())


def test_divergence_from_oneself_is_zero():
    assert distillation_divergence(logits(0), logits(0)).abs() < 1e-15


def test_power_of_a_half_doubles_the_temperature_of_the_teacher_alone():
    student, teacher = logits(0), logits(1)
    torch.testing.assert_close(
        distillation_divergence(student, teacher, 3., 0.5),
        distillation_divergence(student, teacher / 2, 3., 1.))


def test_gradient_reaches_the_student_alone():
    student = logits(0).requires_grad_()
    teacher = logits(1).requires_grad_()
    distillation_divergence(student, teacher, 2., 0.5).backward()
    assert student.grad.any() and teacher.grad is None
    assert torch.autograd.gradcheck(
        lambda s: distillation_divergence(s, teacher, 2., 0.5), student)


def test_half_precision_is_computed_in_float32():
    student, teacher = logits(0).half(), logits(1).half()
    value = distillation_divergence(student, teacher, 2.)
    assert value.dtype == torch.float32
    expected = distillation_divergence(student.double(), teacher.double(), 2.)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)


def test_other_shape_of_the_teacher_is_refused():
    with pytest.raises(ValueError, match=r'\(5, 4\) and \(5, 3\)'):
        distillation_divergence(logits(0), logits(1)[:, :3])
