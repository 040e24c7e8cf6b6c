# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Losses for long-tailed data, one sample and one class at a time, in Python
floats: the formulas as their papers or authors' codes have them."""
import math


def probabilities(row):
    exponentials = [math.exp(z) for z in row]
    return [e / sum(exponentials) for e in exponentials]


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def cross_entropy(row, label):
    return -math.log(probabilities(row)[label])


def focal(row, label, gamma):
    p = probabilities(row)[label]
    return (1 - p)**gamma * -math.log(p)


def sigmoid_focal(row, label, gamma):
    total = 0.
    for c, z in enumerate(row):
        p = sigmoid(z) if c == label else 1 - sigmoid(z)
        total += (1 - p)**gamma * -math.log(p)
    return total


def effective_weights(counts, beta):
    weights = [(1 - beta) / (1 - beta**n) for n in counts]
    return [w * len(counts) / sum(weights) for w in weights]


def weighted_mean(losses, labels, class_weights):
    """As PyTorch's cross-entropy with a weight."""
    weights = [class_weights[y] for y in labels]
    return sum(w * l for w, l in zip(weights, losses)) / sum(weights)


def class_balanced(scores, labels, counts, carrier, beta, gamma):
    weights = effective_weights(counts, beta)
    total = 0.
    for row, y in zip(scores, labels):
        if carrier == 'softmax':
            loss = cross_entropy(row, y)
        elif carrier == 'sigmoid':
            loss = sigmoid_focal(row, y, gamma=0.)
        else:
            loss = sigmoid_focal(row, y, gamma)
        total += weights[y] * loss
    return total / len(labels)


def ldam(scores, labels, counts, max_margin, scale):
    """(B,) losses."""
    losses = []
    for row, y in zip(scores, labels):
        margin = max_margin * (min(counts) / counts[y])**(1 / 4)
        row = list(row)
        row[y] -= margin
        losses.append(cross_entropy([scale * z for z in row], y))
    return losses


def balanced_softmax(scores, labels, counts, tau):
    total = 0.
    for row, y in zip(scores, labels):
        row = [z + tau * math.log(n) for z, n in zip(row, counts)]
        total += cross_entropy(row, y)
    return total / len(labels)


def lade_regularizer(scores, labels, counts, lam):
    size, num_classes = len(labels), len(counts)
    total = 0.
    for c, count in enumerate(counts):
        prior = count / sum(counts)
        own = [row[c] for row, y in zip(scores, labels) if y == c]
        first = sum(own) / len(own) if own else 0.
        mean_of_ratios = sum(
            math.exp(row[c]) / (prior * num_classes) for row in scores) / size
        bound = math.log(mean_of_ratios)
        total -= prior * (first - bound - lam * bound**2)
    return total


def gcl(scores, labels, counts, noise, kappa, margin, scale, gamma):
    """(B,) losses, for noise that is clamped already."""
    logs = [math.log(n) for n in counts]
    losses = []
    for row, y, drawn in zip(scores, labels, noise):
        logits = []
        for c, cosine in enumerate(row):
            gap = (max(logs) - logs[c]) / (max(logs) - min(logs))
            lowered = cosine - kappa * abs(drawn[c]) * gap
            logits.append(scale * (lowered - (margin if c == y else 0)))
        losses.append(focal(logits, y, gamma))
    return losses
