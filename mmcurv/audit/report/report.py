# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""An audit as one HTML page that needs nothing but itself."""
import math
import os
import os.path as osp
from typing import (Any, Callable, Dict, List, NamedTuple, Optional, Sequence,
                    Tuple)

import numpy as np
from markupsafe import Markup

from mmcurv.files import write_text
from .figures import (OFF_TREND, diagnosis_variants, drawn_measures,
                      plot_calibration, plot_diagnosis, plot_layers,
                      plot_measure, plot_sorted_accuracy, rows_of_variant,
                      variant_name)
from .numbers import (ABSENT, MEASURES, clean, column, count, fixed, interval,
                      is_known, listing, number, p_value, percent, plural,
                      probability, signed)
from .page import drawing, page_warnings, panel_scale, render, short, thumbnail

NAMED = 5
SHAPE = ('curvature', 'separation', 'volume', 'radius', 'intrinsic_dimension')


def failing_classes(audit: dict) -> Optional[np.ndarray]:
    """Classes that are worse than the mean class by more than chance.

    Args:
        audit (dict): Audit record.

    Returns:
        np.ndarray or None: Places in ``classes``, worst first, of those with
        their whole 95 % Wilson interval below the class mean; None if no
        class has an interval.
    """
    high = column(audit, 'wilson_high')
    mean = audit['summary']['class_mean']['value']
    if not (is_known(mean) and np.isfinite(high).any()):
        return None
    below = np.flatnonzero(high < mean)
    accuracy = column(audit, 'accuracy')
    return below[np.argsort(accuracy[below], kind='stable')]


def verdict(audit: dict) -> Dict[str, object]:
    """Which classes fail, and which measures go with class accuracy.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: ``headline`` (str) and ``sentences`` (list[str]).
    """
    failing = failing_classes(audit)
    headline = f'{_failing_headline(audit, failing)} {_trend_headline(audit)}'
    sentences = [_failing_sentence(audit, failing)]
    sentences += _correlation_sentences(audit)
    return dict(headline=headline, sentences=sentences)


def is_clear(found: dict) -> bool:
    """Whether the bootstrap interval of Pearson's r leaves out 0.

    Args:
        found (dict): Correlation of one measure.

    Returns:
        bool: False also if there is no interval.
    """
    low, high = found.get('pearson_low'), found.get('pearson_high')
    return is_known(low) and is_known(high) and (low > 0 or high < 0)


def _found(audit: dict, measure: str) -> dict:
    found = (audit.get('correlation') or {}).get(measure) or {}
    return found if is_known(found.get('pearson')) else {}


def _failing_headline(audit: dict, failing: Optional[np.ndarray]) -> str:
    total = audit['summary']['class_mean'].get('entered') or 0
    if failing is None:
        return 'Which classes differ by more than chance cannot be told.'
    if not len(failing):
        return 'No class is clearly below the class mean.'
    verb = 'is' if len(failing) == 1 else 'are'
    return (f'{len(failing):,} of {plural(total, "class", "classes")} {verb} '
            'clearly below the class mean.')


def _trend_headline(audit: dict) -> str:
    found = _found(audit, 'curvature')
    if not found:
        return 'The correlation with curvature is not known.'
    if not is_clear(found):
        return 'Accuracy shows no clear correlation with curvature.'
    goes = 'lower' if found['pearson'] < 0 else 'higher'
    return (f'More curved classes have {goes} accuracy '
            f'(r = {signed(found["pearson"])}).')


def _failing_sentence(audit: dict, failing: Optional[np.ndarray]) -> str:
    accuracy = column(audit, 'accuracy')
    mean = percent(audit['summary']['class_mean']['value'])
    if failing is None:
        order = np.argsort(accuracy, kind='stable')
        order = order[np.isfinite(accuracy[order])][:NAMED]
        if not len(order):
            return 'No class accuracy is known.'
        return ('No test counts are known, so there is no interval around a '
                f'class accuracy. The lowest: {_named(audit, order)}.')
    if not len(failing):
        return (f'The class mean is {mean}; no class has its whole 95 % '
                'Wilson interval below it.')
    total = int(np.isfinite(column(audit, 'wilson_high')).sum())
    text = (f'The class mean is {mean}. Classes whose whole 95 % Wilson '
            f'interval lies below it, worst first: '
            f'{_named(audit, failing[:NAMED])}')
    if len(failing) > NAMED:
        text += f', and {len(failing) - NAMED:,} more'
    return (f'{text}. If all classes were equal, about {0.025 * total:.1f} '
            f'of {total:,} would lie there by chance.')


def _named(audit: dict, places: np.ndarray) -> str:
    rows = [audit['classes'][c] for c in places]
    return listing(f'{clean(row["name"], 40)} ({percent(row["accuracy"])})'
                   for row in rows)


def _correlation_sentences(audit: dict) -> List[str]:
    found = _found(audit, 'curvature')
    if not found:
        return [
            'Too few classes have both an accuracy and a curvature for a '
            'correlation.'
        ]
    text = ('Correlation of curvature and class accuracy: Pearson '
            f'{_with_interval(found)}')
    if not is_clear(found):
        text += '; the interval does not leave out 0'
    sentences = [f'{text}.']
    best = max(
        SHAPE, key=lambda key: abs(_found(audit, key).get('pearson', 0)))
    if best != 'curvature':
        sentences.append(
            f'Of the {len(SHAPE)} measures, '
            f'{MEASURES[best].label.lower()} correlates most strongly with '
            f'class accuracy: Pearson {_with_interval(_found(audit, best))}.')
    sentences.append(_size_sentence(found))
    return sentences


def _size_sentence(found: dict) -> str:
    partial = found.get('partial_pearson')
    if not is_known(partial):
        return ('What part the number of training images has in this cannot '
                'be told: it is not known, or the same for all classes.')
    return ('Given the log training counts, the correlation with curvature is '
            f'{signed(partial)} '
            f'({p_value(found.get("partial_p"))}).')


def _with_interval(found: dict) -> str:
    ends = interval(
        found.get('pearson_low'), found.get('pearson_high'), signed)
    return (f'{signed(found["pearson"])} (95 % interval {ends}, '
            f'{p_value(found.get("pearson_p"))}, '
            f'{plural(found.get("entered") or 0, "class", "classes")})')


SUMMARY = (
    ('overall', 'All test images', percent,
     'Share of all test images that are correct; Wilson interval.'),
    ('class_mean', 'Class mean', percent,
     'Mean of the class accuracies; every class counts the same.'),
    ('head', 'Head', percent,
     'Classes with more than {head_above} training images.'),
    ('middle', 'Middle', percent,
     'Classes with {tail_below} to {head_above} training images.'),
    ('tail', 'Tail', percent,
     'Classes with fewer than {tail_below} training images.'),
    ('worst_10pct', 'Worst tenth', percent,
     'Mean accuracy of the worst tenth of the classes.'),
    ('worst_class', 'Worst class', percent, 'The lowest class accuracy.'),
    ('variance', 'Variance', number,
     'Population variance of the class accuracies, as fractions.'),
    ('gini', 'Gini', number,
     'Gini coefficient of the class accuracies; 0 if all are equal.'),
    ('bias', 'Bias', number,
     'Largest class accuracy over the smallest plus 0.01, minus 1.'),
)
PROVENANCE = dict(
    model='Model',
    config='Config',
    checkpoint='Checkpoint',
    checkpoint_sha256='Checkpoint SHA-256',
    epoch='Epoch',
    feature_file='Feature file',
    feature_file_sha256='Feature file SHA-256',
    layer='Layer',
    pooling='Pooling of maps',
    geometry_split='Geometry from split',
    geometry_fingerprint='Fingerprint of the geometry split',
    accuracy_split='Accuracy from split',
    accuracy_fingerprint='Fingerprint of the accuracy split',
    accuracy_source='Accuracy taken from',
    num_classes='Classes',
    num_features='Feature vectors',
    feature_dim='Features per vector',
    nearest_manifold_candidates='Candidates for the nearest manifold',
    mmcurv='mmcurv',
    torch='PyTorch',
    created='Made')
ALWAYS_STATED = ('geometry_split', 'accuracy_split')


def summary_cells(audit: dict) -> List[dict]:
    """The strip of main numbers with their intervals.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: ``label``, ``meaning``, ``value``, ``interval``, ``note``
        (who entered) and ``bar`` (low, value, high as fractions, or None).
    """
    facts = audit['provenance']
    limits = dict(
        head_above=facts.get('head_above', 100),
        tail_below=facts.get('tail_below', 20))
    cells = []
    for key, label, show, meaning in SUMMARY:
        entry = audit['summary'].get(key) or {}
        if not is_known(entry.get('value')):
            continue
        low, high = entry.get('low'), entry.get('high')
        ends = interval(low, high, show)
        bar = None
        if show is percent:
            known = is_known(low) and is_known(high)
            bar = (low, entry['value'],
                   high) if known else (entry['value'], ) * 3
        cells.append(
            dict(
                label=label,
                meaning=meaning.format(**limits),
                value=show(entry['value']),
                interval='' if ends == ABSENT else ends,
                note=_entered(audit, key),
                bar=bar))
    return cells


def _entered(audit: dict, key: str) -> str:
    entry = audit['summary'][key]
    if key == 'worst_class' and entry.get('name') is not None:
        return clean(entry['name'], 40)
    if key == 'overall':
        images = np.nansum(column(audit, 'test_count'))
        return plural(int(images), 'image')
    entered, size = entry.get('entered') or 0, entry.get('classes')
    if size is not None and size != entered:
        return f'{entered:,} of {plural(size, "class", "classes")}'
    return plural(entered, 'class', 'classes')


def correlation_rows(audit: dict) -> List[dict]:
    """One line per measure: its correlations with class accuracy.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts by field of the record, with ``label`` and
        ``meaning``; ``pearson_ends`` and ``spearman_ends`` are intervals.
    """
    rows = []
    for key, measure in MEASURES.items():
        found = audit.get('correlation', {}).get(key)
        if not found:
            continue
        row = dict(label=measure.label, meaning=measure.meaning)
        for kind in ('pearson', 'spearman'):
            row[kind] = signed(found.get(kind))
            row[f'{kind}_p'] = probability(found.get(f'{kind}_p'))
            row[f'{kind}_ends'] = interval(
                found.get(f'{kind}_low'), found.get(f'{kind}_high'), signed)
            row[f'partial_{kind}'] = signed(found.get(f'partial_{kind}'))
        row['partial_p'] = probability(found.get('partial_p'))
        row['entered'] = count(found.get('entered'))
        rows.append(row)
    return rows


def off_trend_rows(audit: dict, most: int = 12) -> Dict[str, list]:
    """Classes far above and far below what their curvature predicts.

    Args:
        audit (dict): Audit record.
        most (int): Of each kind. Defaults to 12.

    Returns:
        dict: ``above`` and ``below``, each a list of (name, residual).
    """
    residual = column(audit, 'off_trend')
    with np.errstate(invalid='ignore'):
        sides = dict(above=residual >= OFF_TREND, below=residual <= -OFF_TREND)
    result = {}
    for side, members in sides.items():
        places = np.flatnonzero(members)
        places = places[np.argsort(-np.abs(residual[places]))][:most]
        result[side] = [(clean(audit['classes'][c]['name'],
                               60), signed(residual[c], 1)) for c in places]
    return result


def confusion_rows(audit: dict) -> List[dict]:
    """Pairs of classes that are taken for each other.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts, and ``width`` in [0, 1] for a bar.
    """
    return [
        dict(
            true=clean(pair['true_name']),
            predicted=clean(pair['predicted_name']),
            count=count(pair.get('count')),
            share=percent(pair.get('share')),
            width=pair.get('share') or 0,
            separation=number(pair.get('separation')))
        for pair in audit.get('confusions') or []
    ]


def subject(facts: dict) -> str:
    """What was audited, in a word: the config, the features' file, else the
    model.

    Args:
        facts (dict): ``provenance`` of an audit.

    Returns:
        str: Never empty.
    """
    config = osp.splitext(osp.basename(str(facts.get('config') or '')))[0]
    file = osp.basename(str(facts.get('feature_file') or ''))
    return config or file or str(facts.get('model') or 'classifier')


def two_subjects(a: dict, b: dict) -> Tuple[str, str]:
    """What was compared; what bears one name is told apart by its file.

    Args:
        a (dict): ``provenance`` of an audit.
        b (dict): Of the other.

    Returns:
        tuple: Two names, which may still be the same.
    """
    first, second = subject(a), subject(b)
    if first != second:
        return first, second
    files = (
        str(f.get('checkpoint') or f.get('feature_file') or '')
        for f in (a, b))
    ends = ('/'.join(file.split(os.sep)[-2:]) for file in files)
    return tuple(f'{first} ({end})' if end else first for end in ends)


def provenance_rows(facts: dict) -> List[tuple]:
    """Where the numbers come from, what is not known left out.

    Args:
        facts (dict): ``provenance`` of an audit.

    Returns:
        list[tuple]: (label, text).
    """
    rows = [(label, clean(facts.get(key) or 'not stated', 400))
            for key, label in PROVENANCE.items()
            if facts.get(key) is not None or key in ALWAYS_STATED]
    options = facts.get('options') or {}
    text = ', '.join(f'{key} = {value}' for key, value in options.items())
    return rows + [('Options of the geometry', clean(text, 400) or ABSENT)]


LAYER_MEASURES = ('curvature', 'volume', 'separation', 'radius',
                  'intrinsic_dimension')


def layer_rows(audit: dict) -> Dict[str, list]:
    """Correlation of each measure with class accuracy, layer by layer.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: ``headings`` and ``rows``, each a layer's name and texts; both
        empty unless the record holds several layers.
    """
    layers = audit.get('layers') or {}
    if len(layers) < 2:
        return dict(headings=[], rows=[])
    rows = []
    for name, layer in layers.items():
        found = layer.get('correlation') or {}
        rows.append([clean(name)] + [
            signed((found.get(key) or {}).get('pearson'))
            for key in LAYER_MEASURES
        ])
    return dict(
        headings=[MEASURES[key].label for key in LAYER_MEASURES], rows=rows)


def diagnosis_rows(audit: dict) -> List[Dict[str, str]]:
    """Every setting of the diagnosis.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts by field of the record.
    """
    rows = []
    for row in (audit.get('diagnosis') or {}).get('rows') or []:
        texts = {
            key: clean(row.get(key, ''))
            for key in ('k', 'tangent_dim', 'normal', 'fit', 'reduction')
        }
        rows.append(
            dict(
                texts,
                scale=clean(row.get('scale', '')),
                is_default=bool(row.get('is_default')),
                pearson=signed(row.get('pearson')),
                spearman=signed(row.get('spearman')),
                unusable_share=percent(row.get('unusable_share')),
                residual=number(row.get('residual')),
                kendall_to_default=signed(row.get('kendall_to_default'))))
    return rows


def variant_rows(audit: dict) -> List[Dict[str, str]]:
    """Each variant of the diagnosis over all its k and m.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: ``name``, ``settings`` (their number), and the lowest and
        highest ``pearson``, ``kendall_to_default``, ``unusable_share`` and
        ``residual`` as texts.
    """
    rows = []
    for variant in diagnosis_variants(audit):
        members = rows_of_variant(audit, variant)
        rows.append(
            dict(
                name=variant_name(variant),
                settings=count(len(members)),
                pearson=_range(members, 'pearson', signed),
                kendall_to_default=_range(members, 'kendall_to_default',
                                          signed),
                unusable_share=_range(members, 'unusable_share', percent),
                residual=_range(members, 'residual', number)))
    return rows


def _range(members: List[dict], key: str, show) -> str:
    values = np.array([row.get(key) for row in members], float)
    values = values[np.isfinite(values)]
    if not values.size:
        return show(None)
    return interval(values.min(), values.max(), show)


class Column(NamedTuple):
    """One column.

    Attributes:
        key (str): In the page, unique.
        label (str): Its heading.
        meaning (str): Shown when the pointer rests on the heading.
        show (Callable): Maps a row of the record to a text.
        sort (Callable): Maps a row to a number, a text or None (last).
        kind (str): 'text', 'number' or 'bar'. Defaults to 'number'.
    """
    key: str
    label: str
    meaning: str
    show: Callable[[dict], str]
    sort: Callable[[dict], Any]
    kind: str = 'number'


def field(key: str, label: str, meaning: str, show: Callable) -> Column:
    """A column of one number of the record.

    Args:
        key (str): Field of the row.
        label (str): Heading.
        meaning (str): Its definition.
        show (Callable): Maps the number to a text.

    Returns:
        Column: Sorted by the number.
    """
    return Column(key, label, meaning, lambda row: show(row.get(key)),
                  lambda row: row.get(key))


def neighbour(key: str, label: str, meaning: str, value: str,
              show: Callable) -> Column:
    """A column of another class and how near it is.

    Args:
        key (str): Field of the row that holds a record with ``name``.
        label (str): Heading.
        meaning (str): Its definition.
        value (str): Field of that record to show and to sort by.
        show (Callable): Maps that value to a text.

    Returns:
        Column: Sorted by the value.
    """

    def text(row: dict) -> str:
        other = row.get(key)
        if not other:
            return ABSENT
        return f'{clean(other["name"])}\n{show(other.get(value))}'

    return Column(key, label, meaning, text, lambda row:
                  (row.get(key) or {}).get(value), 'text')


def accuracy_text(row: dict) -> str:
    """'21.0 %' and, on a second line, '14.2 to 29.9 %' if it is known."""
    text = percent(row.get('accuracy'))
    ends = interval(row.get('wilson_low'), row.get('wilson_high'), percent)
    return text if ends == ABSENT else f'{text}\n{ends}'


CLASS_COLUMNS = (
    Column('name', 'Class', 'Name of the class.',
           lambda row: clean(row['name']), lambda row: str(row['name']),
           'text'),
    field('train_count', 'Train n', 'Training images of the class.', count),
    field('test_count', 'Test n', 'Test images of the class.', count),
    Column(
        'accuracy', 'Accuracy',
        'Share of the class’s test images that are predicted as it, with its '
        '95 % Wilson interval; the line marks the class mean.', accuracy_text,
        lambda row: row.get('accuracy'), 'bar'),
    field('curvature', 'Curvature', MEASURES['curvature'].meaning, number),
    field('curvature_rank', 'Rank', '1 is the most curved class.', count),
    field('volume', 'Volume, bits', MEASURES['volume'].meaning, fixed(1)),
    field('separation', 'Separation', MEASURES['separation'].meaning, number),
    field('intrinsic_dimension', 'Dim.',
          'Intrinsic dimension. ' + MEASURES['intrinsic_dimension'].meaning,
          fixed(1)),
    field(
        'off_trend', 'Off trend',
        'Accuracy minus that of the straight line through all classes at '
        'the class’s curvature, in standard deviations; from ±2 on the class '
        'is named in the figures.', signed),
    neighbour(
        'top_confusion', 'Top confusion',
        'The class it is most often taken for, and the share of its test '
        'images.', 'share', percent),
    neighbour(
        'nearest_manifold', 'Nearest manifold',
        'The class from which it is least separated, of those with the '
        'nearest centres, and that separation.', 'separation', number),
)


def class_table(rows: List[dict],
                columns: Sequence[Column]) -> Dict[str, list]:
    """The table as the page and its script need it.

    Args:
        rows (list[dict]): In the order in which they stand at first.
        columns (Sequence[Column]): One of which no row knows anything is left
            out.

    Returns:
        dict: ``columns`` (key, label, meaning, kind), ``rows`` (texts) and
        ``sort`` (values), both row by row.
    """
    shown = [
        column for column in columns if any(
            _compact(column.sort(row)) is not None for row in rows)
    ]
    return dict(
        columns=[
            dict(
                key=column.key,
                label=column.label,
                meaning=column.meaning,
                kind=column.kind) for column in shown
        ],
        rows=[[column.show(row) for column in shown] for row in rows],
        sort=[[_compact(column.sort(row)) for column in shown]
              for row in rows])


def worst_first(classes: List[dict]) -> List[dict]:
    """Rows by accuracy, lowest first; those without one at the end.

    Args:
        classes (list[dict]): Rows of the record.

    Returns:
        list[dict]: The same rows.
    """
    return sorted(
        classes,
        key=lambda row: row['accuracy']
        if is_known(row.get('accuracy')) else math.inf)


def _compact(value: Any) -> Any:
    if isinstance(value, float):
        return float(f'{value:.6g}') if math.isfinite(value) else None
    return clean(value) if isinstance(value, str) else value


MOST_IMAGES = 60  # thumbnails in one page


def hardest_images(audit: dict) -> List[dict]:
    """The images that the worst classes fail on most, class by class.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: ``name`` of the class and ``images``, each with ``source``
        (a ``data:`` address; None or empty if there is no image at the path)
        and texts.
    """
    groups = {}
    for image in (audit.get('hardest_images') or [])[:MOST_IMAGES]:
        group = groups.setdefault(
            image.get('class'), dict(name=clean(image['name']), images=[]))
        path = str(image.get('path') or '')
        predicted = image.get('predicted_name')
        group['images'].append(
            dict(
                source=path and thumbnail(path),
                path=clean(path or 'path not known', 300),
                file=clean(osp.basename(path), 40),
                predicted=ABSENT if predicted is None else clean(
                    predicted, 60),
                score=percent(image.get('score'))))
    return list(groups.values())


BAR = ('wilson_low', 'accuracy', 'wilson_high')


def write_report(audit: dict, out_dir: str) -> str:
    """Write ``report.html``, which opens offline in any browser.

    Everything in it is drawn from the record, except thumbnails of the
    images that the record names, where their files can be read.

    Args:
        audit (dict): Audit record, as read from ``audit.json``.
        out_dir (str): Folder of the page; made if it is missing.

    Returns:
        str: Path of the page.
    """
    path = osp.join(out_dir, 'report.html')
    write_text(path, render('report.html.j2', **report_content(audit)))
    return path


def report_content(audit: dict) -> Dict[str, object]:
    """Every variable of the report's template.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: Texts, lists of texts and finished drawings.
    """
    facts = audit['provenance']
    rows = worst_first(audit['classes'])
    table = _table(audit, rows)
    panels, table['panels'] = _panels(audit, rows)
    return dict(
        kind='Class audit',
        title=clean(subject(facts), 80),
        facts=facts,
        made=clean(facts.get('created') or '')[:16].replace('T', ' '),
        verdict=verdict(audit),
        cells=summary_cells(audit),
        warnings=page_warnings(audit),
        table=table,
        panels=panels,
        correlations=correlation_rows(audit),
        off_trend=off_trend_rows(audit),
        confusions=confusion_rows(audit),
        curve=drawing(plot_sorted_accuracy(audit), 'curve'),
        calibrations=[
            drawing(plot_calibration(audit, group), f'calibration{i}')
            for i, (group, found) in enumerate((
                audit.get('calibration') or {}).items()) if found
        ],
        hardest=hardest_images(audit),
        layers=layer_rows(audit),
        layer_curve=_layer_curve(audit),
        variants=variant_rows(audit),
        variant_maps=[
            drawing(plot_diagnosis(audit, variant), f'variant{i}')
            for i, variant in enumerate(diagnosis_variants(audit))
        ],
        diagnosis=diagnosis_rows(audit),
        provenance=provenance_rows(facts),
        definitions=list(MEASURES.values()))


def _table(audit: dict, rows: List[dict]) -> dict:
    failing = failing_classes(audit)
    places = () if failing is None else failing
    marked = {audit['classes'][c]['class'] for c in places}
    return dict(
        class_table(rows, CLASS_COLUMNS),
        bars=[short([row.get(key) for key in BAR]) for row in rows],
        line=short([audit['summary']['class_mean']['value']])[0],
        marked=[row['class'] in marked for row in rows])


def _panels(audit: dict, rows: List[dict]) -> tuple:
    drawings, scales = [], []
    by_row = dict(classes=rows)
    for i, measure in enumerate(drawn_measures(audit)):
        drawn = plot_measure(audit, measure)
        drawings.append(drawing(drawn, f'panel{i}'))
        scales.append(
            panel_scale(drawn, MEASURES[measure].label,
                        column(by_row, measure), 'accuracy'))
    return drawings, dict(
        heights=dict(accuracy=short(column(by_row, 'accuracy'))),
        tips=[f'{percent(row.get("accuracy"))} accuracy' for row in rows],
        scales=scales)


def _layer_curve(audit: dict) -> Optional[Markup]:
    if len(audit.get('layers') or {}) < 2:
        return None
    return drawing(plot_layers(audit), 'layers')
