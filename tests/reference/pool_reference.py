# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The feature pool as a plain dict and one deque per class."""
import math
from collections import deque


class PoolReference:
    """Latest features of all images, class by class.

    ``queues[c]`` holds what class c keeps, oldest place first: features with
    'fifo', image numbers with 'index', whose features are in ``features``.
    """

    def __init__(self, class_counts, addressing, max_per_class=None):
        self.by_index = addressing == 'index'
        self.queues = [
            deque(
                maxlen=count if max_per_class is
                None else min(count, max_per_class)) for count in class_counts
        ]
        self.features = {}  # image -> feature
        self.num_nonfinite = 0

    def push(self, features, labels, indices=None):
        """Lists of one batch: tuples of floats, classes, image numbers."""
        rows = []
        for row, feature in enumerate(features):
            if all(map(math.isfinite, feature)):
                rows.append(row)
            else:
                self.num_nonfinite += 1
        if not self.by_index:
            for row in rows:
                self.queues[labels[row]].append(features[row])
            return
        last = {indices[row]: row for row in rows}
        rows = [row for row in rows if last[indices[row]] == row]
        new = [row for row in rows if indices[row] not in self.features]
        for row in rows:
            if row not in new:
                self.features[indices[row]] = features[row]
        for row in new:
            queue = self.queues[labels[row]]
            if len(queue) == queue.maxlen:
                del self.features[queue.popleft()]
            queue.append(indices[row])
            self.features[indices[row]] = features[row]

    def members(self, c):
        """Features of class c, oldest place first."""
        if self.by_index:
            return [self.features[image] for image in self.queues[c]]
        return list(self.queues[c])

    def fill(self):
        return [len(queue) for queue in self.queues]
