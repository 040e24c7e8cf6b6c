# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Numbers and records of docs/geometry.md."""
import json
import re
from pathlib import Path

import numpy as np
import pytest

from mmcurv.paper_figures import FIGURES, choose_records, find_figure
from mmcurv.paper_figures.histories import array, measure
from mmcurv.paper_figures.over_epochs import correlations

DOCS = Path(__file__).parents[2] / 'docs'
TEXT = (DOCS / 'geometry.md').read_text(encoding='utf-8')
RECORDS = [str(DOCS / 'geometry' / f'{n}.json') for n in ('resnet18', 'vgg16')]
MONITORED = [name for name, figure in FIGURES.items() if figure.kind == 'run']


@pytest.fixture(scope='module')
def runs():
    return measure(RECORDS)['runs']


def mean(run, key, epoch):
    return array(run, key)[run['epochs'].index(epoch)].mean()


def spread(run, key, epoch):
    return array(run, key)[run['epochs'].index(epoch)].var()


def unit_free(run, epoch):
    product = array(run, 'curvature') * array(run, 'radius')**2
    return product[run['epochs'].index(epoch)].mean()


def thirds(run, key):
    """Mean correlation in the first and the last third of the epochs."""
    found = correlations(run, key)
    found = found[np.isfinite(found)]
    third = len(found) // 3
    return f'{found[:third].mean():+.2f}, {found[-third:].mean():+.2f}'


def at(run, value, *epochs):
    return ', '.join(f'{value(run, e):.3g}' for e in epochs)


def rows(run):
    last, third = run['epochs'][-1], run['epochs'][-1] // 3
    return {
        'epochs':
        f'{last}',
        'test accuracy at the end':
        f'{100 * mean(run, "accuracy", last):.1f} %',
        'training loss, epoch 1 and last':
        f'{run["train_loss"][1]:.3f}, {run["train_loss"][-1]:.3f}',
        'separation, epoch 0, a third of the way, last':
        at(run, lambda r, e: mean(r, 'separation', e), 0, third, last),
        'curvature, epoch 0, 1, last':
        at(run, lambda r, e: mean(r, 'curvature', e), 0, 1, last),
        'curvature × radius², epoch 0, 1, last':
        at(run, unit_free, 0, 1, last),
        'variance of curvature, epoch 1, last':
        at(run, lambda r, e: spread(r, 'curvature', e), 1, last),
        'variance of log curvature, epoch 1, last':
        at(run, lambda r, e: spread(r, 'log_curvature', e), 1, last),
        'correlation of accuracy and separation':
        thirds(run, 'separation'),
        'correlation of accuracy and curvature':
        thirds(run, 'curvature'),
        'correlation of accuracy and log curvature':
        thirds(run, 'log_curvature'),
        'all measurements over all training':
        f'{100 * run["share_of_training"][-1]:.0f} %',
    }


def test_table_is_that_of_the_records(runs):
    first, second = map(rows, runs)
    for name in first:
        assert f'| {name} | {first[name]} | {second[name]} |' in TEXT


def test_records_hold_every_epoch_of_both_networks(runs):
    for run in runs:
        assert run['epochs'] == list(range(run['epochs'][-1] + 1))
        assert run['split']['class_counts'] == [600] * 10
        assert run['test_count'] == [1000] * 10
        assert np.isfinite(array(run, 'accuracy')[1:]).all()
    assert runs[0]['split']['fingerprint'] == runs[1]['split']['fingerprint']


@pytest.mark.parametrize('name', MONITORED)
def test_records_draw_the_figures_over_epochs(name):
    assert choose_records([name], RECORDS)[name] == RECORDS
    figure, axes = find_figure(name).plot(find_figure(name).measure(RECORDS))
    assert all(axis.lines for axis in axes.flat)


def test_range_over_the_options_is_that_of_the_diagnosis():
    record = json.loads((DOCS / 'geometry' / 'diagnosis.json').read_text())
    for name in ('ResNet-18', 'VGG-16'):
        found = [row[-1] for row in record[name]]
        assert len(found) == 360
        phrase = f'{min(found):+.2f} and {max(found):+.2f} for {name}'
        assert f'between {phrase}' in ' '.join(TEXT.split())


def test_pages_and_pictures_of_the_text_exist():
    for path in re.findall(r'\]\(([^)#:]+)\)', TEXT):
        assert (DOCS / path).exists(), path


def test_records_name_no_folder_of_a_machine():
    for path in (DOCS / 'geometry').glob('*.json'):
        assert not re.search(r'"[^"]*(/home|/tmp|/usr|/root|/work)',
                             path.read_text()), path
