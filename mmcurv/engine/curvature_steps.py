# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What Curvature Regularization does with one batch at several layers."""
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from torch import Tensor, nn

from .curvature_step import CurvatureStep
from .pool_options import share_of_layer

# Kept for each layer besides their mean; with both, since log lines show
# four decimals and curvatures may be small.
KEPT = ('curvature_mean', 'log_curvature_mean', 'curvature_left_out')


class CurvatureSteps:
    """A :class:`CurvatureStep` per layer, and the mean of their terms.

    Args:
        names (Sequence[str]): Of the layers.
        **step: Arguments of each step.
    """

    def __init__(self, names: Sequence[str], **step):
        step['pool'] = share_of_layer(step.get('pool'), len(names))
        self.steps = {name: CurvatureStep(**step) for name in names}

    @property
    def pool_options(self) -> Dict[str, Any]:
        """Options of each layer's pool."""
        return next(iter(self.steps.values())).pool_options

    @property
    def loss(self) -> nn.Module:
        """That of the first layer; the others have losses of their own."""
        return next(iter(self.steps.values())).loss

    def prepare(self,
                class_counts: Sequence[int],
                dataset: Any,
                folder: Optional[str] = None) -> None:
        """See :meth:`CurvatureStep.prepare`."""
        for step in self.steps.values():
            step.prepare(class_counts, dataset, folder)

    def __call__(
            self, features: Sequence[Tensor], data_samples: Any,
            original: Tensor, epoch: int,
            regularize: bool) -> Tuple[Optional[Tensor], Dict[str, Tensor]]:
        """The term to add (None before the start) and what to log.

        Args:
            features (Sequence[Tensor]): Of each layer, (B, p), in the order
                of the names.
            data_samples: Of the batch.
            original (Tensor): The loss without the term.
            epoch (int): Counted from 1.
            regularize (bool): Whether to add a term.

        Returns:
            tuple: The mean of the layers' terms; the means of their measures
            and, under ``<measure>/<layer>``, curvatures of each.
        """
        done = {
            name: step(own, data_samples, original, epoch, regularize)
            for (name, step), own in zip(self.steps.items(), features)
        }
        terms = [term for term, _ in done.values()]
        term = sum(terms) / len(terms) if regularize else None
        first = next(iter(done.values()))[1]
        measures = {
            key: sum(each[key] for _, each in done.values()) / len(done)
            for key in first
        }
        for name, (_, each) in done.items():
            measures.update(
                {f'{key}/{name}': each[key]
                 for key in KEPT if key in each})
        return term, measures

    def complaints(self) -> Iterator[str]:
        """Sentences on what was left out since the last call, each with the
        layers it is about."""
        said: Dict[str, List[str]] = {}
        for name, step in self.steps.items():
            for sentence in step.complaints():
                said.setdefault(sentence, []).append(name)
        for sentence, names in said.items():
            yield f'{", ".join(names)}: {sentence}'

    def merge(self) -> None:
        """See :meth:`CurvatureStep.merge`."""
        for step in self.steps.values():
            step.merge()

    def state_dict(self) -> Optional[Dict[str, Any]]:
        """That of each layer; None where a layer has none."""
        states = {name: step.state_dict() for name, step in self.steps.items()}
        return None if None in states.values() else dict(layers=states)

    def load_state_dict(self, state: Dict[str, Any]) -> None:
        """Continue from a state; it is applied at the first batch."""
        for name, step in self.steps.items():
            step.load_state_dict(state['layers'][name])


def state_of_layers(state: Dict[str, Any],
                    layer: Union[str, Sequence[str]]) -> Dict[str, Any]:
    """What the state of a checkpoint holds for ``layer``.

    Args:
        state (dict): Of a :class:`CurvatureStep`, which does not tell its
            layer, or of :class:`CurvatureSteps`.
        layer (str | list[str]): One layer or several.

    Returns:
        dict: For ``load_state_dict`` of the one or of the other.

    Raises:
        RuntimeError: If the layers are others.
    """
    held = list(state['layers']) if 'layers' in state else None
    if held == [layer]:  # once, a list of one layer had a state of several
        return state['layers'][layer]
    wanted = None if isinstance(layer, str) else list(layer)
    if (held is None) != (wanted is None) or set(held or []) != set(wanted
                                                                    or []):
        got = 'one for a single layer' if held is None else f'those of {held}'
        raise RuntimeError(
            'the feature pool of the checkpoint does not fit this run: '
            f'expected pools for layer={layer!r}, got {got}. Resume with the '
            'layer of the checkpoint, or start a new run with load_from.')
    return state
