# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.models.losses.distillation import distillation_divergence
from tests.reference.distillation_loop import distillation_loop


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
