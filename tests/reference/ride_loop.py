# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""RIDE, number by number, in Python floats."""
import math

from tests.reference.long_tailed_losses import probabilities


def margins(counts, max_margin):
    return [max_margin * (min(counts) / n)**0.25 for n in counts]


def temperatures(counts, share):
    total, classes = sum(counts), len(counts)
    raw = [classes * n / total * share + 1 - share for n in counts]
    return [t / max(raw) for t in raw]


def mean_logits(experts, i):
    columns = zip(*(expert[i] for expert in experts))
    return [sum(column) / len(experts) for column in columns]


def entropy(logits, labels, counts, max_margin, scale, weights=None):
    """Cross-entropy of one expert, a weighted mean over samples."""
    margin = margins(counts, max_margin)
    total, divisor = 0., 0.
    for scores, y in zip(logits, labels):
        lowered = list(scores)
        lowered[y] -= scale * margin[y]
        weight = 1. if weights is None else weights[y]
        total -= weight * math.log(probabilities(lowered)[y])
        divisor += weight
    return total / divisor


def divergence(experts, temperature):
    """Tbar^2 KL(mean || expert), summed over experts, mean over samples."""
    batch, total = len(experts[0]), 0.
    mean_temperature = sum(temperature) / len(temperature)
    for expert in experts:
        for i in range(batch):
            p = probabilities(
                [z / t for z, t in zip(mean_logits(experts, i), temperature)])
            q = probabilities([z / t for z, t in zip(expert[i], temperature)])
            total += sum(a * math.log(a / b) for a, b in zip(p, q))
    return mean_temperature**2 * total / batch


def ride(experts,
         labels,
         counts,
         diversity,
         temperature,
         max_margin=0.5,
         scale=30.,
         weights=None):
    """The whole loss; labels of each sample are hard."""
    total = sum(
        entropy(expert, labels, counts, max_margin, scale, weights)
        for expert in experts)
    return total + diversity * divergence(experts, temperature)


def needs_another(experts, labels):
    """For each k < K and sample: first k wrong, some longer prefix right."""
    right = []
    for k in range(1, len(experts) + 1):
        means = [mean_logits(experts[:k], i) for i in range(len(labels))]
        right.append([
            max(range(len(m)), key=m.__getitem__) == y
            for m, y in zip(means, labels)
        ])
    return [[
        not right[k][i] and any(later[i] for later in right[k + 1:])
        for i in range(len(labels))
    ] for k in range(len(experts) - 1)]
