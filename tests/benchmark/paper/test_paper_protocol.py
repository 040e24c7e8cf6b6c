# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.paper.paper_protocol import objections
from mmcurv.benchmark.paper.paper_results import paper_cells
from tests.benchmark.synthetic_runs import example_collection, spec

CE = next(
    cell for cell in paper_cells('Table 1')
    if cell.method == 'Cross Entropy' and cell.imbalance_factor == 100)


def asked(cell=None, paper=CE, protocol=(), **record):
    run = example_collection([spec()])['runs'][0]
    for section, changes in record.items():
        run['record'][section] = changes and dict(run['record'][section], **
                                                  changes)
    return objections(paper, dict(run, **(cell or {})), [run], dict(protocol))


def test_runs_of_the_paper_have_no_objection():
    assert asked() == []
    assert asked(protocol=dict(epochs=200)) == []


@pytest.mark.parametrize('cell, words', [
    (dict(model='ResNet-20'), 'other model: ResNet-20 instead of ResNet-32'),
    (dict(dataset='Fashion-LT'), 'other data: Fashion-LT, imbalance 100 '
     'instead of CIFAR-10-LT, imbalance 100'),
    (dict(imbalance_factor=50), 'other data: CIFAR-10-LT, imbalance 50 '
     'instead of CIFAR-10-LT, imbalance 100'),
])
def test_names_of_another_cell_are_told(cell, words):
    assert asked(cell) == [words]


@pytest.mark.parametrize('counts, words', [
    ([5000] * 9 + [100], '100 images of the smallest class instead of 50'),
    ([500] * 9 + [5], '500 images of the largest class instead of 5,000'),
    ([5000, 50], '2 classes instead of 10'),
])
def test_fewer_images_under_the_same_name_are_other_data(counts, words):
    assert asked(split=dict(class_counts=counts)) == [f'other data: {words}']


def test_a_smallest_class_that_was_rounded_is_the_same():
    paper = CE._replace(dataset='CIFAR-100-LT', imbalance_factor=200.)
    cell = dict(dataset='CIFAR-100-LT', imbalance_factor=200)
    for smallest in (2, 3):  # 500 / 200 = 2.5
        counts = dict(class_counts=[500] * 99 + [smallest])
        assert asked(cell, paper, split=counts) == []


def test_an_unknown_split_is_told():
    assert asked(split=None) == ['the train split is not known']


def test_other_epochs_are_told():
    assert asked(protocol=dict(epochs=100)) == [
        'other epochs: 200 instead of 100'
    ]
    run = example_collection([spec()], epochs=30)['runs'][0]
    assert objections(CE, run, [run],
                      {}) == ['other epochs: 30 instead of 200']
    del run['record']['protocol']['epochs']
    assert objections(CE, run, [run], {}) == [
        'other epochs: a number of iterations instead of 200'
    ]


def test_other_groups_matter_to_the_groups_alone():
    run = example_collection([spec()])['runs'][0]
    run['record']['protocol']['head_above'] = 50
    assert objections(CE, run, [run], {}) == []
    found = objections(CE._replace(split='tail'), run, [run], {})
    assert found == [
        'other groups: head above 50, tail below 20 instead of '
        '100 and 20'
    ]


def test_every_data_set_of_the_paper_is_known():
    every = paper_cells(', '.join(f'Table {i}' for i in range(1, 8)))
    run = example_collection([spec()])['runs'][0]
    for paper in every:
        cell = dict(
            run,
            dataset=paper.dataset,
            imbalance_factor=paper.imbalance_factor,
            model=paper.model)
        found = objections(paper, cell, [run], {})
        same = (
            paper.dataset == 'CIFAR-10-LT' and paper.imbalance_factor == 100)
        assert bool(found) != same
