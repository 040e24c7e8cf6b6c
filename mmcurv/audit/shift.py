# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One number per class, added to the scores, that makes classes fairer.

No training: from the scores (and features) of a held-out split comes a
*difficulty* of each class, and ``strength * difficulty`` is added to the
scores of any image. Half of the split fits the difficulty and chooses the
strength, in two folds that take turns; the other half says what it costs and
brings, beside what else could be done with the same data:

- ``logit_adjustment``: minus the log of the class's share of the training
  images (Menon et al., "Long-tail learning via logit adjustment", 2021);
- ``tau_normalization``: scores divided by a power of the norm of the class's
  weights (Kang et al., "Decoupling representation and classifier", 2020);
- ``scaling_for_mean``: the C numbers with the lowest cross-entropy when each
  class weighs the same;
- ``scaling_for_worst``: those of a worst-case prior found by exponentiated
  gradient (Wei et al., "Distributionally robust post-hoc classifiers under
  prior shifts", ICLR 2023). Departures: no ball around a prior bounds the
  weights, and the best of all steps on the fitting data is taken;
- ``permuted``: the difficulty dealt out to the wrong classes. What it brings,
  any noise would.

Letters: N images, C classes, p features, G strengths, R resamples.
"""
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import log_softmax, ndtri, softmax

from mmcurv.fairness.accuracy import classes_in
from mmcurv.fairness.checks import as_counts, check_fraction
from mmcurv.files import write_json

DIFFICULTIES = ('relative_spread', 'purity', 'curvature', 'loss')
NUMBERS = ('overall', 'class_mean', 'variance', 'worst_tenth', 'worst_class')
STRENGTHS = tuple(np.round(np.arange(0, 1.51, 0.05), 2))
FEWEST = 20  # images of a class: ten to report on, five in each fold
STEPS = 200  # of the exponentiated gradient
SCHEMA, VERSION = 'mmcurv.fairness_shift', 1


@dataclass(frozen=True, eq=False)
class FairnessShift:
    """What to add to the scores, and what that costs and brings.

    Attributes:
        shift (np.ndarray): (C,) to be added to scores, in their unit (natural
            log of a probability up to a constant); its mean is 0.
        difficulty (np.ndarray): (C,) standardised to mean 0 and standard
            deviation 1; large is hard.
        measure (str): What the difficulty is made of.
        strength (float): Chosen; ``shift`` is strength times difficulty.
        curve (pd.DataFrame): The trade-off, a row per method and strength:
            ``overall``, ``class_mean``, ``variance``, ``worst_tenth`` and
            ``worst_class`` on the images reported on, and for each its
            ``_change`` against strength 0 with ``_low`` and ``_high``, paired
            on the images. Accuracies are fractions; from the variance that
            part is taken away which the number of images alone makes, so
            that it can be a little below 0. The worst classes are those of
            the half that was chosen on, at the same strength: the worst of
            the half reported on are partly those with bad luck.
        methods (pd.DataFrame): The rows of ``curve`` at each method's chosen
            strength.
        recommended (str): The method with the lowest variance of class
            accuracy among those that keep the bound on the cost, judged on
            the images that were chosen on.
        notes (tuple): Sentences on what to mind.
        class_names (tuple): C names.
    """
    shift: np.ndarray
    difficulty: np.ndarray
    measure: str
    strength: float
    curve: pd.DataFrame
    methods: pd.DataFrame
    recommended: str
    notes: Tuple[str, ...]
    class_names: Tuple[str, ...]

    def apply(self, scores) -> np.ndarray:
        """Scores (N, C), logits or log-probabilities, with the shift."""
        scores = np.asarray(scores)
        if scores.ndim != 2 or scores.shape[1] != len(self.shift):
            raise ValueError(
                f'scores: expected shape (N, {len(self.shift)}), one column '
                f'per class of the shift, got {scores.shape}.')
        return scores + self.shift

    def save(self, path) -> None:
        """Write all as JSON, for :meth:`load` and the hook of the same name.
        """
        record = dict(
            schema=SCHEMA,
            version=VERSION,
            measure=self.measure,
            strength=self.strength,
            recommended=self.recommended,
            notes=list(self.notes),
            classes=[
                dict(name=name, difficulty=float(z),
                     shift=float(s)) for name, z, s in zip(
                         self.class_names, self.difficulty, self.shift)
            ],
            curve=self.curve.to_dict('records'),
            chosen=dict(zip(self.methods.method, self.methods.strength)))
        write_json(str(path), record)

    @classmethod
    def load(cls, path) -> 'FairnessShift':
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: If the file is no such record.
        """
        try:
            record = json.loads(Path(path).read_text(encoding='utf-8'))
            found = record['schema'], record['version']
        except (ValueError, KeyError, TypeError):
            found = 'no record'
        if found != (SCHEMA, VERSION):
            raise ValueError(
                f'{path}: expected a {SCHEMA} record of version {VERSION}, '
                f'got {found}. `mmcurv shift` writes one.')
        columns = pd.DataFrame(record['classes'])
        curve = pd.DataFrame(record['curve'])
        chosen = curve.method.map(record['chosen'])
        return cls(columns['shift'].to_numpy(float),
                   columns.difficulty.to_numpy(float), record['measure'],
                   record['strength'], curve,
                   curve[curve.strength == chosen].reset_index(drop=True),
                   record['recommended'], tuple(record['notes']),
                   tuple(columns.name))


def fairness_shift(scores,
                   labels,
                   features=None,
                   difficulty=None,
                   train_counts=None,
                   weight_norms=None,
                   class_names: Optional[Sequence[str]] = None,
                   max_cost: float = 0.005,
                   strengths: Sequence[float] = STRENGTHS,
                   confidence: float = 0.95,
                   resamples: int = 1000,
                   seed: int = 0) -> FairnessShift:
    """Choose a shift of the scores on one half, report it on the other.

    Each method gets the strength that makes the variance of class accuracy
    lowest (less what the number of images alone would make of it) at a cost
    of at most ``max_cost`` of overall accuracy on the images chosen on.

    Args:
        scores: (N, C) of a held-out split that the classifier was not trained
            on: logits, log-probabilities, or probabilities, which are
            recognised by rows that add up to 1.
        labels: (N,) integers in [0, C).
        features (optional): (N, p), what the classifier's last layer takes.
        difficulty (str or array, optional): 'relative_spread', 'purity' or
            'curvature' of the features, 'loss', the mean cross-entropy, or
            (C,) numbers of your own, large for hard classes. Defaults to
            None: 'relative_spread' with features, else 'loss'.
        train_counts (optional): (C,) training images of each class, at least
            one, for logit adjustment.
        weight_norms (optional): (C,) norms of the last layer's rows, for
            tau-normalization.
        class_names (optional): C names.
        max_cost (float): Overall accuracy that may be paid, a fraction >= 0.
            Defaults to 0.005.
        strengths (Sequence[float]): To choose from, ascending from 0.
        confidence (float): Of the intervals. Defaults to 0.95.
        resamples (int): Of the images, within their class. Defaults to 1000.
        seed (int): Of halves, folds, resamples and the permutation.
            Defaults to 0.

    Returns:
        FairnessShift: The shift by the class difficulty, and all methods.

    Raises:
        ValueError: If an argument is not as above, there are fewer than two
            classes, or one has fewer than 20 images.
    """
    scores, labels = _checked_scores(scores, labels)
    n, width = scores.shape
    names = _checked_names(class_names, width)
    _check_enough(labels, width, names)
    check_fraction('confidence', confidence)
    strengths = np.asarray(strengths, float)
    if not (len(strengths) and strengths[0] == 0 and
            (np.diff(strengths) > 0).all() and np.isfinite(strengths).all()):
        raise ValueError('strengths: expected ascending numbers from 0, got '
                         f'{strengths.tolist()}.')
    if not 0 <= max_cost < 1:
        raise ValueError(f'max_cost: expected a fraction in [0, 1), got '
                         f'{max_cost}.')
    given, measure = _difficulty_source(difficulty, features, n, width)
    if features is not None:
        features = np.asarray(features, np.float32)
    counts = norms = None
    if train_counts is not None:
        counts = as_counts('train_counts', train_counts)
        _check_width('train_counts', counts, width)
        if (counts < 1).any():
            raise ValueError('train_counts: expected at least 1 of each class '
                             'for logit adjustment, got '
                             f'{counts.min()} of {names[counts.argmin()]!r}.')
    if weight_norms is not None:
        norms = np.asarray(weight_norms, float)
        _check_width('weight_norms', norms, width)
        if not (norms > 0).all():
            raise ValueError('weight_norms: expected positive numbers.')

    def difficulty_on(part: np.ndarray) -> np.ndarray:
        return _standardised(given if measure == 'given' else class_difficulty(
            measure, scores[part], labels[part], None if features is
            None else features[part]))

    def fit(part: np.ndarray, z: np.ndarray) -> Dict[str, Callable]:
        """Method -> scores by strength, all fitted on ``part`` alone."""
        own, true = scores[part], labels[part]
        shuffled = np.random.default_rng([seed, 2]).permutation(z)
        shifts = {measure: z, 'permuted': shuffled}
        if counts is not None:
            shifts['logit_adjustment'] = -np.log(counts / counts.sum())
        shifts['scaling_for_mean'] = _scaling_for_mean(own, true)
        shifts['scaling_for_worst'] = _scaling_for_worst(own, true)
        methods = {
            name: lambda s, g, b=shift - shift.mean(): s + g * b
            for name, shift in shifts.items()
        }
        if norms is not None:
            methods['tau_normalization'] = lambda s, g: s / norms**g
        return methods

    halves = _stratified(labels, 2, np.random.default_rng([seed, 0]))
    chosen_on = np.flatnonzero(halves == 0)
    report = np.flatnonzero(halves == 1)
    folds = _stratified(labels[chosen_on], 2, np.random.default_rng([seed, 1]))
    judged: Dict[str, List[Tuple[np.ndarray, np.ndarray]]] = {}
    for fold in (0, 1):
        held = chosen_on[folds == fold]
        part = chosen_on[folds != fold]
        for name, method in fit(part, difficulty_on(part)).items():
            judged.setdefault(name, []).append(
                (labels[held],
                 _right(method, strengths, scores[held], labels[held])))
    chosen, variance, notes = {}, {}, []
    for name, parts in judged.items():
        true = np.concatenate([part[0] for part in parts])
        right = np.concatenate([part[1] for part in parts], 1)  # (G, N / 2)
        values = _class_accuracy(right, true, width).var(1)
        values -= _noise(right, true, width)
        cost = right[0].mean() - right.mean(1)
        allowed = cost <= max_cost
        best = int(np.where(allowed, values, np.inf).argmin())
        chosen[name], variance[name] = strengths[best], values[best]
        if name == measure:
            notes += _precision_note(right[best], right[0], max_cost)
    z = difficulty_on(chosen_on)
    curve = []
    for name, method in fit(chosen_on, z).items():
        seen, right = (
            _right(method, strengths, scores[part], labels[part])
            for part in (chosen_on, report))
        order = _class_accuracy(seen, labels[chosen_on], width).argsort(
            1, kind='stable')
        curve.append(
            _curve_rows(name, strengths, right, labels[report], order,
                        resamples, confidence, seed))
    curve = pd.concat(curve, ignore_index=True)
    rivals = {k: v for k, v in variance.items() if k != 'permuted'}
    recommended = min(rivals, key=rivals.get)
    if recommended != measure:
        notes.append(f'{recommended} makes the classes more equal than the '
                     f'difficulty by {measure} at the same bound on the cost.')
    strength = float(chosen[measure])
    at_choice = curve.strength == curve.method.map(chosen)
    return FairnessShift(strength * z, z, measure, strength, curve,
                         curve[at_choice].reset_index(drop=True), recommended,
                         tuple(notes), names)


def class_difficulty(measure: str,
                     scores,
                     labels,
                     features=None) -> np.ndarray:
    """How hard each class is, (C,); large is hard, nan where unknown.

    Args:
        measure (str): 'relative_spread', 'purity' (its negative) or
            'curvature' (its log) of the features, or 'loss', the mean
            cross-entropy of the scores, in nats.
        scores: (N, C), used by 'loss' and for C.
        labels: (N,) integers in [0, C).
        features (optional): (N, p).
    """
    width = np.shape(scores)[1]
    if measure == 'loss':
        loss = -log_softmax(scores, 1)[np.arange(len(labels)), labels]
        return np.bincount(labels, loss, width) / np.bincount(
            labels, minlength=width)
    # Seconds, which who has scores alone need not wait for.
    import torch

    from mmcurv.geometry import (class_curvature, neighbor_purity,
                                 relative_spread)
    points, true = torch.as_tensor(features), torch.as_tensor(labels)
    if measure == 'curvature':
        return class_curvature(points, true, width).log_value.numpy()
    if measure == 'purity':
        return -neighbor_purity(points, true, width).numpy()
    return relative_spread(points, true, width).numpy()


def _checked_scores(scores, labels) -> Tuple[np.ndarray, np.ndarray]:
    scores, labels = np.asarray(scores), np.asarray(labels)
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError('scores: expected shape (N, C) with C >= 2 classes, '
                         f'got {scores.shape}.')
    if labels.shape != scores.shape[:1]:
        raise ValueError(f'labels: expected shape ({len(scores)},), one per '
                         f'row of scores, got {labels.shape}.')
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError('labels: expected integers, got '
                         f'{labels.dtype}.')
    if len(labels) and not 0 <= labels.min() <= labels.max() < scores.shape[1]:
        raise ValueError(
            f'labels: expected 0 to {scores.shape[1] - 1}, the columns of '
            f'scores, got {labels.min()} to {labels.max()}.')
    scores = scores.astype(np.float64)
    bad = (~np.isfinite(scores)).any(1).sum()
    if bad:
        raise ValueError(f'scores: expected finite numbers, but {bad} of '
                         f'{len(scores)} rows hold NaN or inf. Of log-'
                         'probabilities, raise -inf to a large negative one.')
    sums = scores.sum(1)
    if len(scores) and scores.min() >= 0 and np.abs(sums - 1).max() < 1e-3:
        scores = np.log(np.maximum(scores, np.finfo(np.float32).tiny))
    return scores, labels.astype(np.int64)


def _checked_names(names, width: int) -> Tuple[str, ...]:
    if names is None:
        return tuple(f'class {c}' for c in range(width))
    if len(names) != width:
        raise ValueError(f'class_names: expected {width}, one per column of '
                         f'scores, got {len(names)}.')
    return tuple(str(name) for name in names)


def _check_enough(labels: np.ndarray, width: int, names) -> None:
    counts = np.bincount(labels, minlength=width)
    few = np.flatnonzero(counts < FEWEST)
    if not len(few):
        return
    fewest = few[counts[few].argmin()]
    raise ValueError(
        f'expected at least {FEWEST} images of each class to choose a shift '
        f'on and to report it, that is {FEWEST * width} or more, but '
        f'{len(few)} of {width} classes have fewer; {names[fewest]!r} has '
        f'{counts[fewest]}. Take a larger held-out split, or leave out the '
        'columns of classes that it does not have.')


def _check_width(name: str, values: np.ndarray, width: int) -> None:
    if values.shape != (width, ):
        raise ValueError(f'{name}: expected shape ({width},), one per column '
                         f'of scores, got {values.shape}.')


def _difficulty_source(difficulty, features, n: int,
                       width: int) -> Tuple[Optional[np.ndarray], str]:
    """Numbers that were given, or the name of the measure."""
    if features is not None and (np.ndim(features) != 2 or len(features) != n):
        raise ValueError(f'features: expected shape ({n}, p), one row per row '
                         f'of scores, got {np.shape(features)}.')
    if difficulty is None:
        return None, 'loss' if features is None else 'relative_spread'
    if not isinstance(difficulty, str):
        given = np.asarray(difficulty, float)
        _check_width('difficulty', given, width)
        return given, 'given'
    if difficulty not in DIFFICULTIES:
        raise ValueError(f'difficulty: expected one of {DIFFICULTIES} or an '
                         f'array (C,), got {difficulty!r}.')
    if features is None and difficulty != 'loss':
        raise ValueError(f'difficulty={difficulty!r} needs features; give '
                         "them, or take difficulty='loss'.")
    return None, difficulty


def _standardised(values: np.ndarray) -> np.ndarray:
    """Mean 0, standard deviation 1; all 0 where nothing differs."""
    values = np.asarray(values, float)
    if not np.isfinite(values).all():
        first = int((~np.isfinite(values)).argmax())
        raise ValueError('difficulty: expected a finite number for each '
                         f'class, got {values[first]} for class {first}.')
    spread = values.std()
    centred = values - values.mean()
    return centred / spread if spread > 0 else centred


def _stratified(labels: np.ndarray, parts: int,
                rng: np.random.Generator) -> np.ndarray:
    """Part (N,) of each image; a class is divided as evenly as can be."""
    order = rng.permutation(len(labels))
    order = order[labels[order].argsort(kind='stable')]
    counts = np.bincount(labels)
    start = np.repeat(counts.cumsum() - counts, counts)
    part = np.empty(len(labels), int)
    part[order] = (np.arange(len(labels)) - start) % parts
    return part


def _right(method: Callable, strengths: np.ndarray, scores: np.ndarray,
           labels: np.ndarray) -> np.ndarray:
    """Whether each image is right at each strength, (G, N)."""
    return np.stack([method(scores, g).argmax(1) == labels for g in strengths])


def _class_accuracy(right: np.ndarray, labels: np.ndarray,
                    width: int) -> np.ndarray:
    """Accuracies (G, C)."""
    correct = np.stack([np.bincount(labels, row, width) for row in right])
    return correct / np.bincount(labels, minlength=width)


def _numbers(accuracy: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Of class accuracies (..., G, C): nothing for overall, then class mean,
    variance, worst tenth and worst class, (5, ..., G).

    ``order`` (G, C) has the worst classes first, as other images say: the
    worst of these images are partly those that had bad luck.
    """
    tenth = classes_in(0.1, accuracy.shape[-1])
    strength = np.arange(accuracy.shape[-2])[:, None]
    low = accuracy[..., strength, order[:, :tenth]]  # (..., G, tenth)
    return np.stack([
        np.full(accuracy.shape[:-1], np.nan),
        accuracy.mean(-1),
        accuracy.var(-1),
        low.mean(-1), low[..., 0]
    ])


def _noise(right: np.ndarray, labels: np.ndarray, width: int) -> np.ndarray:
    """Variance over classes that the number of images alone makes, (G,)."""
    accuracy = _class_accuracy(right, labels, width)
    counts = np.bincount(labels, minlength=width)
    own = accuracy * (1 - accuracy) / (counts - 1)
    return own.mean(-1) * (1 - 1 / width)


def _curve_rows(name: str, strengths: np.ndarray, right: np.ndarray,
                labels: np.ndarray, order: np.ndarray, resamples: int,
                confidence: float, seed: int) -> pd.DataFrame:
    """The five numbers at each strength and their changes from the first.

    Images are resampled within their class, each with its outcomes at all
    strengths; the interval is the change plus and minus a multiple of the
    standard deviation over resamples, for the number itself is biased in a
    resample (a variance upwards, a minimum downwards), its spread is not.
    """
    rng = np.random.default_rng([seed, 3])
    width = order.shape[1]
    accuracy = _class_accuracy(right, labels, width)
    values = _numbers(accuracy, order)
    values[0] = right.mean(1)
    values[2] -= _noise(right, labels, width)
    drawn = np.empty((resamples, len(strengths), width))
    counts = np.bincount(labels, minlength=width)
    for c in range(width):
        own = right[:, labels == c].T.astype(np.float32)  # (n, G)
        weights = rng.multinomial(counts[c], np.full(counts[c], 1 / counts[c]),
                                  resamples).astype(np.float32)
        drawn[:, :, c] = weights @ own / counts[c]
    again = _numbers(drawn, order)  # (5, R, G)
    again[0] = drawn @ (counts / counts.sum())
    spread = (again - again[:, :, :1]).std(1)  # (5, G)
    reach = ndtri(0.5 + confidence / 2) * spread
    change = values - values[:, :1]
    columns = dict(method=name, strength=strengths)
    for number, row, moved, half in zip(NUMBERS, values, change, reach):
        columns[number] = row
        columns[f'{number}_change'] = moved
        columns[f'{number}_low'] = moved - half
        columns[f'{number}_high'] = moved + half
    return pd.DataFrame(columns)


def _precision_note(right: np.ndarray, before: np.ndarray,
                    max_cost: float) -> List[str]:
    """Whether the images chosen on could tell the cost from none."""
    change = right.astype(float) - before
    error = change.std() / np.sqrt(len(change))
    if max_cost == 0 or error <= max_cost:
        return []
    needed = 2 * int(np.ceil(change.var() / max_cost**2))
    return [
        f'The cost of the chosen strength is known to ±{1.96 * error:.3f} on '
        f'the {len(change)} images that were chosen on, more than the bound '
        f'of {max_cost:g}: about {needed} held-out images would be needed.'
    ]


def _scaling_for_mean(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """C numbers that minimise the class-balanced cross-entropy, (C,)."""
    width = scores.shape[1]
    counts = np.bincount(labels, minlength=width)
    weight = 1 / (counts[labels] * width)  # (N,), sums to 1
    target = np.full(width, 1 / width)

    def loss(shift: np.ndarray) -> Tuple[float, np.ndarray]:
        logs = log_softmax(scores + shift, 1)
        value = -weight @ logs[np.arange(len(labels)), labels]
        return value, weight @ np.exp(logs) - target

    return minimize(loss, np.zeros(width), jac=True, method='L-BFGS-B').x


def _scaling_for_worst(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """C numbers for the worst class, by exponentiated gradient, (C,)."""
    width = scores.shape[1]
    log_prior = np.zeros(width)  # of the adversary, up to a constant
    best, best_accuracy = log_prior, (-1., -1.)
    for step in range(STEPS):
        right = (scores + log_prior).argmax(1) == labels
        accuracy = _class_accuracy(right[None], labels, width)[0]
        low = np.sort(accuracy)[:classes_in(0.1, width)]
        rank = low[0], low.mean()
        if rank > best_accuracy:
            best, best_accuracy = log_prior, rank
        rate = 1 / np.sqrt(1 + step)
        log_prior = np.log(softmax(log_prior + rate * (1 - accuracy)))
    return best - best.mean()
