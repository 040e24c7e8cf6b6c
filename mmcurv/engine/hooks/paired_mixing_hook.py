# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What hooks share that mix images and keep both labels."""
from typing import Any, NamedTuple, Optional, Sequence

from mmengine.hooks import Hook
from torch import Tensor

from mmcurv.engine.mixed_inputs import Inputs
from mmcurv.engine.paired_model import check_takes_pairs
from mmcurv.samples import clear_pairs, mark_pairs


class Mixture(NamedTuple):
    """A mixed batch.

    Attributes:
        inputs (Tensor | list[Tensor]): B images.
        others (Tensor): (B,) labels of the images mixed into the main ones.
        share (float): Of the main images, 0 to 1.
    """
    inputs: Inputs
    others: Tensor
    share: float


class PairedMixingHook(Hook):
    """Base of hooks that change a batch before the model sees it.

    The main label stays ``gt_label``; the samples of a mixed batch get the
    other one and the share, those of other batches keep none of an earlier
    one. The head must know what to do with them
    (:class:`~mmcurv.models.PairedLabels`).
    """
    priority = 'NORMAL'

    def before_train(self, runner) -> None:
        """Check that the run can be trained like this."""
        hooks = [
            type(hook).__name__ for hook in runner.hooks
            if isinstance(hook, PairedMixingHook)
        ]
        if len(hooks) > 1:
            raise ValueError(
                'expected one hook that mixes images and keeps two labels, '
                f'got {", ".join(hooks)}: an image mixed twice has more than '
                'two. Keep one.')
        check_takes_pairs(runner.model)

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Mix the batch, or see that it carries no marks."""
        samples = data_batch['data_samples']
        clear_pairs(samples)
        mixture = self.mix(runner, data_batch['inputs'], samples)
        if mixture is not None:
            data_batch['inputs'] = mixture.inputs
            mark_pairs(samples, mixture.others, mixture.share)

    def mix(self, runner, inputs: Inputs,
            data_samples: Sequence[Any]) -> Optional[Mixture]:
        """The batch of one iteration, mixed.

        Args:
            runner (Runner): In training.
            inputs (Tensor | list[Tensor]): B images, not to be changed.
            data_samples (Sequence[DataSample]): Their samples.

        Returns:
            Mixture | None: None leaves the batch as it is.
        """
        raise NotImplementedError
