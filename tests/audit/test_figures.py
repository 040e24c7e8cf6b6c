# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmcurv.audit.report.figures import (audit_figures, drawn_measures,
                                         plot_calibration, plot_diagnosis,
                                         plot_layers, plot_measure,
                                         plot_sorted_accuracy, write_figures)
from mmcurv.audit.report.page import axis_scales, inline_svg
from mmcurv.audit.report.style import save_figure, wrapped_panels
from mmcurv.numbers import MEASURES
from .example_audit import (bare_audit, example_audit, with_diagnosis,
                            with_layers)


@pytest.mark.parametrize('measure', MEASURES)
def test_dots_of_a_measure_are_the_classes(measure):
    audit = example_audit(20)
    figure, axes = plot_measure(audit, measure)
    assert isinstance(figure, Figure) and isinstance(axes, Axes)
    dots = np.concatenate([c.get_offsets() for c in axes.collections])
    known = [r for r in audit['classes'] if r[measure] is not None]
    assert sorted(map(tuple, dots[np.isfinite(dots).all(1)])) == sorted(
        (row[measure], row['accuracy']) for row in known)


def test_correlation_of_a_measure_stands_above_its_dots():
    audit = example_audit(20)
    found = audit['correlation']['curvature']
    found.update(spearman_p=1e-9, holm_p=1e-8)
    figure, axes = plot_measure(audit, 'curvature')
    note = axes.texts[-1]
    assert note.get_text().replace('−', '-').splitlines() == [
        f'Spearman {found["spearman"]:+.2f} ({found["spearman_low"]:+.2f} to '
        f'{found["spearman_high"]:+.2f}), Holm p < 0.0001',
        'given training images, separation: -0.12'
    ]
    figure.draw_without_rendering()
    assert note.get_window_extent().x1 <= figure.bbox.x1


def test_every_figure_says_in_words_what_it_shows():
    audit = with_layers(with_diagnosis(example_audit(10)))
    words = {
        name: figure.get_label()
        for name, (figure, _) in audit_figures(audit).items()
    }
    assert all(len(text) > 40 for text in words.values()), words
    assert not any('nan' in text for text in words.values())
    low = 100 * min(row['accuracy'] for row in audit['classes'][:-1])
    assert f'accuracy from {low:.1f} to' in words['accuracy_by_curvature']
    assert 'k = 80 from +0.10 to +0.10' in words['diagnosis']


def test_classes_off_the_trend_are_named_literally():
    audit = example_audit(20)
    audit['classes'][1]['name'] = '$x$ <b>'
    _, axes = plot_measure(audit, 'curvature')
    assert '$x$ <b>' in [text.get_text() for text in axes.texts]


def test_sorted_accuracy_falls_from_left_to_right():
    audit = example_audit(20)
    audit['classes'][3]['accuracy'] = None
    _, axes = plot_sorted_accuracy(audit)
    heights = axes.lines[0].get_ydata()
    assert len(heights) == 19
    assert (np.diff(heights) <= 0).all()


def test_calibration_leaves_out_empty_bins():
    audit = example_audit(10)
    _, axes = plot_calibration(audit, 'tail')
    assert len(axes.lines[1].get_xdata()) == 9
    assert axes.get_title(loc='left') == 'Tail, ECE 12.0\u00a0%'


def test_layers_draw_one_line_per_measure_and_gaps_where_unknown():
    audit = with_layers(example_audit(10))
    audit['layers']['backbone.layer2']['correlation']['separation'] = {}
    _, axes = plot_layers(audit)
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    np.testing.assert_allclose(lines['Curvature'], [-0.1, -0.2, -0.3])
    np.testing.assert_allclose(lines['Separation'], [-0.1, np.nan, -0.3])


def test_diagnosis_shows_median_and_default_over_k():
    _, axes = plot_diagnosis(with_diagnosis(example_audit(10)))
    median, default = axes.lines[:2]
    assert median.get_xdata().tolist() == [20, 40, 80]
    np.testing.assert_allclose(median.get_ydata(), [-0.2, -0.4, 0.1])
    assert (default.get_xdata()[0], default.get_ydata()[0]) == (40, -0.4)


@pytest.mark.parametrize('audit', [
    bare_audit(1),
    bare_audit(1, known=False),
    bare_audit(5, known=False),
    bare_audit(2)
])
def test_degenerate_audits_are_drawn_without_an_error(tmp_path, audit):
    for measure in MEASURES:
        figure, _ = plot_measure(audit, measure)
        figure.canvas.draw()
    assert write_figures(audit_figures(audit), str(tmp_path))


def test_measure_that_does_not_vary_is_not_drawn():
    audit = example_audit(10)
    for row in audit['classes']:
        row['train_count'] = 500
    assert 'train_count' not in drawn_measures(audit)
    assert 'curvature' in drawn_measures(audit)


def test_logarithm_of_the_curvature_is_not_drawn_beside_it():
    audit = example_audit(10)
    assert 'log_curvature' not in drawn_measures(audit)
    _, axes = plot_measure(audit, 'curvature')
    assert axes.get_xscale() == 'log'


def test_figures_are_written_as_png_and_svg_into_their_folder(tmp_path):
    audit = with_layers(with_diagnosis(example_audit(10)))
    audit['calibration']['../../out'] = audit['calibration'].pop('tail')
    figures = audit_figures(audit)
    paths = write_figures(figures, str(tmp_path / 'figures'))
    assert len(paths) == 2 * len(figures)
    assert sorted(map(os.path.basename,
                      paths)) == sorted(os.listdir(tmp_path / 'figures'))
    assert {os.path.dirname(p) for p in paths} == {str(tmp_path / 'figures')}
    for path in paths:
        if path.endswith('.svg'):
            ElementTree.parse(path)
    assert os.listdir(tmp_path) == ['figures']


def test_same_record_gives_the_same_files(tmp_path):
    contents = []
    for name in 'ab':
        figure, _ = plot_measure(example_audit(10), 'curvature')
        paths = save_figure(figure, str(tmp_path / name), 'x')
        contents.append([Path(path).read_bytes() for path in paths])
    assert contents[0] == contents[1]


@pytest.mark.parametrize('measure', ['curvature', 'train_count'])
def test_scales_put_a_class_where_its_dot_is_drawn(measure):
    audit = example_audit(10)
    figure, axes = plot_measure(audit, measure)
    root = ElementTree.fromstring(inline_svg(figure, 'p'))
    scale = axis_scales(figure, axes)
    uses = [(float(e.get('x')), float(e.get('y'))) for e in root.iter()
            if e.tag.endswith('}use') and 'fill' in (e.get('style') or '')]
    for row in audit['classes'][2:9]:
        x = row[measure]
        x = np.log10(x) if scale['log'] else x
        at = np.array([
            scale['x0'] + scale['xs'] * x,
            scale['y0'] + scale['ys'] * row['accuracy']
        ])
        assert min(np.abs(at - use).max() for use in uses) < 0.01


def test_inline_drawing_takes_the_colours_of_the_page():
    figure, _ = plot_measure(example_audit(10), 'curvature')
    text = inline_svg(figure, 'p', 'a <b> & c')
    assert 'var(--accent)' in text and 'var(--ink)' in text
    assert '#2f6c9e' not in text and '<style' not in text
    assert 'aria-label="a &lt;b&gt; &amp; c"' in text


def test_names_that_would_lie_on_each_other_are_not_all_written():
    audit = example_audit(20)
    for c, row in enumerate(audit['classes'][:6]):
        row.update(off_trend=3 - 0.1 * c, curvature=1, accuracy=0.5)
    _, axes = plot_measure(audit, 'curvature')
    named = [t.get_text() for t in axes.texts if 'class' in t.get_text()]
    assert named == ['class 0']


@pytest.mark.parametrize('number, shape',
                         [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)),
                          (8, (3, 3))])
def test_panels_go_on_in_the_next_row(number, shape):
    figure, axes = wrapped_panels(number, 3, width=2., height=1.)
    assert axes.shape == shape
    assert [axis.get_visible()
            for axis in axes.flat] == [i < number for i in range(axes.size)]
    assert tuple(figure.get_size_inches()) == (2. * shape[1], shape[0])
