# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A regularizer whose gradient is a given share of that of the loss.

Section 6.2 of Ma et al. sets the value of a term against that of the loss.
Values say nothing of gradients: of two measures with one value the pull on
the features differs by orders of magnitude, and neither knows when it hurts.
This control is not in the paper.
"""
import math
from typing import Callable, Optional

import torch
from torch import Tensor, nn

DEFAULT_ALPHA = 0.03
CAP = 3.  # times the median row norm
WINDOW = 50  # steps whose losses are compared with earlier ones
TOLERANCE = 0.05  # relative rise that is none
GROWTH = 1.2  # of the damping, after a window without a rise
PATIENCE = 10  # windows: 2^-10 of the term cannot be why the loss is high


class GradientControl(nn.Module):
    r"""Pull features f, shape (B, p), along the gradient of a regularizer.

    The term has the value 0 and in f the gradient of

    .. math::
        \bigl(f \cdot \mathrm{sg}(\alpha\, d\,
        |g_{\rm loss}|\, g_r / |g_r|)\bigr).\mathrm{sum}()

    with both norms over the whole batch of all processes, and the rows of
    g_r cut to 3 times the median norm of those that are not 0. So losses in
    the log stay those that the classifier has, and the scale of a loss, of
    automatic mixed precision or of accumulated gradients cancels.

    The damping d, in [0, 1], is the guard. The mean training loss of each 50
    steps is compared with the lowest one before: where it is higher by more
    than 5 % and by more than 3 standard errors, d halves; else it grows by a
    fifth, or doubles at a new low. After 10 such windows in a row the term, a
    thousandth by then, is not the reason, and the present loss becomes the
    one to compare with. The guard sees losses that rise, not those that fall
    less than they would.

    Args:
        alpha (float): Size of the pull in parts of the loss's gradient in
            the features, > 0. Defaults to 0.03.

    Example:
        >>> import torch
        >>> control = GradientControl(alpha=0.5)
        >>> features = torch.ones(2, 1, requires_grad=True)
        >>> term = control(features, torch.tensor([[3.], [4.]]),
        ...                torch.tensor([[-1.], [0.]]))
        >>> term.backward()
        >>> features.grad
        tensor([[-2.5000],
                [ 0.0000]])
    """

    def __init__(self, alpha: float = DEFAULT_ALPHA):
        super().__init__()
        if not (isinstance(alpha, (int, float)) and 0 < alpha < math.inf):
            raise ValueError('alpha must be a positive and finite number, '
                             f'got {alpha!r}.')
        self.alpha = alpha
        wide = dict(dtype=torch.float64)
        self.register_buffer('damping', torch.ones((), **wide))
        # Mean loss of the best window, and its standard error squared.
        self.register_buffer('best', torch.tensor([math.inf, 0.], **wide))
        # Of this window: number, sum and sum of squares of finite losses.
        self.register_buffer('window', torch.zeros(3, **wide))
        self.register_buffer('rising', torch.zeros((), dtype=torch.long))
        self.register_buffer('num_damped', torch.zeros((), dtype=torch.long))
        self.register_buffer('num_skipped', torch.zeros((), dtype=torch.long))
        # In main memory, since each step asks: steps, and those of them in
        # this window that had the term.
        self.register_buffer('steps', torch.zeros(2, dtype=torch.long))

    def _apply(self, *args, **kwargs):
        """Move all but the counts of steps."""
        steps = self.steps
        super()._apply(*args, **kwargs)
        self.steps = steps
        return self

    @torch.no_grad()
    def observe(self, loss: Tensor, pulled: bool) -> None:
        """Note the training loss of a step, also of those without the term.

        Args:
            loss (Tensor): A scalar, without the term; the same on all
                processes. What is not finite is left out.
            pulled (bool): Whether the step has the term.
        """
        loss = loss.detach().to(self.window)
        sound = torch.isfinite(loss.square())
        loss = torch.where(sound, loss, 0)
        self.window += torch.stack([sound.to(loss), loss, loss.square()])
        self.steps += torch.tensor([1, int(pulled)])
        if self.steps[0] % WINDOW == 0:
            self._compare(bool(self.steps[1]))
            self.window.zero_()
            self.steps[1] = 0

    def _compare(self, pulled: bool) -> None:
        number, total, square = self.window
        mean = total / number  # nan, and nothing below, without a loss
        error = (square / number - mean.square()).clamp_min(0) / number
        lowest, its_error = self.best
        spread = 3 * (error + its_error).sqrt()
        lower = mean < lowest
        higher = mean - lowest > torch.maximum(TOLERANCE * lowest.abs(),
                                               spread)
        if not pulled:
            higher = torch.zeros_like(higher)
        factor = torch.where(higher, 0.5, torch.where(lower, 2., GROWTH))
        self.damping.mul_(factor).clamp_(max=1)
        self.num_damped += higher
        self.rising.copy_(torch.where(higher, self.rising + 1, 0))
        anew = lower | (self.rising >= PATIENCE)
        self.rising.copy_(torch.where(anew, 0, self.rising))
        self.best.copy_(
            torch.where(anew, torch.stack([mean, error]), self.best))

    def forward(self,
                features: Tensor,
                loss_gradient: Tensor,
                gradient: Tensor,
                gather: Optional[Callable[[Tensor], Tensor]] = None) -> Tensor:
        """The term to add to the loss.

        Args:
            features (Tensor): f, shape (B, p), with graph.
            loss_gradient (Tensor): Of the losses in f, (B, p).
            gradient (Tensor): Of the regularizer in f, (B, p). Rows that are
                not finite count as 0.
            gather (Callable, optional): Gives the rows of all processes,
                (n, 2), from those of this one, (B, 2). Defaults to None,
                which is one process.

        Returns:
            Tensor: A scalar 0, whose gradient in f is finite; 0 where that
            of the losses is not, or the regularizer has none.
        """
        wide = torch.float64
        sound = torch.isfinite(gradient).all(1, keepdim=True)
        gradient = torch.where(sound, gradient, 0).to(wide)
        # float32 squared fits into float64.
        norms = torch.stack(
            [loss_gradient.to(wide).norm(dim=1),
             gradient.norm(dim=1)], 1)
        everywhere = norms if gather is None else gather(norms)
        theirs = everywhere[:, 1]
        median = _median_above_zero(theirs)
        total = torch.minimum(theirs, CAP * median).norm()
        size = self.alpha * everywhere[:, 0].norm() * self.damping / total
        sound = torch.isfinite(size)  # total is 0 without any row
        self.num_skipped += ~sound
        own = norms[:, 1]
        cut = (CAP * median / torch.where(own > 0, own, 1)).clamp_max(1)
        scale = torch.where(sound, cut * size, 0)
        pull = torch.where(sound, gradient, 0) * scale[:, None]
        return _Pull.apply(features, pull)


def _median_above_zero(values: Tensor) -> Tensor:
    """The lower median of values > 0 among values >= 0, (n,); else 0."""
    ascending = torch.cat([values.new_zeros(1), values.sort().values])
    zeros = (ascending == 0).sum()
    middle = zeros + (len(ascending) - zeros - 1).clamp_min(0) // 2
    return ascending.gather(0, middle.clamp_max(len(values))[None])[0]


class _Pull(torch.autograd.Function):
    """0, with a given gradient; f times it would overflow, and hide the
    losses' values behind its own."""

    @staticmethod
    def forward(ctx, features: Tensor, pull: Tensor) -> Tensor:
        ctx.save_for_backward(pull)
        ctx.dtype = features.dtype
        return features.new_zeros((), dtype=torch.float32)

    @staticmethod
    def backward(ctx, scale: Tensor):
        pull, = ctx.saved_tensors
        return (pull * scale).to(ctx.dtype), None
