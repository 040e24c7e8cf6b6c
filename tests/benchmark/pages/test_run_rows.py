# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.pages.run_rows import run_rows
from tests.benchmark.page_example import mixed_example


def test_every_run_is_a_row():
    collection, _ = mixed_example()
    collection['runs'][0]['options'] = {'a.b': 1, 'c': 'd'}
    rows = run_rows(collection)
    assert len(rows) == len(collection['runs'])
    overall = collection['runs'][0]['record']['results']['last']['metrics'][
        'overall']
    assert rows[0] == dict(
        name='CE, CIFAR-10-LT if100, ResNet-32, seed 0',
        state='done',
        overall=f'{overall:.2f}',
        seconds='2,000',
        config='configs/100.py',
        options='a.b=1 c=d')
    assert (rows[-1]['state'], rows[-1]['overall'],
            rows[-1]['config']) == ('no config', '–', 'none')
