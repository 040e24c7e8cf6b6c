# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Finds who asks for the train set's class counts, and hands them over."""
from typing import Any, Iterator, Sequence, Tuple

from mmengine.evaluator import Evaluator
from torch import nn

from .unwrapped import unwrapped


def serve_model(model: nn.Module, counts: Sequence[int]) -> None:
    """Call ``set_class_counts`` of each sub-module that has it.

    Args:
        model (nn.Module): A model, in its wrapper or without.
        counts (Sequence[int]): (C,) training images of every class.

    Raises:
        ValueError: If a module, or the nearest one around it that says so,
            has another ``num_classes`` than C.
    """
    model = unwrapped(model)
    for name, module in model.named_modules():
        if callable(getattr(module, 'set_class_counts', None)):
            check_num_classes(model, name, len(counts))
            module.set_class_counts(list(counts))


def serve_metrics(evaluator: Evaluator, counts: Sequence[int]) -> None:
    """Set ``train_counts`` of each metric that has it and lacks a value.

    Args:
        evaluator (Evaluator): Of a val or test loop.
        counts (Sequence[int]): (C,) training images of every class.

    Raises:
        ValueError: If the evaluated set names another number of classes.
    """
    names = (evaluator.dataset_meta or {}).get('classes')
    for metric in asking_metrics(evaluator):
        if metric.train_counts is not None:
            continue
        if names and len(names) != len(counts):
            raise ValueError(
                f'{type(metric).__name__} asks for class counts: expected '
                f'{len(names)} of them, as many as the evaluated set has '
                f'classes, but the train set has {len(counts)}. Use sets of '
                'the same classes, or give num_classes to ClassCountsHook if '
                'the train set names none.')
        metric.train_counts = list(counts)


def check_num_classes(model: nn.Module, name: str, num_classes: int) -> None:
    """Compare the train set's classes with those that a module is made for.

    Args:
        model (nn.Module): A model, not in its wrapper.
        name (str): Name of the sub-module that asks for class counts, or for
            what follows from them.
        num_classes (int): C, of the train set.

    Raises:
        ValueError: If the module, or the nearest one around it that says so,
            has another ``num_classes``.
    """
    modules = dict(model.named_modules())
    around, expected = _nearest_num_classes(modules, name)
    if expected not in (None, num_classes):
        raise ValueError(
            f'{name or "the model"} ({type(modules[name]).__name__}) asks for '
            f'class counts: expected {expected} of them, the num_classes of '
            f'{around or "the model"}, but the train set has {num_classes} '
            'classes. Correct num_classes in the model, or give it to '
            'ClassCountsHook if the train set names no classes.')


def asking_metrics(evaluator: Evaluator) -> Iterator[Any]:
    """The metrics that have an attribute ``train_counts``."""
    for metric in evaluator.metrics:
        if hasattr(metric, 'train_counts'):
            yield metric


def _nearest_num_classes(modules: dict, name: str) -> Tuple[str, Any]:
    """Name and ``num_classes`` of the module or the nearest one around it.

    A loss seldom knows its number of classes; the head that holds it does.
    """
    while True:
        num_classes = getattr(modules[name], 'num_classes', None)
        if isinstance(num_classes, int) or not name:
            return name, num_classes
        name = name.rpartition('.')[0]
