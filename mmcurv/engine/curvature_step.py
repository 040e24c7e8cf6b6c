# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What Curvature Regularization does with one batch."""
import logging
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import torch
from mmengine.dist import all_reduce
from mmengine.logging import print_log
from torch import Tensor
from torch.utils.data import ConcatDataset

from mmcurv.registry import MODELS
from mmcurv.regularization import FeaturePool, PooledCurvature
from .pool_layouts import make_layout
from .sample_fields import get_indices, get_labels, split_mixed


class CurvatureStep:
    """Pool, curvature and loss of a run, built at its first batch.

    Args:
        mixed (str): 'skip' or 'dominant', for mixed images.
        pool (dict, optional): Options of the pool, and its ``layout``.
        curvature (dict): Options of the pooled curvature.
        loss (dict, optional): Config of the loss.
    """

    def __init__(self, mixed: str, pool: Optional[dict], curvature: dict,
                 loss: Optional[dict]):
        self.mixed = mixed
        self.pool_options = _with_dtype(pool or {})
        self.layout_name = self.pool_options.pop('layout', 'replicated')
        make_layout(self.layout_name, [1])  # a misspelt name fails at once
        self.curvature_options = curvature
        # Built and thrown away: a misspelt option should fail at once.
        tried = {'class_counts': [1], **self.pool_options, 'device': None}
        PooledCurvature(FeaturePool(feature_dim=1, **tried), **curvature)
        self.loss = MODELS.build(
            dict(dict(type='mmcurv.CurvatureRegularization'), **(loss or {})))
        self.curvature = None
        self._counts, self._shares_indices = None, False
        self._state = None
        self.layout = self._merged = None
        self._reported = [0, 0]
        self._used, self._mixed = 0, 0  # images since the last complaint
        self._warned = False

    def prepare(self, class_counts: Sequence[int], dataset: Any) -> None:
        """Set the classes' sizes; ``dataset`` decides how to address."""
        self._counts = list(class_counts)
        self._shares_indices = _holds_concatenation(dataset)

    def __call__(
            self, features: Tensor, data_samples: Any, original: Tensor,
            epoch: int,
            regularize: bool) -> Tuple[Optional[Tensor], Dict[str, Tensor]]:
        """The term to add (None before the start) and what to log."""
        labels = get_labels(data_samples).to(features.device)
        if len(labels) != len(features):
            raise RuntimeError(
                f'expected one label per feature, got {len(labels)} labels '
                f'and {len(features)} features. Choose a layer that runs '
                'once per image.')
        if regularize and not features.requires_grad and not self._warned:
            self._warned = True
            print_log(
                'The features carry no gradient (a frozen backbone?): '
                'loss_curvature is added but trains nothing.',
                logger='current',
                level=logging.WARNING)
        indices = get_indices(data_samples)
        kept, labels = split_mixed(data_samples, labels, self.mixed)
        if self.curvature is None:
            self._build(features, indices)
        indices = None if indices is None else indices.to(features.device)
        self._used += len(kept)
        if not kept.all():
            rows = kept.nonzero()[:, 0]
            self._used -= len(kept) - len(rows)
            self._mixed += len(kept) - len(rows)
            features, labels = features[rows], labels[rows]
            indices = None if indices is None else indices[rows]
        self._merged = None  # of before this step
        batch = self.layout.batch(
            features if regularize else features.detach(), labels, indices)
        original = _mean_over_processes(original)
        term, measures = None, dict(objective=original)
        if regularize:
            log_g = self.layout.whole(self.curvature(*batch))
            term = self.layout.tied(self.loss(log_g, original, epoch))
            measures = dict(
                objective=original + term.detach(),
                **_measures(log_g.detach()))
        self.curvature.push(*batch)
        return term, measures

    def complaints(self) -> Iterator[str]:
        """Sentences on what was left out since the last call.

        All processes ask for them together.
        """
        if self.curvature is None:
            return
        counts = [
            self.layout.total(self.curvature.pool.num_nonfinite),
            int(self.loss.num_skipped)
        ]
        features, terms = (n - o for n, o in zip(counts, self._reported))
        self._reported = counts
        if self._mixed and not self._used:
            yield (f'All {self._mixed} images of this epoch were mixed, so '
                   'that none was pooled or regularized. Mix fewer batches '
                   "(probs of the batch augments), or set mixed='dominant'.")
        self._used, self._mixed = 0, 0
        if features:
            yield (f'{features} features with NaN or inf were not pooled in '
                   'this epoch. Look at the loss and the learning rate.')
        if terms:
            yield (f'loss_curvature was not finite and left out in {terms} '
                   'steps of this epoch.')

    def merge(self) -> None:
        """Prepare for :meth:`state_dict` what several processes hold.

        All processes call it together; the first alone saves.
        """
        if self.curvature is not None:
            self._merged = self.layout.merged(self.curvature.state_dict())

    def state_dict(self) -> Optional[Dict[str, Any]]:
        """Pool, remembered curvatures and counters; None before a batch, and
        where a part is on other processes and :meth:`merge` was not called
        since the last step."""
        if self.curvature is None:
            return self._state
        curvature = self._merged
        if self.layout.classes is None:
            curvature = self.curvature.state_dict()
        if curvature is None:
            return None
        return dict(
            addressing=self.curvature.pool.addressing,
            measured_with=self._measured_with(),
            curvature=curvature,
            loss=self.loss.state_dict())

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Continue from a state; it is applied at the first batch."""
        self._state = state

    def _measured_with(self) -> Dict[str, Any]:
        """Options that remembered curvatures depend on: those measured with
        others do not belong into one mean."""
        return dict(
            k=self.curvature.k,
            normalize=self.curvature.normalize,
            **self.curvature.fit_options)

    def _build(self, features: Tensor, indices: Optional[Tensor]) -> None:
        self.layout = make_layout(self.layout_name, self._counts,
                                  self.pool_options.get('max_per_class'))
        options = dict(
            self.pool_options,
            class_counts=self._counts,
            classes=self.layout.classes)
        options['device'] = options.get('device') or features.device
        numbered = indices is not None and not self._shares_indices
        # With 'dominant', an image's class changes with its partner.
        numbered = numbered and self.mixed == 'skip'
        options.setdefault('addressing', 'index' if numbered else 'fifo')
        pool = FeaturePool(feature_dim=features.shape[1], **options)
        self.curvature = PooledCurvature(pool, **self.curvature_options)
        self.loss.to(features.device)
        if self._state is not None:
            self._restore(self._state)
            self._state = None
        print_log(f'Feature pool: {pool.extra_repr()}', logger='current')

    def _restore(self, state: Dict[str, Any]) -> None:
        pool = self.curvature.pool
        try:
            if state['addressing'] != pool.addressing:
                raise RuntimeError(f'addressing={state["addressing"]!r}')
            dtype = state['curvature']['pool.features'].dtype
            if dtype != pool.features.dtype:  # would be cast in silence
                raise RuntimeError(f'dtype={dtype}')
            # Checkpoints from before the option have not normalized.
            measured_with = {'normalize': False, **state['measured_with']}
            if measured_with != self._measured_with():
                raise RuntimeError(f'curvature={measured_with}, not '
                                   f'{self._measured_with()}')
            self.curvature.load_state_dict(
                self.layout.taken(state['curvature']))
        except RuntimeError as error:
            raise RuntimeError(
                'the feature pool of the checkpoint does not fit this run, '
                f'which has {pool.extra_repr()}. Resume with the train set, '
                'layer, pool and curvature options of the checkpoint, or '
                'start a new run with load_from. The checkpoint has: '
                f'{error}') from error
        self.loss.load_state_dict(state['loss'])
        self._reported = [
            int(state['curvature']['pool.num_nonfinite']),
            int(self.loss.num_skipped)
        ]


def _with_dtype(pool: Dict[str, Any]) -> Dict[str, Any]:
    """Pool options with the name of a dtype replaced by the dtype."""
    name = pool.get('dtype')
    if not isinstance(name, str):
        return dict(pool)
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ValueError("pool.dtype must name a floating type of torch, such "
                         f"as 'float32' or 'float16', got {name!r}.")
    return dict(pool, dtype=dtype)


def _mean_over_processes(value: Tensor) -> Tensor:
    value = value.detach().clone()
    all_reduce(value, 'mean')
    return value


def _measures(log_g: Tensor) -> Dict[str, Tensor]:
    """Spread of the classes' curvature, and classes without one.

    The logarithms are there for people: log lines show four decimals.
    """
    finite = torch.isfinite(log_g)
    logs = log_g[finite]
    measures = dict(curvature_left_out=(~finite).sum())
    for name, values in dict(curvature=logs.exp(), log_curvature=logs).items():
        mean = values.mean()  # nan where no class is left
        measures[f'{name}_mean'] = mean
        measures[f'{name}_variance'] = (values - mean).square().mean()
    return measures


def _holds_concatenation(dataset: Any) -> bool:
    """Whether members of a concatenation number their images alike."""
    while dataset is not None:
        if isinstance(dataset, ConcatDataset):
            return True
        # LongTailed and its like number what they return themselves.
        if hasattr(dataset, 'positions'):
            return False
        dataset = getattr(dataset, 'dataset', None)
    return False
