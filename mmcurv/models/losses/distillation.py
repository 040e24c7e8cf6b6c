# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How far a student is from what its teacher says.

Hinton et al., *Distilling the Knowledge in a Neural Network*, 2015; with the
power of He et al., *Distilling Virtual Examples for Long-tailed Recognition*
(DiVE), 2021.
"""
import torch.nn.functional as F
from torch import Tensor

from mmcurv.models.full_precision import at_least_float32


def distillation_divergence(student: Tensor,
                            teacher: Tensor,
                            temperature: float = 1.,
                            power: float = 1.) -> Tensor:
    """KL(q || softmax(s / T)) with q = softmax(t / T)^p, normalized again.

    A power below 1 flattens the teacher alone: p = 0.5 is twice the
    temperature on its side. Half precision is computed in float32.

    Args:
        student (Tensor): (B, C) logits s.
        teacher (Tensor): (B, C) logits t, which get no gradient.
        temperature (float): T, positive. Defaults to 1.0.
        power (float): p, positive. Defaults to 1.0.

    Returns:
        Tensor: A scalar of at least 0, the mean over samples of the sum over
        classes, in nats, not multiplied by T^2.

    Raises:
        ValueError: If the shapes differ.
    """
    if student.shape != teacher.shape:
        raise ValueError(
            'expected logits of the student and the teacher in one shape, got '
            f'{tuple(student.shape)} and {tuple(teacher.shape)}.')
    # softmax(t / T)^p over its sum is softmax(p t / T).
    scaled = at_least_float32(teacher.detach()) * (power / temperature)
    target = F.log_softmax(scaled, dim=1)
    guess = F.log_softmax(at_least_float32(student) / temperature, dim=1)
    return F.kl_div(guess, target, reduction='batchmean', log_target=True)
