# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Class-aware sampling with counters, as the decoupling paper describes it."""
import torch


class ShuffledCycle:
    """Endless cycle over items, shuffled whenever it begins anew."""

    def __init__(self, items, generator):
        self.items, self.generator = list(items), generator
        self.order, self.position = [], 0

    def next(self):
        if self.position == len(self.order):
            order = torch.randperm(len(self.items), generator=self.generator)
            self.order, self.position = order.tolist(), 0
        self.position += 1
        return self.items[self.order[self.position - 1]]


def class_aware_loop(labels, length, num_samples_cls, generator):
    """Positions of one epoch."""
    present = sorted(set(labels))
    classes = ShuffledCycle(present, generator)
    images = {
        c:
        ShuffledCycle([i for i, label in enumerate(labels) if label == c],
                      generator)
        for c in present
    }
    drawn, in_a_row, label = [], num_samples_cls, None
    while len(drawn) < length:
        if in_a_row == num_samples_cls:
            label, in_a_row = classes.next(), 0
        drawn.append(images[label].next())
        in_a_row += 1
    return drawn
