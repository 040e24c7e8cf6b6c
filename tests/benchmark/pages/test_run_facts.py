# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.pages.provenance_rows import provenance_rows
from mmcurv.benchmark.pages.run_facts import protocol_rows, run_cells
from tests.benchmark.page_example import mixed_example
from tests.benchmark.synthetic_runs import example_collection, spec


def cells_of(collection):
    return {
        cell['label']: (cell['value'], cell['note'])
        for cell in run_cells(collection)
    }


def test_strip_counts_runs_seeds_and_hours():
    collection, _ = mixed_example()
    cells = cells_of(collection)
    assert cells['Runs done'] == ('12 of 36',
                                  '6 failed, 6 not run, 12 no config')
    assert cells['Seeds'] == ('3', '0, 1 and 2')
    assert cells['Main number'] == ('Last epoch', '200 epochs')
    # 2,000 s a run, 200 s more with CR, and its seed in seconds.
    hours = (6 * 2000 + 6 * 2200 + 12) / 3600
    assert cells['Training time'][0] == f'{hours:.1f}\u00a0h'


def test_strip_of_nothing_says_that_nothing_is_known():
    one = spec()
    collection = example_collection([one], {one.name: ('missing', None)})
    cells = cells_of(collection)
    assert cells['Runs done'] == ('0 of 1', '1 not run')
    assert cells['Seeds'] == ('0', '')
    assert cells['Main number'][0] == cells['Training time'][0] == '–'
    assert dict(protocol_rows(collection))['Main number'] == 'not known'
    assert dict(provenance_rows(collection))['Code'] == 'not known'


def test_protocol_states_what_the_main_number_is():
    rows = dict(protocol_rows(mixed_example()[0]))
    assert rows['Main number'] == 'after the last epoch; no epoch was chosen'
    assert rows['Groups of classes'] == (
        'head: more than 100 training images, middle: 20 to 100, tail: fewer '
        'than 20')
    assert rows['Evaluated during training on split'] == 'test'
    assert rows['Protocol of the paper'] == 'epochs: 200'
    assert rows['CR'].startswith('layer: head.fc, start_epoch: 6')


def test_iterations_are_told_where_a_run_counts_them():
    collection = example_collection([spec(), spec(seed=1)])
    protocol = collection['runs'][0]['record']['protocol']
    protocol['iters'] = 90_000
    del protocol['epochs']
    assert cells_of(collection)['Main number'][1] == (
        '200 epochs, 90,000 iters')
