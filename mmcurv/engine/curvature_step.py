# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What Curvature Regularization does with one batch."""
import logging
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import torch
from mmengine.dist import all_reduce, get_rank, get_world_size
from mmengine.logging import print_log
from torch import Tensor
from torch.utils.data import ConcatDataset

from mmcurv.registry import MODELS
from mmcurv.regularization import FeaturePool, PooledCurvature
from mmcurv.regularization.host_rows import to_device
from mmcurv.regularization.pool_budget import choice_text
from mmcurv.samples import get_indices, get_labels, split_mixed
from .check_pool_state import check_pool_state
from .check_same_slots import check_same_slots
from .fit_pool import fit_pool
from .pool_checkpoint import holds_features
from .pool_layouts import make_layout
from .pool_options import read_pool_options


class CurvatureStep:
    """Pool, curvature and loss of a run, built at its first batch.

    Args:
        mixed (str): 'skip' or 'dominant', for mixed images.
        pool (dict, optional): Options of the pool, its ``layout`` and its
            ``max_bytes``.
        curvature (dict): Options of the pooled curvature.
        loss (dict, optional): Config of the loss.
        save_pool (bool): Whether states hold the features, or counters
            alone. Defaults to True.
    """

    def __init__(self,
                 mixed: str,
                 pool: Optional[dict],
                 curvature: dict,
                 loss: Optional[dict],
                 save_pool: bool = True):
        self.mixed = mixed
        self.pool_options, self.layout_name, self.max_bytes = (
            read_pool_options(pool))
        make_layout(self.layout_name, [1])  # a misspelt name fails at once
        self.curvature_options = curvature
        self.save_pool = save_pool
        # Built and thrown away: a misspelt option should fail at once.
        tried = {'class_counts': [1], **self.pool_options, 'device': None}
        tried.update(storage='device', folder=None)
        PooledCurvature(FeaturePool(feature_dim=1, **tried), **curvature)
        self.loss = MODELS.build(
            dict(dict(type='mmcurv.CurvatureRegularization'), **(loss or {})))
        self.curvature = None
        self._counts, self._shares_indices = None, False
        self._folder = self._choice = None
        self._state = None
        self.layout = self._merged = None
        self._reported = [0, 0]
        self._used, self._mixed = 0, 0  # images since the last complaint
        self._warned = False

    def prepare(self,
                class_counts: Sequence[int],
                dataset: Any,
                folder: Optional[str] = None) -> None:
        """Set the classes' sizes; ``dataset`` decides how to address, and
        the file of a pool lies in ``folder`` unless its options say."""
        self._counts, self._folder = list(class_counts), folder
        self._shares_indices = _holds_concatenation(dataset)

    def __call__(
            self, features: Tensor, data_samples: Any, original: Tensor,
            epoch: int,
            regularize: bool) -> Tuple[Optional[Tensor], Dict[str, Tensor]]:
        """The term to add (None before the start) and what to log."""
        labels = get_labels(data_samples)
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
        self._used += len(kept)
        if not kept.all():
            rows = kept.nonzero()[:, 0]
            self._used -= len(kept) - len(rows)
            self._mixed += len(kept) - len(rows)
            features = features[to_device(rows, features)]
            labels = labels[to_device(rows, labels)]
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
        if self.curvature is not None and self.save_pool:
            self._merged = self.layout.merged(self.curvature.state_dict())

    def state_dict(self) -> Optional[Dict[str, Any]]:
        """Pool, remembered curvatures and counters; None before a batch, and
        where a part is on other processes and :meth:`merge` was not called
        since the last step. Without ``save_pool`` counters alone, of which
        those of a divided pool are as of the last :meth:`complaints`."""
        if self.curvature is None:
            return self._state
        if not self.save_pool:
            lost = int(self.curvature.pool.num_nonfinite)
            if self.layout.classes is not None:
                lost = self._reported[0]
            return dict(num_nonfinite=lost, loss=self.loss.state_dict())
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
        check_pool_state(state)
        self._state = state

    def _measured_with(self) -> Dict[str, Any]:
        """Options that remembered curvatures depend on: those measured with
        others do not belong into one mean."""
        return dict(
            k=self.curvature.k,
            normalize=self.curvature.normalize,
            **self.curvature.fit_options)

    def _build(self, features: Tensor, indices: Optional[Tensor]) -> None:
        options = dict(self.pool_options, class_counts=self._counts)
        storage = options.get('storage', 'device')
        if storage == 'device':
            options['device'] = options.get('device') or features.device
        elif storage == 'file':
            options['folder'] = options.get('folder') or self._folder
        numbered = indices is not None and not self._shares_indices
        # With 'dominant', an image's class changes with its partner.
        numbered = numbered and self.mixed == 'skip'
        options.setdefault('addressing', 'index' if numbered else 'fifo')
        if self.max_bytes is not None:
            self._choice = fit_pool(options, features.shape[1], self.max_bytes,
                                    self.layout_name, self.curvature_options,
                                    get_world_size())
            options.update(
                dtype=self._choice.dtype,
                max_per_class=self._choice.max_per_class)
            print_log(
                choice_text(self._choice, self.max_bytes), logger='current')
        self.layout = make_layout(self.layout_name, self._counts,
                                  options.get('max_per_class'))
        pool = FeaturePool(
            feature_dim=features.shape[1],
            classes=self.layout.classes,
            **options)
        self.curvature = PooledCurvature(
            pool, device=features.device, **self.curvature_options)
        self.loss.to(features.device)
        if self._state is not None:
            self._restore(self._state)
            self._state = None
        print_log(f'Feature pool: {pool.extra_repr()}', logger='current')

    def _restore(self, state: Dict[str, Any]) -> None:
        pool = self.curvature.pool
        if not holds_features(state):
            self._restore_counters(state)
            return
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
            check_same_slots(state['curvature']['pool.capacity'],
                             self.layout.capacity)
            self.curvature.load_state_dict(
                self.layout.taken(state['curvature']))
        except RuntimeError as error:
            raise RuntimeError(
                'the feature pool of the checkpoint does not fit this run, '
                f'which has {pool.extra_repr()}. {self._why_so()}'
                'Resume with the train set, '
                'layer, pool and curvature options of the checkpoint, or '
                'start a new run with load_from. The checkpoint has: '
                f'{error}') from error
        self._count_on(state, state['curvature']['pool.num_nonfinite'])

    def _restore_counters(self, state: Dict[str, Any]) -> None:
        if self.layout.classes is None or get_rank() == 0:  # a sum of all
            self.curvature.pool.num_nonfinite.fill_(state['num_nonfinite'])
        self._count_on(state, state['num_nonfinite'])

    def _count_on(self, state: Dict[str, Any], num_nonfinite: Any) -> None:
        self.loss.load_state_dict(state['loss'])
        self._reported = [int(num_nonfinite), int(self.loss.num_skipped)]

    def _why_so(self) -> str:
        if self._choice is None:
            return ''
        return (f'{choice_text(self._choice, self.max_bytes)} Give dtype and '
                'max_per_class of the checkpoint instead, or its max_bytes. ')


def _mean_over_processes(value: Tensor) -> Tensor:
    value = value.detach().clone()
    all_reduce(value, 'mean')
    return value


def _measures(log_g: Tensor) -> Dict[str, Tensor]:
    """Spread of the classes' curvature, and classes without one.

    The logarithms are there for people: log lines show four decimals.
    """
    finite = torch.isfinite(log_g)
    number = finite.sum()
    measures = dict(curvature_left_out=len(log_g) - number)
    for name, values in dict(
            curvature=log_g.exp(), log_curvature=log_g).items():
        # 0 / 0, which is nan, where no class is left.
        mean = torch.where(finite, values, 0).sum() / number
        square = torch.where(finite, (values - mean).square(), 0)
        measures[f'{name}_mean'] = mean
        measures[f'{name}_variance'] = square.sum() / number
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
