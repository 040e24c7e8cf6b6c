# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""De-confound-TDE's logits, one image, class and head at a time."""
import math


def causal_norm_loop(features, weight, moving, alpha, num_heads, tau, gamma):
    """z[i][c] of lists of numbers, as the paper's equation reads."""
    width = len(weight[0]) // num_heads
    return [[
        tau / num_heads * sum(
            _one_head(
                _slice(x, k, width), _slice(w, k, width),
                _slice(moving, k, width), alpha, gamma)
            for k in range(num_heads)) for w in weight
    ] for x in features]


def _one_head(x, w, d, alpha, gamma):
    x_hat = [v / _norm(x) for v in x]
    d_hat = [v / _norm(d) for v in d]
    w_hat = [v / (_norm(w) + gamma) for v in w]
    cosine = _dot(x, d) / (_norm(x) * _norm(d))
    kept = [a - alpha * cosine * b for a, b in zip(x_hat, d_hat)]
    return _dot(kept, w_hat)


def _slice(vector, k, width):
    return vector[k * width:(k + 1) * width]


def _dot(a, b):
    return sum(u * v for u, v in zip(a, b))


def _norm(a):
    return math.sqrt(_dot(a, a))
