# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Context-rich minority oversampling.

Park et al., The Majority Can Help the Minority: Context-rich Minority
Oversampling for Long-tailed Classification, 2022, with the constants of its
code. One departure: a minority batch is drawn where it is needed, not in each
iteration; as the draws are independent, their distribution is the same.
"""
from typing import Any, Optional, Sequence, Tuple

from mmengine.dist import get_rank

from mmcurv.engine.cutmix_box import draw_box, share_outside
from mmcurv.engine.epoch_of_run import epoch_of_run, epochs_of_run
from mmcurv.engine.minority_loader import MinorityLoader
from mmcurv.engine.mixed_inputs import Inputs, common_size, paste
from mmcurv.engine.random_streams import stream_at
from mmcurv.epoch_shares import check_epoch
from mmcurv.registry import HOOKS
from mmcurv.samples import get_labels
from .paired_mixing_hook import Mixture, PairedMixingHook
from .random_state_hook import RandomStateHook


def usual_window(epochs: int) -> Tuple[int, int]:
    """First and last epoch with CMO, both counted from 1.

    Epoch 5 and the one before the last three, as in the original code; in
    less than 20 epochs a fifth at the beginning and three twentieths at the
    end are left out.

    Args:
        epochs (int): Of the whole training.

    Returns:
        tuple[int, int]: min(5, epochs // 5 + 1) and epochs - min(3,
        3 epochs // 20).

    Example:
        >>> usual_window(200)
        (5, 197)
    """
    return min(5, epochs // 5 + 1), epochs - min(3, 3 * epochs // 20)


@HOOKS.register_module()
class CMOHook(PairedMixingHook):
    """Paste images of small classes over images drawn as usual.

    Besides the train loader there is a :class:`MinorityLoader` over the same
    images. In an iteration that mixes, one CutMix box for the whole batch is
    cut from its next batch and put into the images of the train loader: the
    minority is the foreground, the majority the background. With the share
    lambda that is left of these, the loss is lambda L(z, y) + (1 - lambda)
    L(z, y_minority). A box that the border cuts to nothing mixes nothing.

    All numbers follow from seed, rank and step, except those of the pipeline,
    whose states are in the checkpoints; a :class:`RandomStateHook` is
    registered if there is none. So a resumed run repeats the uninterrupted
    one.

    Args:
        prob (float): Probability that an iteration mixes. Defaults to 0.5.
        beta (float): lambda ~ Beta(beta, beta), positive. Defaults to 1.0.
        alpha (float): Images have weight 1/n_y^alpha in the minority loader;
            1 draws all classes equally often. Defaults to 1.0.
        begin_epoch (int, optional): First epoch with CMO, counted from 1.
            Defaults to None, which is that of :func:`usual_window`: 5 of 20
            epochs or more.
        end_epoch (int, optional): Last epoch with CMO, counted from 1.
            Defaults to None, which is that of the same: all but the last
            three of 20 epochs or more.

    Example:
        >>> model = dict(head=dict(type='mmcurv.PairedLinearHead'))
        >>> default_hooks = dict(cmo=dict(type='mmcurv.CMOHook'))
    """

    def __init__(self,
                 prob: float = 0.5,
                 beta: float = 1.0,
                 alpha: float = 1.0,
                 begin_epoch: Optional[int] = None,
                 end_epoch: Optional[int] = None):
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must be from 0 to 1, got {prob}.')
        if not beta > 0:
            raise ValueError(f'beta must be positive, got {beta}.')
        check_epoch(begin_epoch=begin_epoch, end_epoch=end_epoch)
        self.prob = prob
        self.beta = beta
        self.alpha = alpha
        self.begin_epoch = begin_epoch
        self.end_epoch = end_epoch
        self.loader = None
        self._window = range(0)

    def before_run(self, runner) -> None:
        """Make sure that the states of the pipeline are saved."""
        if not any(isinstance(h, RandomStateHook) for h in runner.hooks):
            runner.register_hook(RandomStateHook())

    def before_train(self, runner) -> None:
        """Check that everything fits, and build the minority loader."""
        super().before_train(runner)
        epochs = epochs_of_run(runner)
        begin, end = usual_window(epochs)
        begin = self.begin_epoch or begin
        end = self.end_epoch or end
        self._window = range(begin, min(end, epochs) + 1)
        if not self._window:
            raise ValueError(
                'CMO would never mix: expected begin_epoch <= end_epoch '
                f'within the {epochs} epochs of this run, got begin_epoch='
                f'{begin} and end_epoch={end}. Give others, or none.')
        self.loader = MinorityLoader(runner.train_dataloader, runner.seed,
                                     self.alpha)

    def after_train_epoch(self, runner) -> None:
        """End the workers."""
        self.loader.close()

    def mix(self, runner, inputs: Inputs,
            data_samples: Sequence[Any]) -> Optional[Mixture]:
        """See :meth:`PairedMixingHook.mix`."""
        epoch = epoch_of_run(runner)
        if epoch + 1 not in self._window:
            return None
        rng = stream_at('cmo_mixing', runner.seed, get_rank(), runner.iter)
        if rng.random() >= self.prob:
            return None
        size = common_size(inputs)
        box = draw_box(rng, *size, rng.beta(self.beta, self.beta))
        share = share_outside(box, *size)
        if share == 1:
            return None
        batch = self.loader.next_batch(epoch)
        minority = batch['inputs'][:len(data_samples)]
        common_size(inputs, minority)
        others = get_labels(batch['data_samples'][:len(data_samples)])
        return Mixture(paste(inputs, minority, box), others, share)
