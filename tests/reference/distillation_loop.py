# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Distillation with a flattened teacher, one number at a time."""
import math


def softmax(logits):
    total = sum(math.exp(z) for z in logits)
    return [math.exp(z) / total for z in logits]


def distillation_loop(student, teacher, temperature, power):
    """Mean over rows of KL(q || softmax(s / T)), q = softmax(t / T)^p."""
    total = 0.
    for s, t in zip(student, teacher):
        raised = [q**power for q in softmax([z / temperature for z in t])]
        target = [q / sum(raised) for q in raised]
        guess = softmax([z / temperature for z in s])
        total += sum(q * math.log(q / p) for q, p in zip(target, guess))
    return total / len(student)
