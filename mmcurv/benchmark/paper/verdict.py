# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether a number of the paper was found again."""
from typing import Any, Dict, Sequence, Tuple

from mmcurv.audit.report.numbers import is_known

NOT_RUN, NOT_COMPARABLE = 'not run', 'not comparable'
REPRODUCED, NOT_REPRODUCED = 'reproduced', 'not reproduced'
VERDICTS = (REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE, NOT_RUN)
POINTS = 1.  # of accuracy
HALF_WIDTH = 2.  # points; a wider interval holds almost anything
CORRELATION = 0.1
SEEDS = 3
ROUNDING = 1e-9
RULE = """\
A number of the paper is "not run" if no run of it has finished. It is "not
comparable" if the data, the groups of classes, the model or the number of
epochs is another one than the paper's, if fewer than 3 seeds have it, if the
paper prints none, or if it is a variance of curvature, whose tangent dimension
and unit the paper leaves open. Else it is "reproduced" if our mean is at most
1.0 point of accuracy away, or if it lies in our 95 % interval and that reaches
at most 2.0 points to each side; a correlation if our mean is at most 0.1 away.
Else it is "not reproduced". A gain, with CR minus without, goes by the same
rule, but is "reproduced" only if our interval leaves 0 out on the paper's
side: many of the paper's gains are hardly a point.""".replace('\n', ' ')


def verdict(value: float, found: Dict[str, Any], metric: str, finished: int,
            objections: Sequence[str]) -> Tuple[str, str]:
    """Judge one number of the paper.

    A number of the paper is "not run" if no run of it has finished. It is
    "not comparable" if the data, the groups of classes, the model or the
    number of epochs is another one than the paper's, if fewer than 3 seeds
    have it, if the paper prints none, or if it is a variance of curvature,
    whose tangent dimension and unit the paper leaves open. Else it is
    "reproduced" if our mean is at most 1.0 point of accuracy away, or if it
    lies in our 95 % interval and that reaches at most 2.0 points to each
    side; a correlation if our mean is at most 0.1 away. Else it is "not
    reproduced". A gain, with CR minus without, goes by the same rule, but is
    "reproduced" only if our interval leaves 0 out on the paper's side: many
    of the paper's gains are hardly a point. See :func:`gain_verdict`.

    Args:
        value (float): Of the paper; nan if it prints none.
        found (dict): Ours: ``mean``, ``low``, ``high``, ``n``.
        metric (str): Name of the number among our metrics.
        finished (int): Runs, or pairs of runs, that have ended.
        objections (Sequence[str]): Why the runs are not the paper's.

    Returns:
        tuple[str, str]: One of ``VERDICTS``, and the reason in words.
    """
    if not finished:
        return NOT_RUN, ''
    reasons = list(objections)
    if found['n'] < SEEDS:
        reasons.append(f'{found["n"]} of at least {SEEDS} seeds have it')
    if metric == 'curvature_variance':
        reasons.append('the paper leaves tangent dimension and unit open')
    if not is_known(value):
        reasons.append('the paper prints no value')
    if reasons:
        return NOT_COMPARABLE, '; '.join(reasons)
    away = found['mean'] - value
    side = 'above' if away > 0 else 'below'
    if metric == 'correlation':
        near = abs(away) <= CORRELATION + ROUNDING
        reason = f'{abs(away):.3f} {side} the paper'
    else:
        half = (found['high'] - found['low']) / 2
        inside = found['low'] <= value <= found['high'] and half <= HALF_WIDTH
        near = abs(away) <= POINTS + ROUNDING or inside
        reason = f'{abs(away):.2f} points {side} the paper'
        reason += ', which our interval holds' if inside else ''
    return REPRODUCED if near else NOT_REPRODUCED, reason


def gain_verdict(value: float, found: Dict[str, Any], metric: str,
                 finished: int, objections: Sequence[str]) -> Tuple[str, str]:
    """Judge a gain that the paper prints by two numbers.

    Args:
        value (float): Of the paper, with CR minus without.
        found (dict): Ours, as :func:`verdict` takes it.
        metric (str): As :func:`verdict` takes it.
        finished (int): Pairs of runs that have ended.
        objections (Sequence[str]): Why the runs are not the paper's.

    Returns:
        tuple[str, str]: As of :func:`verdict`.
    """
    said, reason = verdict(value, found, metric, finished, objections)
    beyond = found['low'] > 0 if value > 0 else found['high'] < 0
    if said == REPRODUCED and not beyond:
        return NOT_REPRODUCED, f'{reason}, but cannot be told from no gain'
    return said, reason
