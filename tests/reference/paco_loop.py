# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Parametric contrast, one pair at a time, in Python floats."""
import math


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def paco_loop(scores, labels, queries, keys, queue, counts, alpha, beta, gamma,
              supt, temperature):
    """Mean loss of a batch; ``queue`` is a list of (key, label).

    Args:
        scores: Rows of logits of the linear classifier.
        labels: One for each row.
        queries, keys: Unit vectors, one for each row.
        queue: Pairs of a unit vector and a label.
        counts: Training images of every class.
    """
    total = 0.
    for i, label in enumerate(labels):
        terms = []  # (logit, share of the denominator, weight)
        for c, score in enumerate(scores[i]):
            prior = counts[c] / sum(counts)
            weight = beta if c == label else 0.
            terms.append(((score + math.log(prior)) / supt, 1., weight))
        others = [(queries[j], labels[j]) for j in range(len(labels))
                  if j != i]
        others += [*zip(keys, labels), *queue]
        for vector, its_label in others:
            weight = alpha if its_label == label else 0.
            logit = dot(queries[i], vector) / temperature
            terms.append((logit, gamma, weight))
        denominator = sum(share * math.exp(z) for z, share, _ in terms)
        weights = sum(w for _, _, w in terms)
        total -= sum(w * (z - math.log(denominator))
                     for z, _, w in terms) / weights
    return total / len(labels)
