# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The geometry of every class, one class in memory at a time."""
from typing import Dict, List

from mmcurv.geometry.volume import separation_by_class
from .audit_options import AuditOptions
from .class_geometry import measure_class
from .class_reader import ClassReader
from .few_threads import threads_for
from .progress import Progress, silent
from .result_cache import ResultCache

FEWEST_BYTES = 2**26  # scratch below which chunks become slow


def measure_classes(reader: ClassReader,
                    options: AuditOptions,
                    cache: ResultCache,
                    progress: Progress = silent) -> List[Dict[str, float]]:
    """Measures of all classes.

    Args:
        reader (ClassReader): Of C classes.
        options (AuditOptions): Of the geometry.
        cache (ResultCache): What it holds is not computed again.
        progress (Progress): Told of each class;
            by default nobody is.

    Returns:
        list[dict]: C of them, those of
        :func:`~mmcurv.analysis.class_geometry.measure_class` and
        ``separation`` from all the other classes.
    """
    memory = scratch_memory(reader, options.max_memory)
    classes = []
    for c, count in enumerate(reader.counts):
        with threads_for(count * count * reader.feature_dim):
            classes.append(
                cache.get(f'class {c}',
                          lambda: measure_class(reader(c), options, memory)))
        progress('Curvature, volume, dimension', c + 1, len(reader.counts))
    progress('Separation', 0, 1)
    with threads_for(largest_product(reader)):
        degrees = cache.get(
            'separation', lambda: separation_by_class(
                reader, reader.counts, options.center_separation).tolist())
    progress('Separation', 1, 1)
    return [
        dict(measures, separation=degree)
        for measures, degree in zip(classes, degrees)
    ]


def largest_product(reader: ClassReader) -> float:
    """Multiplications of the largest matrix product of a separation."""
    p = reader.feature_dim
    return p * p * max(p, *reader.counts)


def memory_needed(reader: ClassReader) -> int:
    """Bytes that are held whatever the bound: a class, (p, p) matrices.

    A class is there once as it was read, and once in float64 or as the copies
    that curvature and separation make of it.
    """
    p = reader.feature_dim
    size = 8 if reader.features.dtype.itemsize > 4 else 4
    return max(reader.counts) * p * (size + 24) + 5 * p * p * 8


def scratch_memory(reader: ClassReader, max_memory: int) -> int:
    """Bound for the chunks of the geometry, in bytes.

    Half of what is left: results of one step lie beside those of the next.
    """
    left = max_memory - memory_needed(reader)
    return max(FEWEST_BYTES, left // 2)
