# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""An audit of arrays, from Python: of any classifier, in any framework."""
import html
import json
import math
import os.path as osp
from typing import Any, Callable, List, Optional, Union

from .audit_record import audit_banks
from .feature_files import to_bank
from .options import AuditOptions
from .result_cache import Progress, silent

SHOWN = 20  # classes of a notebook


class Audit:
    """One audit: which classes fail, and what goes with their accuracy.

    Attributes:
        record (dict): All numbers, see docs/audit.md; nan is not known.

    Example:
        >>> from mmcurv.audit import audit
        >>> found = audit([0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 0, 0, 1])
        >>> found.summary['class_mean']
        0.75
        >>> found.failing
        []
    """

    def __init__(self, record: dict) -> None:
        self.record = record

    @property
    def summary(self) -> dict:
        """dict: Name to number: overall, class_mean, worst_class, ..."""
        return {
            name: entry['value']
            for name, entry in self.record['summary'].items()
        }

    @property
    def failing(self) -> List[str]:
        """list[str]: Classes that are worse than the rest by more than
        chance (false discovery rate 5 %), the most certain first."""
        rows = self.record['classes']
        return [rows[c]['name'] for c in self.record['failing']]

    def to_frame(self):
        """One row per class, by name.

        Returns:
            pandas.DataFrame: The columns of ``classes.csv``.
        """
        import pandas

        from .records import class_table
        return pandas.DataFrame(class_table(self.record)).set_index('name')

    def save(self, folder: str, with_figures: bool = True) -> str:
        """Write audit.json, classes.csv and report.html.

        Args:
            folder (str): Made if it is missing.
            with_figures (bool): Whether to draw the page. Defaults to
                True.

        Returns:
            str: Path of ``audit.json``.
        """
        from .records import write_audit
        write_audit(self.record, str(folder), with_figures)
        return osp.join(str(folder), 'audit.json')

    def compare(self,
                other: Union['Audit', dict, str],
                same_images: Optional[bool] = None) -> 'Comparison':
        """What changes from this audit to another one.

        Args:
            other (Audit | dict | str): The changed classifier's audit, its
                record or the path of its ``audit.json``.
            same_images (bool, optional): Whether both are of the same test
                images, in one order. Defaults to None: the audits tell, if
                they know ids, paths or a data set.

        Returns:
            Comparison: Who gained and who paid.
        """
        from .compare import compare
        if isinstance(other, Audit):
            other = other.record
        elif not isinstance(other, dict):
            from .records import read_audit
            other = read_audit(str(other))
        return Comparison(compare(self.record, other, same_images=same_images))

    def __repr__(self) -> str:
        summary, rows = self.record['summary'], self.record['classes']
        worst = summary['worst_class']
        lines = [
            f'Audit of {len(rows)} classes: overall '
            f'{_percent(summary["overall"]["value"])}, class mean '
            f'{_percent(summary["class_mean"]["value"])}, worst class '
            f'{worst["name"]} {_percent(worst["value"])}',
            _failing_sentence(self.failing,
                              self.record['classes_differ']['why'])
        ]
        return '\n'.join(lines)

    def _repr_html_(self) -> str:
        table = self.to_frame()[[
            'accuracy', 'wilson_low', 'wilson_high', 'test_count', 'failing',
            'precision', 'f1', 'top_confusion'
        ]].sort_values('accuracy')
        lines = ''.join(f'<p>{html.escape(line)}</p>'
                        for line in repr(self).splitlines())
        more = len(table) - SHOWN
        rest = f'<p>and {more} better ones</p>' if more > 0 else ''
        return lines + table.head(SHOWN).to_html(
            float_format='{:.3f}'.format) + rest


class Comparison:
    """Two audits of the same classes, the second minus the first.

    Attributes:
        record (dict): All numbers, see docs/audit.md; nan is not known.
    """

    def __init__(self, record: dict) -> None:
        self.record = record

    @property
    def gained(self) -> List[str]:
        """list[str]: Classes that are better for certain, most gained first.
        """
        return self.record['gained']

    @property
    def paid(self) -> List[str]:
        """list[str]: Classes that are worse for certain, most lost first."""
        return self.record['paid']

    @property
    def paired(self) -> bool:
        """bool: Whether it was tested image by image."""
        return self.record['paired']

    @property
    def summary(self) -> dict:
        """dict: Name to (change, low, high); nan where no interval holds."""
        return {
            name: (entry['value'], entry['low'], entry['high'])
            for name, entry in self.record['summary'].items()
        }

    def to_frame(self):
        """One row per class, by name.

        Returns:
            pandas.DataFrame: ``classes`` of the record.
        """
        import pandas
        return pandas.DataFrame(self.record['classes']).set_index('name')

    def save(self, folder: str) -> str:
        """Write compare.json and compare.html.

        Args:
            folder (str): Made if it is missing.

        Returns:
            str: Path of ``compare.json``.
        """
        from mmcurv.files import write_json
        from .report.compare_page import write_comparison
        path = osp.join(str(folder), 'compare.json')
        write_json(path, self.record)
        with open(path, encoding='utf-8') as file:
            write_comparison(json.load(file), str(folder))
        return path

    def __repr__(self) -> str:
        change = self.record['summary']['class_mean']
        how = 'on the same images' if self.paired else (
            f'not paired: {self.record["unpaired_why"]}')
        return (f'Class mean {100 * change["value"]:+.1f} points '
                f'({100 * change["low"]:+.1f} to {100 * change["high"]:+.1f}),'
                f' {how}\ngained: {_few(self.gained)}\npaid: '
                f'{_few(self.paid)}')


def audit(labels: Any,
          predictions: Any = None,
          scores: Any = None,
          features: Any = None,
          train_counts: Any = None,
          class_names: Any = None,
          sample_ids: Any = None,
          *,
          confidence: Any = None,
          class_accuracy: Any = None,
          paths: Any = None,
          test: Optional[dict] = None,
          diagnose: bool = False,
          progress: Progress = silent,
          **options: Any) -> Audit:
    """Audit a classifier of which you have labels and predictions.

    Arrays of numpy, tensors, lists and columns of pandas. N samples, C
    classes, p features.

    Args:
        labels: (N,) true classes, integers from 0 or strings.
        predictions (optional): (N,) predicted classes of the same kind.
            Defaults to None: those of the scores.
        scores (optional): (N, C) logits or probabilities in the order of the
            classes; give confidence, top 5, likelihood, Brier score and
            calibration. Defaults to None.
        features (optional): (N, p) floating point; give the geometry of the
            classes. Defaults to None.
        train_counts (optional): (C,) training samples of each class; give
            head, middle and tail. Defaults to None.
        class_names (optional): (C,) names. Defaults to None: the labels.
        sample_ids (optional): (N,) what tells the samples apart, so that
            two audits of the same can be compared sample by sample. Defaults
            to None.
        confidence (optional): (N,) largest probability, where there are no
            scores. Defaults to None.
        class_accuracy (optional): (C,) fractions, where there are no
            predictions. Defaults to None.
        paths (optional): (N,) image files, for the hardest images. Defaults
            to None.
        test (dict, optional): ``labels``, ``predictions``, ``scores`` and
            others of the split whose accuracy counts, where the features are
            of another one, such as the training split. Defaults to None.
        diagnose (bool): Measure the curvature in all other ways, too. Takes
            a minute. Defaults to False.
        progress (Callable): Told how far the work is; by default nobody is.
        **options: Of :class:`~mmcurv.audit.options.AuditOptions`, such as
            ``k=20`` or ``class_size='all'``.

    Returns:
        Audit: With ``summary``, ``failing``, ``to_frame()``, ``save(folder)``
        and ``compare(other)``.

    Raises:
        TypeError: If an option is unknown.
        ValueError: If arrays do not fit each other or an option is out of
            range; the message says what to do.
    """
    bank = to_bank(
        dict(
            labels=labels,
            predictions=predictions,
            scores=scores,
            features=features,
            train_counts=train_counts,
            class_names=class_names,
            sample_ids=sample_ids,
            confidence=confidence,
            class_accuracy=class_accuracy,
            paths=paths))
    tests = None
    if test is not None:
        tests = to_bank(dict(dict(class_names=class_names), **test))
    return Audit(
        audit_banks(
            bank,
            tests,
            AuditOptions(**options),
            progress,
            with_diagnosis=diagnose))


def audit_model(model: Any,
                loader: Any,
                layer: Union[str, Callable, None] = None,
                device: Optional[str] = None,
                **arguments: Any) -> Audit:
    """Run a PyTorch classifier over a data set and audit it.

    Args:
        model (nn.Module): Gives logits (n, C) for a batch of inputs. Put into
            evaluation mode, and back into its own afterwards.
        loader (Iterable): Batches (inputs, labels), as a DataLoader's.
        layer (str | nn.Module, optional): Name or module whose output is the
            features, such as 'avgpool'; maps are averaged over all but the
            first two dimensions. Defaults to None: the input of the last
            linear layer, and no features if there is none.
        device (str, optional): Where the model runs. Defaults to None: where
            its parameters are.
        **arguments: As of :func:`audit`, such as ``class_names``.

    Returns:
        Audit: Of the labels, logits and features of the whole loader.

    Raises:
        ValueError: If there is no such layer, or batches are of another form.
    """
    import torch
    if device is None:
        device = next((p.device for p in model.parameters()), 'cpu')
    taken: list = []
    handle = _listen(model, layer, taken)
    was_training, labels, scores, features = model.training, [], [], []
    model.eval()
    try:
        with torch.inference_mode():
            for batch in loader:
                if not isinstance(batch, (tuple, list)) or len(batch) < 2:
                    raise ValueError(
                        'expected batches (inputs, labels) of the loader, '
                        f'got a {type(batch).__name__}. For a loader of '
                        'OpenMMLab use mmcurv audit CONFIG CHECKPOINT.')
                taken.clear()
                scores.append(model(batch[0].to(device)).float().cpu())
                labels.append(torch.as_tensor(batch[1]).cpu())
                features += [
                    part.flatten(2).mean(2) if part.dim() > 2 else part
                    for part in taken[-1:]
                ]
    finally:
        model.train(was_training)
        if handle is not None:
            handle.remove()
    if not labels:
        raise ValueError('expected batches, got an empty loader.')
    return audit(
        torch.cat(labels),
        scores=torch.cat(scores),
        features=torch.cat(features).float().cpu() if features else None,
        **arguments)


def _listen(model, layer, taken: list):
    """Collect what goes into the last linear layer, or out of a named one."""
    from torch import nn

    def output(module, inputs, result) -> None:
        taken.append(result[0] if isinstance(result, tuple) else result)

    def entering(module, inputs) -> None:
        taken.append(inputs[0])

    modules = dict(model.named_modules())
    if layer is None:
        linear = [m for m in modules.values() if isinstance(m, nn.Linear)]
        if not linear:
            return None
        return linear[-1].register_forward_pre_hook(entering)
    if isinstance(layer, str):
        if layer not in modules:
            from mmcurv.files import did_you_mean
            raise ValueError(f'layer: no module {layer!r}; '
                             f'{did_you_mean(layer, modules)}')
        layer = modules[layer]
    return layer.register_forward_hook(output)


def _percent(value: float) -> str:
    return '-' if value is None or math.isnan(
        value) else f'{100 * value:.1f} %'


def _few(names: List[str], shown: int = 8) -> str:
    text = ', '.join(names[:shown]) or 'none'
    more = len(names) - shown
    return f'{text} and {more} more' if more > 0 else text


def _failing_sentence(failing: List[str], why: Optional[str]) -> str:
    if why is not None:
        return f'Failing classes are not known. {why}'
    if not failing:
        return 'No class is worse than the rest by more than chance.'
    return (f'Failing, worse than the rest by more than chance: '
            f'{_few(failing)}')
