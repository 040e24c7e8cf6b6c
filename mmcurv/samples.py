# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Labels and image numbers in the data samples of mm projects.

Two more labels can stand beside ``gt_label``. A hook that mixes images writes
``paired_label``, the label of the image mixed in, and ``paired_share``,
lambda, the share of the main image: a soft label (``gt_score``) cannot say as
much, and a loss that is not linear in the label (LDAM, GCL, focal,
class-balanced) needs each label by itself. A network of two branches trains
on two batches at once: ``second_label`` of the i-th sample is the label of
the i-th image of the second batch, so that whatever reads ``gt_label`` or the
number of an image sees the first batch alone.
"""
from typing import (Any, Dict, List, NamedTuple, Optional, Sequence, Tuple,
                    Union)

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from mmcurv.files import listed

MIXED_MODES = ('skip', 'dominant')
SHOWN = 5  # of wrong labels


def get_labels(data_samples: Any) -> Tensor:
    """One class index per sample.

    Args:
        data_samples: A list of samples with a field ``gt_label`` of one
            integer, or an integer tensor (B,).

    Returns:
        Tensor: Shape (B,), int64.

    Raises:
        RuntimeError: If there is none, or not one per sample.
    """
    if isinstance(data_samples, Tensor) and data_samples.dim() == 1:
        return data_samples.long()
    if not data_samples:
        raise RuntimeError('expected data_samples with a gt_label each, got '
                           f'{data_samples!r}. The model must be called with '
                           'the data samples of a supervised data set.')
    labels = []
    for sample in data_samples:
        label = sample.get('gt_label') if hasattr(sample, 'get') else None
        if label is None:
            raise RuntimeError(
                'expected data samples with a field gt_label, got '
                f'{type(sample).__name__} without it. Class curvature needs '
                'a class per image: pack gt_label in the pipeline.')
        label = torch.as_tensor(label).reshape(-1)
        if label.numel() != 1:
            raise RuntimeError(
                f'expected one label per image, got {label.numel()}: '
                f'{label.tolist()}. Multi-label sets have no class manifold '
                'of their own.')
        labels.append(label)
    return torch.cat(labels).long()


def get_indices(data_samples: Any) -> Optional[Tensor]:
    """``sample_idx`` of every sample, (B,), or None if one has none."""
    if isinstance(data_samples, Tensor):
        return None
    indices = [
        sample.get('sample_idx') if hasattr(sample, 'get') else None
        for sample in data_samples
    ]
    return None if None in indices else torch.tensor(indices)


def check_labels(data_batch: Any, num_classes: int) -> None:
    """Raise if a label of a batch is outside the range, before the model runs.

    A loss on the CPU names a label outside its range but not the range, and
    on a GPU ends the process with an assertion that names neither.

    Nothing is done where labels are on a device, which would have to be
    waited for, or where the batch does not show them.

    Args:
        data_batch: What a data loader gave, as a rule a dict with
            ``data_samples``.
        num_classes (int): C.

    Raises:
        ValueError: If a label is not in [0, C).
    """
    samples = data_batch.get('data_samples') if isinstance(data_batch,
                                                           dict) else None
    try:
        labels = get_labels(samples)
    except (RuntimeError, TypeError):  # the step says what it misses
        return
    if labels.device.type != 'cpu' or not len(labels):
        return
    if labels.min() >= 0 and labels.max() < num_classes:
        return
    outside = ((labels < 0) | (labels >= num_classes)).nonzero()[:, 0]
    raise ValueError(
        f'expected labels in [0, {num_classes}), the {num_classes} classes of '
        f'the train set, got {labels[outside][:SHOWN].tolist()}'
        f'{_whose(samples, outside)}. Correct the labels or the pipeline that '
        'changes them, and resume: the checkpoints of this run are whole.')


def _whose(samples: Any, rows: Tensor) -> str:
    indices = get_indices(samples)
    if indices is None:
        return ''
    numbers = ', '.join(map(str, indices[rows][:SHOWN].tolist()))
    return f' for the images with sample_idx {numbers}'


def get_sample_idx(data: Any) -> Optional[int]:
    """The ``sample_idx`` in the output of a pipeline, None without one."""
    sample = _sample_of(data)
    return None if sample is None else sample.get('sample_idx')


def set_sample_idx(data: Any, index: int) -> Any:
    """Write ``sample_idx`` into the output of a pipeline, in place.

    Args:
        data: Output of a pipeline. Nothing is written where there is no
            place for it: in tuples, tensors and lists of data samples.
        index (int): The new ``sample_idx``.

    Returns:
        ``data`` itself.
    """
    sample = _sample_of(data)
    if isinstance(sample, BaseDataElement):
        sample.set_metainfo(dict(sample_idx=index))
    elif isinstance(sample, dict):
        sample['sample_idx'] = index
    return data


def _sample_of(data: Any) -> Any:
    """The data sample, or a dict that was not packed into one."""
    sample = data.get('data_samples', data) if isinstance(data, dict) else None
    return sample if isinstance(sample, (dict, BaseDataElement)) else None


class Pairs(NamedTuple):
    """The labels of a mixed batch.

    Attributes:
        labels (Tensor): (B,) int64, of the main images.
        others (Tensor): (B,) int64, of the images mixed into them.
        share (float): Share of the main images, 0 to 1.
    """
    labels: Tensor
    others: Tensor
    share: float


def mark_pairs(data_samples: Sequence[Any], others: Tensor,
               share: float) -> None:
    """Write the second labels and the share of the first into the samples.

    Args:
        data_samples (Sequence[DataSample]): B samples, in place.
        others (Tensor): (B,) labels of the images mixed into theirs.
        share (float): Share of the main images, 0 to 1.

    Raises:
        ValueError: If there is not one label per sample, or the share is
            none.
    """
    if len(others) != len(data_samples) or not 0 <= share <= 1:
        raise ValueError(
            f'expected {len(data_samples)} labels, one per sample, and a '
            f'share from 0 to 1, got {len(others)} labels and {share}.')
    for sample, other in zip(data_samples, others):
        sample.set_field(other.reshape(1).long(), 'paired_label')
        sample.set_field(float(share), 'paired_share')


def clear_pairs(data_samples: Sequence[Any]) -> None:
    """Remove what :func:`mark_pairs` wrote, also from reused samples."""
    for sample in data_samples:
        sample.pop('paired_label', None)
        sample.pop('paired_share', None)


def read_pairs(data_samples: Sequence[Any]) -> Optional[Pairs]:
    """Both labels of a batch and the share of the first.

    Args:
        data_samples (Sequence[DataSample]): B samples with ``gt_label``.

    Returns:
        Pairs | None: None if no sample was marked.

    Raises:
        RuntimeError: If some were and others not, their shares differ, one
            has a soft label as well, or not one label.
    """
    shares = {sample.get('paired_share') for sample in data_samples}
    if shares <= {None}:
        return None
    if len(shares) > 1:
        raise RuntimeError(
            'expected one share for all images of a batch, got '
            f'{sorted(shares - {None})}'
            f'{" and samples without one" if None in shares else ""}. Mix '
            'the whole batch with one lambda.')
    if any('gt_score' in sample for sample in data_samples):
        raise RuntimeError(
            'expected samples with two hard labels (paired_label), got soft '
            'ones (gt_score) as well. Use either a hook that pairs labels, or '
            'batch_augments and to_onehot of the data preprocessor.')
    labels = torch.cat([sample.gt_label for sample in data_samples])
    others = torch.cat([sample.get('paired_label') for sample in data_samples])
    if len(labels) != len(data_samples):
        raise RuntimeError(
            f'expected one label per image, got {len(labels)} labels for '
            f'{len(data_samples)} images. Multi-label images are not paired.')
    return Pairs(labels, others.to(labels), shares.pop())


def split_mixed(data_samples: List[Any], labels: Tensor,
                mode: str) -> Tuple[Tensor, Tensor]:
    """Which rows to use, and with which label, where images are mixed.

    Mixup and CutMix leave ``gt_label`` at the label of the first image and
    write the mixture into ``gt_score``. They mix a batch as a whole, and an
    image mixed with one of its own class keeps a score of 1; so one image
    with a largest score below 1 makes all images with a score mixed ones.
    Hooks that keep both labels (mixup of GCL, CMO) mark all images of a mixed
    batch, see :func:`mark_pairs`.

    Args:
        data_samples: The samples.
        labels (Tensor): Shape (B,), their ``gt_label``.
        mode (str): 'skip' drops mixed images, 'dominant' gives them the
            class with the largest share.

    Returns:
        tuple: Kept rows (B,) bool, in main memory, and labels (B,).
    """
    kept = torch.ones(len(labels), dtype=torch.bool, device='cpu')
    if isinstance(data_samples, Tensor):
        return kept, labels
    pairs = read_pairs(data_samples)
    if pairs is None:
        return _split_by_score(data_samples, labels, mode)
    if mode == 'skip':
        return ~kept, labels
    return kept, labels if pairs.share >= 0.5 else pairs.others.to(labels)


def _split_by_score(data_samples: List[Any], labels: Tensor,
                    mode: str) -> Tuple[Tensor, Tensor]:
    """:func:`split_mixed` by soft labels, where there are any."""
    scores = [sample.get('gt_score') for sample in data_samples]
    kept = torch.ones(len(labels), dtype=torch.bool, device='cpu')
    rows = [i for i, score in enumerate(scores) if score is not None]
    if not rows:
        return kept, labels
    share, largest = torch.stack([scores[i] for i in rows]).max(1)
    mixed = (share < 1 - 1e-6).to(labels.device)
    if mode == 'skip':
        kept[rows] = not mixed.any()
        return kept, labels
    labels = labels.clone()
    labels[rows] = torch.where(mixed, largest.to(labels), labels[rows])
    return kept, labels


def mark_second(data_samples: Sequence[Any], labels: Tensor) -> None:
    """Write the labels of the second batch into the samples of the first.

    Args:
        data_samples (Sequence[DataSample]): B samples, in place.
        labels (Tensor): (B,) labels of the second batch.

    Raises:
        ValueError: If there is not one label per sample.
    """
    if len(labels) != len(data_samples):
        raise ValueError(
            f'expected {len(data_samples)} labels of the second batch, one '
            f'per image of the first, got {len(labels)}.')
    for sample, label in zip(data_samples, labels):
        sample.set_field(label.reshape(1).long(), 'second_label')


def read_second(data_samples: Sequence[Any]) -> Optional[Tensor]:
    """Labels of the second batch.

    Args:
        data_samples (Sequence[DataSample]): B samples of the first batch.

    Returns:
        Tensor | None: (B,) int64; None if no sample was marked.

    Raises:
        RuntimeError: If some were and others not.
    """
    labels = [sample.get('second_label') for sample in data_samples]
    missing = sum(label is None for label in labels)
    if missing == len(labels):
        return None
    if missing:
        raise RuntimeError(
            'expected every sample of the batch with a second_label or none, '
            f'got {missing} of {len(labels)} without it.')
    return torch.cat(labels)


def check_same_classes(
        sides: Dict[str, Union[Sequence[str], int, None]]) -> None:
    """Compare the classes of data sets and checkpoints, by name and order.

    Classes that are compared by number alone are mixed up in silence: with
    folders a, b, c for training and a, c, d for validation, images of c count
    as b.

    Args:
        sides (dict[str, Sequence[str] | int, optional]): Names of the classes
            by what has them. Where it names none, the number of classes that
            its labels need, at most as many as the first of all has; None is
            not compared.

    Raises:
        ValueError: If two differ; shows the first difference, and which
            classes only one of them has.
    """
    _check_numbers({what: x for what, x in sides.items() if x})
    named = {
        what: list(map(str, x))
        for what, x in sides.items() if x and not isinstance(x, int)
    }
    first = next(iter(named), None)
    for what, names in named.items():
        mine = named[first]
        if names == mine:
            continue
        at = next((i for i, (a, b) in enumerate(zip(mine, names)) if a != b),
                  min(len(mine), len(names)))
        shown = [
            repr(one[at]) if at < len(one) else 'none' for one in (mine, names)
        ]
        only = [
            f'only {who} has {listed([x for x in own if x not in other], 5)}'
            for who, own, other in ((first, mine, names), (what, names, mine))
            if set(own) - set(other)
        ]
        raise ValueError(
            f'expected the same classes in the same order, but {first} has '
            f'{len(mine)} and {what} has {len(names)}; the first difference '
            f'is class {at}: {shown[0]} of {first}, {shown[1]} of {what}'
            f'{"; " if only else ""}{"; ".join(only)}. Give each of them the '
            'same metainfo=dict(classes=[...]), and folders of these names')


def _check_numbers(sides: Dict[str, Union[Sequence[str], int]]) -> None:
    """No side without names has more classes than the first, nor the first,
    if it is without, fewer than another."""
    numbers = {
        what: x if isinstance(x, int) else len(x)
        for what, x in sides.items()
    }
    first = next(iter(sides), None)
    for what, number in numbers.items():
        unnamed = isinstance(sides[what], int) or isinstance(sides[first], int)
        if unnamed and number > numbers[first]:
            raise ValueError(
                f'expected the same classes, but {first} has '
                f'{numbers[first]} and {what} has {number}. They cannot be '
                'compared by name: name all classes of both in '
                'metainfo=dict(classes=[...])')
