# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import os
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from mmcurv.audit.report.charts import MANY, Chart, write_figures
from mmcurv.audit.report.figures import (audit_figures, drawn_measures,
                                         plot_calibration, plot_diagnosis,
                                         plot_layers, plot_measure,
                                         plot_sorted_accuracy)
from mmcurv.audit.report.style import wrapped_panels
from mmcurv.numbers import MEASURES
from .example_audit import (bare_audit, example_audit, with_diagnosis,
                            with_layers)


def texts(chart):
    return [''.join(e.itertext()) for e in ElementTree.fromstring(chart.svg())]


def lines(chart):
    return {line.label: line for line in chart.lines}


@pytest.mark.parametrize('measure', MEASURES)
def test_dots_of_a_measure_are_the_classes(measure):
    audit = example_audit(20)
    chart = plot_measure(audit, measure)
    dots = [(x, y) for xs, ys, _ in chart.dots for x, y in zip(xs, ys)]
    known = [r for r in audit['classes'] if r[measure] is not None]
    assert sorted(dots) == sorted(
        (row[measure], row['accuracy']) for row in known)


def test_correlation_of_a_measure_stands_above_its_dots():
    audit = example_audit(20)
    found = audit['correlation']['curvature']
    found.update(spearman_p=1e-9, holm_p=1e-8)
    note = [
        text.replace('−', '-')
        for text in texts(plot_measure(audit, 'curvature'))
    ]
    assert (f'Spearman {found["spearman"]:+.2f} ({found["spearman_low"]:+.2f} '
            f'to {found["spearman_high"]:+.2f}), Holm p < 0.0001') in note
    assert 'given training images, separation: -0.12' in note


def test_every_figure_says_in_words_what_it_shows():
    audit = with_layers(with_diagnosis(example_audit(10)))
    words = {
        name: ElementTree.fromstring(chart.svg()).get('aria-label')
        for name, chart in audit_figures(audit).items()
    }
    assert all(len(text) > 40 for text in words.values()), words
    assert not any('nan' in text for text in words.values())
    low = 100 * min(row['accuracy'] for row in audit['classes'][:-1])
    assert f'accuracy from {low:.1f} to' in words['accuracy_by_curvature']
    assert 'k = 80 from +0.10 to +0.10' in words['diagnosis']


def test_classes_off_the_trend_are_named_literally():
    audit = example_audit(20)
    audit['classes'][1]['name'] = '$x$ <b>&'
    assert '$x$ <b>&' in texts(plot_measure(audit, 'curvature'))


def test_sorted_accuracy_falls_from_left_to_right():
    audit = example_audit(20)
    audit['classes'][3]['accuracy'] = None
    chart = plot_sorted_accuracy(audit)
    heights = lines(chart)[''].y
    assert len(heights) == 2 * 19
    assert (np.diff(heights) <= 0).all()
    low, high = (chart.bands[0][place] for place in (1, 2))
    assert (low <= heights).all() and (heights <= high).all()


def test_sorted_accuracies_of_thousands_of_classes_are_drawn_together():
    audit = example_audit(4)
    row = audit['classes'][0]
    audit['classes'] = [
        dict(row, accuracy=a, wilson_low=a / 2, wilson_high=(1 + a) / 2)
        for a in np.linspace(1, 0, 8142)
    ]
    chart = plot_sorted_accuracy(audit)
    x, y = lines(chart)[''][:2]
    assert len(x) <= 2 * MANY
    np.testing.assert_allclose(y, 1 - (x - 1) / 8141, atol=1e-3)
    assert len(chart.svg()) < 200_000


def test_calibration_leaves_out_empty_bins():
    chart = plot_calibration(example_audit(10), 'tail')
    assert len(chart.lines[1].x) == 9
    assert chart.title == 'Tail, ECE 12.0\u00a0%'


def test_layers_draw_one_line_per_measure_and_gaps_where_unknown():
    audit = with_layers(example_audit(10))
    audit['layers']['backbone.layer2']['correlation']['separation'] = {}
    found = lines(plot_layers(audit))
    np.testing.assert_allclose(found['Curvature'].y, [-0.1, -0.2, -0.3])
    np.testing.assert_allclose(found['Separation'].y, [-0.1, np.nan, -0.3])


def test_diagnosis_shows_median_and_default_over_k():
    found = lines(plot_diagnosis(with_diagnosis(example_audit(10))))
    median, default = found['median of the settings'], found['in use']
    assert median.x.tolist() == [20, 40, 80]
    np.testing.assert_allclose(median.y, [-0.2, -0.4, 0.1])
    assert (default.x[0], default.y[0]) == (40, -0.4)


@pytest.mark.parametrize('audit', [
    bare_audit(1),
    bare_audit(1, known=False),
    bare_audit(5, known=False),
    bare_audit(2)
])
def test_degenerate_audits_are_drawn_without_an_error(tmp_path, audit):
    for measure in MEASURES:
        assert 'nan' not in plot_measure(audit, measure).svg()
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
    assert plot_measure(audit, 'curvature').log


def test_figures_are_written_as_svg_on_paper_into_their_folder(tmp_path):
    audit = with_layers(with_diagnosis(example_audit(10)))
    audit['calibration']['../../out'] = audit['calibration'].pop('tail')
    figures = audit_figures(audit)
    paths = write_figures(figures, str(tmp_path / 'figures'))
    assert len(paths) == len(figures)
    assert sorted(map(os.path.basename,
                      paths)) == sorted(os.listdir(tmp_path / 'figures'))
    for path in paths:
        ElementTree.parse(path)
        with open(path, encoding='utf-8') as file:
            assert 'var(' not in file.read()
    assert os.listdir(tmp_path) == ['figures']


@pytest.mark.parametrize('measure', ['curvature', 'train_count'])
def test_scales_put_a_class_where_its_dot_is_drawn(measure):
    audit = example_audit(10)
    chart = plot_measure(audit, measure)
    scale = chart.scales()
    drawn = [
        tuple(map(float, place))
        for place in re.findall(r'M([\d.]+) ([\d.]+)h0', chart.svg())
    ]
    assert scale['log']
    for row in audit['classes'][2:9]:
        at = np.array([
            scale['x0'] + scale['xs'] * np.log10(row[measure]),
            scale['y0'] + scale['ys'] * row['accuracy']
        ])
        assert min(np.abs(at - place).max() for place in drawn) < 0.06


@pytest.mark.parametrize('ends, log, expected', [
    ((0.12, 0.93), False, '0.2 0.4 0.6 0.8'),
    ((-3.2e-3, 6.5e-3), False, '−0.002 0.000 0.002 0.004 0.006'),
    ((5, 500), True, '5 10 20 50 100 200 500'),
    ((2e-9, 3e-5), True, '10⁻⁸ 10⁻⁷ 10⁻⁶ 10⁻⁵'),
])
def test_ticks_are_round_numbers_inside_the_axis(ends, log, expected):
    chart = Chart('t', 'x', 'y', np.array(ends), np.array([0., 1.]), log=log)
    assert ' '.join(chart.x_ticks.values()) == expected
    left, _, right, _ = chart.box()
    scale = chart.scales()
    for place in chart.x_ticks:
        assert left <= scale['x0'] + scale['xs'] * place <= right


def test_names_that_would_lie_on_each_other_are_not_all_written():
    audit = example_audit(20)
    for c, row in enumerate(audit['classes'][:6]):
        row.update(off_trend=3 - 0.1 * c, curvature=1, accuracy=0.5)
    named = [name for _, name, _ in plot_measure(audit, 'curvature').names]
    assert [name for name in named if 'class' in name] == ['class 0']


@pytest.mark.parametrize('number, shape',
                         [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3)),
                          (8, (3, 3))])
def test_panels_go_on_in_the_next_row(number, shape):
    figure, axes = wrapped_panels(number, 3, width=2., height=1.)
    assert axes.shape == shape
    assert [axis.get_visible()
            for axis in axes.flat] == [i < number for i in range(axes.size)]
    assert tuple(figure.get_size_inches()) == (2. * shape[1], shape[0])
