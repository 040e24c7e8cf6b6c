# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""An audit as one HTML page that needs nothing but itself."""
import math
import os
import os.path as osp
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from mmcurv.files import write_text
from mmcurv.numbers import (ABSENT, MEASURES, NUMBERS, clean, column, count,
                            fixed, holm_floor, interval, is_known, number,
                            percent, plural, points, probability, signed,
                            signed_number)
from .page import (Column, class_table, field, page_warnings, panel_scale,
                   render, sentences, short, thumbnail)

SCHEMA_VERSION = 2
MOST_IMAGES = 60  # thumbnails in one page
LAYER_MEASURES = ('curvature', 'separation', 'neighbor_purity',
                  'relative_spread', 'volume', 'intrinsic_dimension')
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
    accuracy_fingerprint_of='That fingerprint is of',
    accuracy_source='Accuracy taken from',
    num_classes='Classes',
    num_features='Feature vectors',
    points_per_class='Points of each compared class',
    feature_dim='Features per vector',
    nearest_manifold_candidates='Candidates for the nearest manifold',
    mmcurv='mmcurv',
    torch='PyTorch',
    created='Made')
ALWAYS_STATED = ('geometry_split', 'accuracy_split')


def write_report(audit: dict, out_dir: str) -> str:
    """Write ``report.html``, which opens offline in any browser.

    Everything is drawn from the record, except thumbnails of the images that
    the record names, where their files can be read.

    Args:
        audit (dict): Audit record, as read from ``audit.json``.
        out_dir (str): Folder of the page; made if it is missing.

    Returns:
        str: Path of the page.

    Raises:
        ValueError: If an earlier mmcurv made the record.
    """
    from .figures import audit_figures
    figures = audit_figures(check_version(audit))
    path = osp.join(out_dir, 'report.html')
    write_text(path, render('report.html.j2', **report_content(audit,
                                                               figures)))
    return path


def check_version(audit: dict) -> dict:
    """The same record, refused if its numbers mean something else.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: The record.

    Raises:
        ValueError: If it has another version than is drawn here.
    """
    version = audit.get('schema_version')
    if version != SCHEMA_VERSION:
        raise ValueError(
            f'expected an audit record of version {SCHEMA_VERSION} to draw, '
            f'got version {version}, which has other intervals and no tests '
            'of classes. Audit the features again; compare reads both.')
    return audit


def report_content(audit: dict, figures: dict) -> Dict[str, object]:
    """Every variable of the report's template.

    Args:
        audit (dict): Audit record.
        figures (dict): Of :func:`~mmcurv.audit.report.figures.audit_figures`.

    Returns:
        dict: Texts, lists of texts and finished drawings.
    """
    facts = audit['provenance']
    rows = worst_first(audit['classes'])
    table = _table(audit, rows)
    panels, table['script']['panels'] = _panels(rows, figures)
    headline, *paragraphs = audit_sentences(audit)

    def drawn(name):
        return name in figures and figures[name].svg()

    return dict(
        kind='Class audit',
        title=clean(subject(facts), 80),
        facts=facts,
        made=clean(facts.get('created') or '')[:16].replace('T', ' '),
        headline=headline,
        sentences=paragraphs,
        cells=summary_cells(audit),
        warnings=page_warnings(audit),
        table=table,
        panels=panels,
        correlations=correlation_rows(audit),
        off_trend=off_trend_rows(audit),
        confusions=confusion_rows(audit),
        pairs=pair_rows(audit),
        curve=drawn('sorted_accuracy'),
        calibrations=calibration_rows(audit),
        calibration_curves=[
            figures[name].svg() for name in figures
            if name.startswith('calibration_')
        ],
        hardest=hardest_images(audit),
        layers=layer_rows(audit),
        layer_curve=drawn('layers'),
        diagnosis=diagnosis_rows(audit),
        diagnosis_curve=drawn('diagnosis'),
        trust=clean(((audit.get('diagnosis') or {}).get('answer')
                     or {}).get('sentence') or '', 600),
        shift=shift_content(audit),
        shift_curve=drawn('shift'),
        provenance=provenance_rows(facts),
        definitions=[(cell['label'], cell['meaning'])
                     for cell in summary_cells(audit)] +
        [(f'{m.label} ({m.unit})' if m.unit else m.label, m.meaning)
         for key, m in MEASURES.items() if key in audit['correlation']])


def audit_sentences(audit: dict) -> List[str]:
    """What an audit found, in plain words with the numbers.

    Args:
        audit (dict): Audit record.

    Returns:
        list[str]: Headline and paragraphs, plain text.
    """
    classes = audit['classes']
    tested = sum(row.get('failing') is not None for row in classes)
    by_number = {row['class']: row for row in classes}
    return sentences(
        'audit.txt.j2',
        audit=audit,
        holm_floor=holm_floor(audit['correlation'].get('curvature') or {}),
        tested=tested,
        failing=[by_number[c] for c in audit['failing']] if tested else None,
        lowest=[
            row for row in worst_first(classes)[:5]
            if is_known(row.get('accuracy'))
        ])


def worst_first(classes: List[dict]) -> List[dict]:
    """Rows by accuracy, lowest first; those without one at the end."""
    return sorted(
        classes,
        key=lambda row: row['accuracy']
        if is_known(row.get('accuracy')) else math.inf)


def summary_cells(audit: dict) -> List[dict]:
    """The strip of main numbers, each with at most one interval.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts ``label``, ``meaning``, ``value``, ``interval``
        (over test images), ``spread`` (over classes), ``noise``, ``note``
        (who entered) and ``bar``, the style of a bar.
    """
    facts = audit['provenance']
    limits = dict(
        head_above=facts.get('head_above') or 100,
        tail_below=facts.get('tail_below') or 20)
    cells = []
    for key, what in NUMBERS.items():
        entry = audit['summary'].get(key) or {}
        if not is_known(entry.get('value')):
            continue
        ends = interval(entry.get('low'), entry.get('high'), what.show)
        spread = entry.get('spread') or {}
        noise = [
            f'{word} {what.show(entry[key])}'
            for word, key in (('without noise', 'corrected'), ('noise alone',
                                                               'noise'))
            if is_known(entry.get(key))
        ]
        cells.append(
            dict(
                label=what.label,
                meaning=what.meaning.format(**limits),
                value=what.show(entry['value']),
                interval='' if ends == ABSENT else ends,
                spread=interval(spread['q10'], spread['q90'], percent)
                if is_known(spread.get('q10')) else '',
                noise='; '.join(noise),
                note=_entered(audit, key, entry)))
    return cells


def _entered(audit: dict, key: str, entry: dict) -> str:
    if key == 'worst_class' and entry.get('name') is not None:
        return clean(entry['name'], 60)
    if key in ('overall', 'top5'):
        images = np.nansum(column(audit, 'test_count'))
        return plural(int(images), 'image')
    entered, size = entry.get('entered') or 0, entry.get('classes')
    if size is not None and size != entered:
        return f'{entered:,} of {plural(size, "class", "classes")}'
    return plural(entered, 'class', 'classes')


def _accuracy(row: dict) -> str:
    text = percent(row.get('accuracy'))
    ends = interval(row.get('wilson_low'), row.get('wilson_high'), percent)
    return text if ends == ABSENT else f'{text}\n{ends}'


def _fails(row: dict) -> str:
    failing = row.get('failing')
    return ABSENT if failing is None else (
        f'fails\nq {probability(row.get("failing_q"))}' if failing else 'no')


def _precision(row: dict) -> str:
    text = percent(row.get('precision'))
    return f'{text}\nF1 {percent(row["f1"])}' if is_known(
        row.get('f1')) else text


def _curvature(row: dict) -> str:
    text = number(row.get('curvature'))
    rank = row.get('curvature_rank')
    return f'{text}\nrank {count(rank)}' if is_known(rank) else text


def _other(key: str, value: str, show):
    """Text of another class and how near it is."""

    def text(row: dict) -> str:
        other = row.get(key)
        return f'{clean(other["name"])}\n{show(other.get(value))}' if (
            other) else ABSENT

    return text


CLASS_COLUMNS = (
    Column('name', 'Class', 'Name of the class.',
           lambda row: clean(row['name']), lambda row: str(row['name']),
           'text'),
    Column(
        'failing', 'Fails',
        'Whether the class is below all others together by more than chance: '
        'Fisher’s exact test, one-sided; q is its p-value after '
        'Benjamini-Hochberg, and up to 0.05 the class fails.', _fails,
        lambda row: None
        if row.get('failing') is None else float(row['failing_q']), 'mark'),
    field('train_count', 'Train n', 'Training images of the class.', count),
    field('test_count', 'Test n', 'Test images of the class.', count),
    Column(
        'accuracy', 'Accuracy',
        'Share of the class’s test images that are predicted as it (recall), '
        'with its 95 % Wilson interval over those images; the line marks the '
        'class mean.', _accuracy, lambda row: row.get('accuracy'), 'bar'),
    Column(
        'precision', 'Precision',
        'Share of the images predicted as the class that are of it; F1 is '
        'the harmonic mean of precision and accuracy.', _precision,
        lambda row: row.get('precision')),
    Column('curvature', 'Curvature',
           MEASURES['curvature'].meaning + ' Rank 1 is the most curved class.',
           _curvature, lambda row: row.get('curvature')),
    field('separation', 'Separation', MEASURES['separation'].meaning, number),
    field('neighbor_purity', 'Purity', MEASURES['neighbor_purity'].meaning,
          percent),
    field('relative_spread', 'Spread', MEASURES['relative_spread'].meaning,
          fixed(2)),
    field('volume', 'Volume, bits', MEASURES['volume'].meaning, fixed(1)),
    field('intrinsic_dimension', 'Dim.',
          'Intrinsic dimension. ' + MEASURES['intrinsic_dimension'].meaning,
          fixed(1)),
    field(
        'off_trend', 'Off trend',
        'Accuracy minus that of the straight line through the compared '
        'classes at the class’s curvature, in standard deviations; from ±2 on '
        'the class is named in the figures.', signed),
    Column(
        'top_confusion', 'Most taken for',
        'The class it is most often taken for, and the share of its test '
        'images.', _other('top_confusion', 'share', percent), lambda row:
        (row.get('top_confusion') or {}).get('share'), 'text'),
    Column(
        'nearest_manifold', 'Nearest manifold',
        'The class from which it is least separated, of those with the '
        'nearest centres, and that separation.',
        _other('nearest_manifold', 'separation', number), lambda row:
        (row.get('nearest_manifold') or {}).get('separation'), 'text'),
)


def _table(audit: dict, rows: List[dict]) -> dict:
    nan = np.full(len(rows), np.nan)
    by_row = dict(classes=rows)
    bars = [
        column(by_row, key) if len(rows) else nan
        for key in ('wilson_low', 'accuracy', 'wilson_high')
    ]
    mean = audit['summary']['class_mean']['value']
    return class_table(
        rows, CLASS_COLUMNS,
        ['failing' if row.get('failing') else None for row in rows],
        np.stack(bars, 1), mean, dict(failing='Only failing classes'))


def _panels(rows: List[dict], figures: dict) -> tuple:
    drawings, scales = [], []
    by_row = dict(classes=rows)
    for name, drawn in figures.items():
        measure = name.removeprefix('accuracy_by_')
        if measure == name:
            continue
        drawings.append(drawn.svg())
        scales.append(
            panel_scale(drawn, MEASURES[measure].label,
                        column(by_row, measure), 'accuracy'))
    return drawings, dict(
        heights=dict(accuracy=short(column(by_row, 'accuracy'))),
        tips=[f'{percent(row.get("accuracy"))} accuracy' for row in rows],
        scales=scales)


def correlation_rows(audit: dict) -> List[dict]:
    """One line per measure: its correlations with class accuracy.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts by field of the record, with ``label``, ``clear``
        (bool), ``spearman_ends``, an interval, and ``given``.
    """
    rows = []
    clear = audit['verdict'].get('clear') or []
    for key, measure in MEASURES.items():
        found = audit['correlation'].get(key)
        if not found:
            continue
        floor = found.get('p_floor')
        rows.append(
            dict(
                label=measure.label,
                clear=key in clear,
                spearman=signed(found.get('spearman')),
                spearman_ends=interval(
                    found.get('spearman_low'), found.get('spearman_high'),
                    signed),
                spearman_p=probability(found.get('spearman_p'), floor),
                holm_p=probability(found.get('holm_p'), holm_floor(found)),
                partial=signed(found.get('partial_spearman')),
                partial_p=probability(found.get('partial_p')),
                given=', '.join(MEASURES[name].label.lower() if name in
                                MEASURES else clean(name, 40)
                                for name in found.get('given') or []),
                pearson=signed(found.get('pearson')),
                pearson_p=probability(found.get('pearson_p'), floor),
                entered=count(found.get('entered')),
                why=clean(found.get('why') or '', 200)))
    return rows


def off_trend_rows(audit: dict, most: int = 12) -> Dict[str, list]:
    """Classes far above and far below what their curvature predicts.

    Args:
        audit (dict): Audit record.
        most (int): Of each kind. Defaults to 12.

    Returns:
        dict: ``above`` and ``below``, each a list of (name, residual).
    """
    from .figures import OFF_TREND
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
    """Classes that are taken for others, most often first.

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


def pair_rows(audit: dict) -> List[dict]:
    """Pairs of classes that are taken for each other, both ways together.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: Texts, and ``width`` in [0, 1] for a bar.
    """
    return [
        dict(
            a=clean(pair['a_name']),
            b=clean(pair['b_name']),
            a_as_b=count(pair.get('a_as_b')),
            b_as_a=count(pair.get('b_as_a')),
            count=count(pair.get('count')),
            share=percent(pair.get('share')),
            width=pair.get('share') or 0,
            separation=number(pair.get('separation')))
        for pair in audit.get('confused_pairs') or []
    ]


def calibration_rows(audit: dict) -> List[dict]:
    """Calibration of all predictions and of each group, as texts."""
    return [
        dict(
            group=clean(group, 40).title(),
            ece=percent(found.get('ece')),
            nll=number(found.get('nll')),
            brier=number(found.get('brier')),
            entered=count(found.get('entered')))
        for group, found in (audit.get('calibration') or {}).items() if found
    ]


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
    rows = [[clean(name)] + [
        signed(
            ((layer.get('correlation') or {}).get(key) or {}).get('spearman'))
        for key in LAYER_MEASURES
    ] for name, layer in layers.items()]
    known = [
        j for j in range(1,
                         len(LAYER_MEASURES) + 1)
        if any(row[j] != ABSENT for row in rows)
    ]
    return dict(
        headings=[MEASURES[LAYER_MEASURES[j - 1]].label for j in known],
        rows=[[row[0]] + [row[j] for j in known] for row in rows])


DIAGNOSED = dict(
    k='Neighbours k',
    tangent_dim='Tangent dimension m',
    normal='Normal',
    fit='Fit',
    reduction='Reduction over points',
    scale='Scaling of features')


def diagnosis_rows(audit: dict) -> List[dict]:
    """What each option does to the correlation, over all other options.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: One for each value of each option that was varied: texts
        ``option``, ``value``, ``settings``, ``median``, ``ends``,
        ``opposite`` (how many have the sign that the default has not),
        ``kendall``, ``unusable``; ``is_default`` is a bool.
    """
    settings = (audit.get('diagnosis') or {}).get('rows') or []
    default = next((row for row in settings if row.get('is_default')), {})
    sign = np.sign(default.get('spearman') or np.nan)
    found = []
    for key, label in DIAGNOSED.items():
        values = list(dict.fromkeys(row.get(key) for row in settings))
        if len(values) < 2:
            continue
        for value in values:
            members = [row for row in settings if row.get(key) == value]
            rho = _known(members, 'spearman')
            kendall = _known(members, 'kendall_to_default')
            unusable = _known(members, 'unusable_share')
            opposite = int((np.sign(rho) == -sign).sum())
            found.append(
                dict(
                    option=label,
                    value=clean(value, 40),
                    is_default=bool(default) and default.get(key) == value,
                    settings=count(rho.size),
                    median=_of(np.median, rho, signed),
                    ends=interval(*_ends(rho), signed),
                    opposite=count(opposite) if is_known(sign) else ABSENT,
                    kendall=_of(np.median, kendall, signed),
                    unusable=_of(np.median, unusable, percent)))
    return found


def _known(rows: Sequence[dict], key: str) -> np.ndarray:
    values = np.array([row.get(key) for row in rows], float)
    return values[np.isfinite(values)]


def _of(reduce, values: np.ndarray, show) -> str:
    return show(float(reduce(values))) if values.size else ABSENT


def _ends(values: np.ndarray) -> Tuple[Optional[float], Optional[float]]:
    return (values.min(), values.max()) if values.size else (None, None)


def shift_content(audit: dict) -> Optional[dict]:
    """What a shift of the scores would cost and bring, as texts.

    Args:
        audit (dict): Audit record.

    Returns:
        dict: ``missing``, or ``answer``, ``images`` and ``rows``; None in a
        record that was made before there was one.
    """
    from .figures import shift_method
    shift = audit.get('shift')
    if not shift or shift['why']:
        return shift and dict(missing=clean(shift['why'], 400))
    own = shift['measure']

    def change(row: dict, number: str, show=points) -> str:
        ends = interval(row[f'{number}_low'], row[f'{number}_high'], show)
        text = show(row[f'{number}_change'])
        return text if ends == ABSENT or not row['strength'] else (
            f'{text} ({ends})')

    rows = [
        dict(
            method=shift_method(row['method'], own),
            recommended=row['method'] == shift['recommended'],
            strength=f'{row["strength"]:g}',
            overall=change(row, 'overall'),
            class_mean=change(row, 'class_mean'),
            worst_tenth=change(row, 'worst_tenth'),
            variance=change(row, 'variance', signed_number))
        for row in shift['methods']
    ]
    best = next(row for row in shift['methods']
                if row['method'] == shift['recommended'])
    answer = (
        'Nothing that was tried makes the classes more equal at a cost of at '
        f'most {100 * shift["max_cost"]:g} points over all images.')
    if best['strength']:
        answer = (
            f'{change(best, "overall")} points over all test images, for '
            f'{change(best, "worst_tenth")} points of the worst tenth of the '
            'classes; without training, by '
            f'{shift_method(best["method"], own)}.')
    return dict(
        missing='', answer=answer, images=count(shift['images']), rows=rows)


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
    return rows + ([('Options of the geometry',
                     clean(text, 400))] if text else [])
