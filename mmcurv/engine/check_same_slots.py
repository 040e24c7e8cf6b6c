# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether the pool of a checkpoint has the slots of that of a run."""
from torch import Tensor


def check_same_slots(theirs: Tensor, ours: Tensor) -> None:
    """Raise unless two pools have the same slots, class by class.

    All processes find the same, also where each holds some of the classes
    and those of one happen to fit.

    Args:
        theirs (Tensor): (C,) slots of each class in a checkpoint.
        ours (Tensor): (C',) likewise in the run.

    Raises:
        RuntimeError: If they differ.
    """
    theirs, ours = theirs.cpu(), ours.cpu()
    if theirs.shape != ours.shape:
        raise RuntimeError(f'{len(theirs)} classes, not {len(ours)}')
    other = (theirs != ours).nonzero()[:, 0]
    if len(other):
        c = int(other[0])
        raise RuntimeError(
            f'{int(theirs.sum())} slots, not {int(ours.sum())}: another '
            f'number in {len(other)} of {len(ours)} classes, such as '
            f'{int(theirs[c])}, not {int(ours[c])}, for class {c}')
