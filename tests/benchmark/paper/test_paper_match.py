# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.benchmark.collecting.summary import summarize
from mmcurv.benchmark.paper.paper_match import OurCells
from mmcurv.benchmark.paper.paper_results import paper_cells
from tests.benchmark.synthetic_runs import example_collection, spec

CE = next(
    cell for cell in paper_cells('Table 1')
    if cell.method == 'Cross Entropy' and cell.imbalance_factor == 100)


def match(*specs, states=None, paper=CE):
    collection = example_collection(list(specs), states)
    cells = summarize(collection)['cells']
    return OurCells(collection, cells).match(paper)


def test_the_paper_s_own_cell_is_found_under_our_name():
    found = match(spec(method='Focal'), spec(), spec(cr=True))
    assert found.cell['method'] == 'CE' and not found.cell['cr']
    assert len(found.runs) == 1 and found.objections == []


@pytest.mark.parametrize('changes', [
    dict(method='Focal'),
    dict(cr=True),
    dict(imbalance_factor=10),
    dict(variant='long'),
    dict(dataset='Fashion-LT', imbalance_factor=10),
])
def test_another_cell_is_not_taken(changes):
    assert match(spec(**changes)) == (None, [], [])


def test_what_stands_in_is_as_like_as_can_be():
    found = match(
        spec(dataset='Fashion-LT', model='ResNet-20'),
        spec(dataset='Fashion-LT'), spec(model='ResNet-20'))
    assert found.cell['dataset'] == 'CIFAR-10-LT'
    assert found.cell['model'] == 'ResNet-20' and len(found.objections) == 1


def test_only_finished_runs_stand_in():
    one = spec(model='ResNet-20')
    assert match(one, states={one.name: ('missing', None)}).cell is None


def test_the_paper_s_own_cell_is_taken_even_if_it_was_not_run():
    found = match(
        spec(model='ResNet-20'),
        spec(),
        states={spec().name: ('missing', None)})
    assert found.cell['model'] == 'ResNet-32' and found.runs == []


def test_data_of_another_row_of_the_table_do_not_stand_in():
    paper = next(
        cell for cell in paper_cells('Table 5')
        if cell.dataset == 'ImageNet' and cell.model == 'ResNet-18')
    one = spec(dataset='CIFAR-100', imbalance_factor=None, model='ResNet-18')
    collection = example_collection([one], paper_table='Table 5')
    cells = summarize(collection)['cells']
    assert OurCells(collection, cells).match(paper).cell is None
    other = one._replace(dataset='Fashion-LT', imbalance_factor=100)
    collection = example_collection([other], paper_table='Table 5')
    cells = summarize(collection)['cells']
    assert OurCells(collection, cells).match(paper).cell is not None
