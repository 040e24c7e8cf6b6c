# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What Curvature Regularization does with one batch at one layer."""
import logging
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import torch
from mmengine.dist import all_reduce, get_rank
from mmengine.logging import print_log
from torch import Tensor
from torch.utils.data import ConcatDataset

from mmcurv.dist import rows_of_processes
from mmcurv.registry import MODELS
from mmcurv.regularization import FeaturePool, GradientControl, PooledCurvature
from mmcurv.regularization.feature_pool import to_device
from mmcurv.samples import get_indices, get_labels, split_mixed
from .sharding import ClassShards


class CurvatureStep:
    """Pool, curvature and loss of a layer, built at its first batch.

    Args:
        mixed (str): 'skip' or 'dominant', for mixed images.
        pool (dict, optional): Options of the pool, see
            :func:`read_pool_options`.
        curvature (dict): Options of the pooled curvature; also
            ``measure='random'``, with an alpha.
        loss (dict, optional): Config of the loss.
        alpha (float, optional): Of :class:`GradientControl`. Defaults to
            None, where the loss weighs its term itself.
    """

    def __init__(self,
                 mixed: str,
                 pool: Optional[dict],
                 curvature: dict,
                 loss: Optional[dict],
                 alpha: Optional[float] = None):
        self.mixed = mixed
        self.pool_options = read_pool_options(pool)
        self.measure = curvature.get('measure', 'curvature')
        if self.measure == 'random':
            if alpha is None:
                raise ValueError(
                    "measure='random' is a direction without a value: it "
                    "needs control='gradient'.")
            curvature = dict(curvature, measure='curvature')
        self.curvature_options = curvature
        # Built and thrown away: a misspelt option should fail at once.
        tried = {'class_counts': [1], **self.pool_options, 'device': None}
        PooledCurvature(FeaturePool(feature_dim=1, **tried), **curvature)
        self.loss = MODELS.build(
            dict(dict(type='mmcurv.CurvatureRegularization'), **(loss or {})))
        self.control = None
        if alpha is not None:
            _check_control(loss, self.loss)
            self.control = GradientControl(alpha)
        self.curvature = None
        self.shards = None
        self._counts, self._shares_indices = None, False
        self._state = self._merged = None
        self._reported, self._damped = [0, 0], 0
        self._used, self._mixed = 0, 0  # images since the last complaint
        self._warned = False

    def prepare(self, class_counts: Sequence[int], dataset: Any) -> None:
        """Set the classes' sizes; ``dataset`` decides how to address."""
        self._counts = list(class_counts)
        self._shares_indices = _holds_concatenation(dataset)

    def __call__(
        self,
        features: Tensor,
        data_samples: Any,
        original: Tensor,
        epoch: int,
        regularize: bool,
        loss_gradient: Optional[Tensor] = None
    ) -> Tuple[Optional[Tensor], Dict[str, Tensor]]:
        """The term to add (None before the start) and what to log.

        Args:
            features (Tensor): Of the layer, (B, p).
            data_samples: Of the batch.
            original (Tensor): The loss without the term.
            epoch (int): Counted from 1.
            regularize (bool): Whether to make a term.
            loss_gradient (Tensor, optional): Of ``original`` in the features,
                (B, p), for a control by gradients. Defaults to None, where
                the features have no graph.
        """
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
        tapped = features
        if self.control is not None and regularize:
            # A graph of its own, in wide numbers, that ends here.
            wide = torch.promote_types(features.dtype, torch.float32)
            features = leaf = features.detach().to(wide).requires_grad_()
        if not kept.all():
            rows = kept.nonzero()[:, 0]
            self._used -= len(kept) - len(rows)
            self._mixed += len(kept) - len(rows)
            features = features[to_device(rows, features)]
            labels = labels[to_device(rows, labels)]
            indices = None if indices is None else indices[rows]
        self._merged = None  # of before this step
        batch = self.shards.batch(
            features if regularize else features.detach(), labels, indices)
        original = original.detach().clone()
        all_reduce(original, 'mean')
        term, measures = None, dict(objective=original)
        if self.control is not None:
            self.control.observe(original, regularize)
        if regularize and self.measure == 'random':
            gradient = self._random_direction(leaf)
            measures['gradient_damping'] = self.control.damping.clone()
            term = self._pull(tapped, loss_gradient, gradient)
        elif regularize and self.control is not None:
            log_g = self.shards.whole(self.curvature(*batch))
            penalty = self.shards.tied(self.loss.penalty(log_g))
            gradient = torch.zeros_like(leaf)
            if penalty.requires_grad:  # some class met the batch
                gradient, = torch.autograd.grad(penalty, leaf)
            measures.update(
                _measures(log_g.detach(), self.measure),
                gradient_damping=self.control.damping.clone())
            term = self._pull(tapped, loss_gradient, gradient)
        elif regularize:
            log_g = self.shards.whole(self.curvature(*batch))
            term = self.shards.tied(self.loss(log_g, original, epoch))
            measures = dict(
                objective=original + term.detach(),
                **_measures(log_g.detach(), self.measure))
        self.curvature.push(*batch)
        return term, measures

    def _pull(self, features: Tensor, loss_gradient: Optional[Tensor],
              gradient: Tensor) -> Tensor:
        if loss_gradient is None:  # no graph, of which the log warned
            loss_gradient = torch.zeros_like(features)
        return self.control(features, loss_gradient, gradient,
                            self.shards.everyones)

    def _random_direction(self, features: Tensor) -> Tensor:
        """Normal numbers, (B, p), drawn by the number of the step; as many
        processes as there may be have together what one would have."""
        seed = int(self.control.steps[0])
        generator = torch.Generator().manual_seed(seed)
        rows = [len(features)]
        if self.shards.shared:
            rows = rows_of_processes(features)
        drawn = torch.randn(sum(rows), features.shape[1], generator=generator)
        own = drawn.split(rows)[get_rank()]
        return to_device(own, features).to(features.dtype)

    def complaints(self) -> Iterator[str]:
        """Sentences on what was left out since the last call.

        All processes ask for them together.
        """
        if self.curvature is None:
            return
        counts = [
            self.shards.total(self.curvature.pool.num_nonfinite),
            self._num_skipped()
        ]
        features, terms = (n - o for n, o in zip(counts, self._reported))
        self._reported = counts
        damped = 0
        if self.control is not None:
            damped = int(self.control.num_damped) - self._damped
            self._damped += damped
        if self._mixed and not self._used:
            yield (f'All {self._mixed} images of this epoch were mixed, so '
                   'that none was pooled or regularized. Mix fewer batches '
                   "(probs of the batch augments), or set mixed='dominant'.")
        self._used, self._mixed = 0, 0
        if damped:
            yield ('The training loss rose under loss_curvature, '
                   f'{"once" if damped == 1 else f"{damped} times"} in this '
                   'epoch: its gradient is damped to '
                   f'{float(self.control.damping):.3g} of alpha. Choose a '
                   'smaller alpha or a later start_epoch.')
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
        if self.curvature is not None and self.shards.shared:
            self._merged = self.shards.merged(self.curvature.state_dict())

    def state_dict(self) -> Optional[Dict[str, Any]]:
        """Pool, remembered curvatures and counters; None before a batch, and
        where a part is on other processes and :meth:`merge` was not called
        since the last step."""
        if self.curvature is None:
            return self._state
        curvature = self._merged
        if not self.shards.shared:
            curvature = self.curvature.state_dict()
        if curvature is None:
            return None
        return dict(
            addressing=self.curvature.pool.addressing,
            measured_with=self._measured_with(),
            curvature=curvature,
            loss=self.loss.state_dict(),
            control=self.control and self.control.state_dict())

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Continue from a state; it is applied at the first batch.

        Raises:
            ValueError: If no run could have left it.
        """
        if not _could_be_of_a_run(state):
            raise ValueError(
                'expected a feature pool as a run leaves it, but that of the '
                'checkpoint is damaged. Resume from an earlier checkpoint, or '
                'give this one to load_from without resume, which takes the '
                'weights and starts with an empty pool.')
        # A checkpoint is read onto the GPU, where it need not wait.
        own = {name: part.cpu() for name, part in state['curvature'].items()}
        self._state = dict(state, curvature=own)

    def _measured_with(self) -> Dict[str, Any]:
        """Options that remembered curvatures depend on: those measured with
        others do not belong into one mean."""
        return dict(
            measure=self.curvature.measure,
            k=self.curvature.k,
            normalize=self.curvature.normalize,
            **self.curvature.fit_options)

    def _build(self, features: Tensor, indices: Optional[Tensor]) -> None:
        options = dict(self.pool_options)
        options['class_counts'] = counts = self._counts
        options['device'] = options.get('device') or features.device
        numbered = indices is not None and not self._shares_indices
        # With 'dominant', an image's class changes with its partner.
        numbered = numbered and self.mixed == 'skip'
        options.setdefault('addressing', 'index' if numbered else 'fifo')
        most = options.get('max_per_class')
        self.shards = ClassShards([min(n, most or n) for n in counts])
        pool = FeaturePool(
            feature_dim=features.shape[1], classes=self.shards.own, **options)
        self.curvature = PooledCurvature(
            pool, device=features.device, **self.curvature_options)
        self.loss.to(features.device)
        if self.control is not None:
            self.control.to(features.device)
        if self._state is not None:
            self._restore(self._state)
            self._state = None
        print_log(f'Feature pool: {pool.extra_repr()}', logger='current')

    def _restore(self, state: Dict[str, Any]) -> None:
        held, pool = state['curvature'], self.curvature.pool
        try:
            for name, theirs, ours in (('addressing', state['addressing'],
                                        pool.addressing),
                                       ('dtype', held['pool.features'].dtype,
                                        pool.features.dtype),
                                       ('curvature', state['measured_with'],
                                        self._measured_with()),
                                       ('slots of the classes',
                                        held['pool.capacity'].tolist(),
                                        self.shards.capacity.tolist())):
                if theirs != ours:  # most would be cast or go on in silence
                    raise RuntimeError(_difference(name, theirs, ours))
            self.curvature.load_state_dict(self.shards.taken(held))
            self.loss.load_state_dict(state['loss'])
            # Of a run controlled by values there is nothing to go on from.
            if self.control is not None and state.get('control'):
                self.control.load_state_dict(state['control'])
                self._damped = int(self.control.num_damped)
        except RuntimeError as error:
            raise RuntimeError(
                'the feature pool of the checkpoint does not fit this run, '
                f'which has {pool.extra_repr()}. Resume with the train set, '
                'layer, pool and curvature options of the checkpoint, or '
                'start a new run with load_from. The checkpoint has: '
                f'{error}') from error
        self._reported = [int(held['pool.num_nonfinite']), self._num_skipped()]

    def _num_skipped(self) -> int:
        """Steps whose term was not finite, or had no gradient."""
        counts = self.loss if self.control is None else self.control
        return int(counts.num_skipped)


def _check_control(loss: Optional[dict], built: torch.nn.Module) -> None:
    """Raise ValueError unless a loss leaves its weight to the control."""
    of_values = {'tau', 'eps', 'max_weight'} & set(loss or {})
    if of_values:
        raise ValueError(
            f'{", ".join(sorted(of_values))} of the loss weigh its value: '
            "they need control='value'. With control='gradient' alpha is "
            'the strength.')
    if not hasattr(built, 'penalty'):
        raise ValueError(
            "control='gradient' needs a loss with a method penalty, such as "
            'mmcurv.CurvatureRegularization, got '
            f'{type(built).__name__}.')


def read_pool_options(pool: Optional[dict]) -> Dict[str, Any]:
    """Arguments of ``FeaturePool`` as a config gives them.

    Args:
        pool (dict, optional): With the name of a dtype, such as 'float16'.

    Returns:
        dict: With the dtype itself.

    Raises:
        ValueError: If torch has no such floating type.
    """
    options = dict(pool or {})
    name = options.pop('dtype', None)
    if name is None:
        return options
    dtype = getattr(torch, name, None) if isinstance(name, str) else name
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ValueError('pool.dtype must name a floating type of torch, such '
                         f"as 'float32' or 'float16', got {name!r}.")
    return dict(options, dtype=dtype)


def _measures(log_g: Tensor, measure: str) -> Dict[str, Tensor]:
    """Spread of the classes' curvature or other measure, and classes without
    one.

    The logarithms are there for people: log lines show four decimals.
    """
    finite = torch.isfinite(log_g)
    number = finite.sum()
    measures = {f'{measure}_left_out': len(log_g) - number}
    for name, values in ((measure, log_g.exp()), (f'log_{measure}', log_g)):
        # 0 / 0, which is nan, where no class is left.
        mean = torch.where(finite, values, 0).sum() / number
        square = torch.where(finite, (values - mean).square(), 0)
        measures[f'{name}_mean'] = mean
        measures[f'{name}_variance'] = square.sum() / number
    return measures


def _could_be_of_a_run(state: Any) -> bool:
    """Whether the parts of a pool's state agree with each other."""
    try:
        held = state['curvature']
        capacity, arrived = held['pool.capacity'], held['pool.arrived']
        features, fill = held['pool.features'], arrived.minimum(capacity)
        sound = (
            isinstance(state['addressing'], str)
            and isinstance(state['measured_with'], dict)
            and isinstance(state['loss'], dict)
            and len(features) == len(held['log_curvature']) == capacity.sum()
            and capacity.dtype == arrived.dtype == torch.int64 and bool(
                (fill >= 0).all()) and held['pool.num_nonfinite'] >= 0
            and bool(torch.isfinite(torch.stack(features.aminmax())).all()))
        if sound and state['addressing'] == 'index':
            image, slot = held['pool.image'], held['pool.slot']
            taken = (image >= 0).nonzero()[:, 0]
            sound = (
                len(taken) == (slot >= 0).sum() == fill.sum()
                and torch.equal(slot[image[taken]], taken))
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError):
        return False
    return bool(sound)


def _difference(name: str, theirs: Any, ours: Any) -> str:
    """Theirs and ours, of long lists the first place where they differ."""
    if not isinstance(theirs, list):
        return f'{name}={theirs!r}, not {ours!r}'
    if len(theirs) != len(ours):
        return f'{len(theirs)} classes, not {len(ours)}'
    others = [c for c in range(len(ours)) if theirs[c] != ours[c]]
    c = others[0]
    return (f'{sum(theirs)} slots, not {sum(ours)}: another number in '
            f'{len(others)} of {len(ours)} classes, such as {theirs[c]}, not '
            f'{ours[c]}, for class {c}')


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
