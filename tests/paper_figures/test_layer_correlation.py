# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

import pytest

from mmcurv.audit.audit import audit_layers
from mmcurv.files import write_json
from mmcurv.paper_figures import layer_correlation
from tests.audit.sphere_bank import sphere_bank
from .paper_records import write_audit


def test_layers_show_size_and_sign_of_their_correlation(tmp_path):
    path = write_audit(tmp_path / 'audit.json',
                       dict(first=.3, second=None, last=-.6))
    record = layer_correlation.measure([f'net={path}'])
    assert record['models'][0]['name'] == 'net'
    _, axes = layer_correlation.plot(record)
    heights = [bar.get_height() for bar in axes[0, 0].patches]
    assert heights[0] == .3 and math.isnan(heights[1]) and heights[2] == .6
    assert axes[0, 0].patches[0].get_facecolor()[3] == 0
    assert axes[0, 0].patches[2].get_facecolor()[3] == 1


def test_single_layer_audit_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='several layers'):
        layer_correlation.measure([write_audit(tmp_path / 'audit.json', {})])


def test_layers_that_differ_between_models_are_all_named(tmp_path):
    paths = [
        write_audit(tmp_path / f'{name}.json', {
            name: .1,
            'head.fc': -.2
        }) for name in ('layer2', 'features')
    ]
    figure, axes = layer_correlation.plot(layer_correlation.measure(paths))
    legend, = figure.legends
    assert [text.get_text()
            for text in legend.get_texts()] == ['layer2, features', 'head.fc']
    assert len(axes[0, 0].patches) == 4


def test_audit_of_several_layers_is_what_the_figure_reads(tmp_path):
    made = audit_layers(
        dict(early=sphere_bank(p=8, seed=3), last=sphere_bank()), 'last')
    write_json(str(tmp_path / 'audit.json'), made)
    record = layer_correlation.measure([f'net={tmp_path}'])
    expected = [
        layer['correlation']['curvature']['pearson']
        for layer in made['layers'].values()
    ]
    assert record['models'] == [
        dict(name='net', layers=['early', 'last'], pearson=expected)
    ]
    assert all(math.isfinite(value) for value in expected)
