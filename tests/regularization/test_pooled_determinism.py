# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The same bits from the same batch, whatever the threads do."""
import subprocess
import sys

# A process of its own: the number of threads can be set only once.
SCRIPT = '''
import torch
torch.set_num_threads(2)
from mmcurv.geometry import class_curvature
from mmcurv.regularization import FeaturePool, PooledCurvature

counts = [600, 500]
labels = torch.arange(2).repeat_interleave(torch.tensor(counts))
images = torch.arange(len(labels))
generator = torch.Generator().manual_seed(0)
start = torch.randn(len(labels), 64, generator=generator)

def pooled(features):
    curvature = PooledCurvature(FeaturePool(counts, 64))
    return curvature(features, labels, images).sum()

def direct(features):
    return class_curvature(features, labels, 2).log_value.sum()

for function in (pooled, direct):
    gradients = set()
    for _ in range(12):
        features = start.clone().requires_grad_()
        function(features).backward()
        gradients.add(features.grad.numpy().tobytes())
    print(len(gradients))
'''


def test_gradient_of_many_shared_neighbours_repeats_bit_for_bit():
    # Each point is the neighbour of forty others, so forty terms meet in
    # its gradient, from two threads.
    done = subprocess.run([sys.executable, '-c', SCRIPT],
                          check=True,
                          stdout=subprocess.PIPE,
                          text=True)
    assert done.stdout.split() == ['1', '1']
