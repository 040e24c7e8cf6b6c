# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""How long the runs of a matrix will still take, estimated."""
from typing import Dict, Iterable, List, Optional, Tuple


def seconds_per_epoch(
        seen: Iterable[Tuple[str, float, int]]) -> Dict[str, float]:
    """Speed by config.

    Args:
        seen (Iterable[tuple[str, float, int]]): Config, seconds and epochs
            of trainings, from their start.

    Returns:
        dict[str, float]: Seconds per epoch of each config of which an epoch
        was seen.
    """
    sums: Dict[str, List[float]] = {}
    for config, seconds, epochs in seen:
        total = sums.setdefault(config, [0., 0])
        total[0] += seconds
        total[1] += epochs
    return {
        config: seconds / epochs
        for config, (seconds, epochs) in sums.items() if epochs
    }


def seconds_left(left: Iterable[Tuple[str, int]], pace: Dict[str, float],
                 workers: int) -> Optional[float]:
    """Time until all runs are trained.

    A config that was not seen yet is taken to be as fast as the mean of the
    others.

    Args:
        left (Iterable[tuple[str, int]]): Config and epochs left of each run.
        pace (dict[str, float]): Seconds per epoch by config.
        workers (int): Trainings at a time.

    Returns:
        float, optional: Seconds; None as long as no epoch was seen.
    """
    if not pace:
        return None
    mean = sum(pace.values()) / len(pace)
    times = [epochs * pace.get(config, mean) for config, epochs in left]
    # The last runs do not get faster by workers that have nothing to do.
    return max(sum(times) / workers, max(times, default=0.))


def duration(seconds: float) -> str:
    """A time span in words.

    Args:
        seconds (float): At least 0.

    Returns:
        str: Two units, such as '2 h 5 min' or '3 min 7 s'.
    """
    seconds = round(seconds)
    if seconds < 60:
        return f'{seconds} s'
    if seconds < 3600:
        return f'{seconds // 60} min {seconds % 60} s'
    minutes = round(seconds / 60)
    if minutes < 48 * 60:
        return f'{minutes // 60} h {minutes % 60} min'
    hours = round(minutes / 60)
    return f'{hours // 24} d {hours % 24} h'
