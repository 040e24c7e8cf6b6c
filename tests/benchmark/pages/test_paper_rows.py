# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math

from mmcurv.benchmark.pages.paper_rows import paper_groups, verdict_counts
from tests.benchmark.page_example import mixed_example, models_example


def row(cr=False, **changes):
    return dict(
        dict(
            table='Table 1',
            dataset='CIFAR-10-LT',
            imbalance_factor=100.,
            model='ResNet-32',
            method='CE',
            cr=cr,
            metric='top1',
            split='overall',
            value=70.3,
            doubtful='',
            mean=70.12,
            low=69.,
            high=71.24,
            n=3,
            verdict='reproduced',
            reason='0.18 points below the paper'), **changes)


def test_numbers_without_and_with_cr_stand_beside_each_other():
    group, = paper_groups([row(), row(cr=True, value=72.6)])
    assert group['title'] == 'Table 1: CIFAR-10-LT, imbalance 100'
    line, = group['rows']
    assert (line['method'], line['number']) == ('CE', 'Accuracy, overall')
    assert [cell['paper'] for cell in line['cells']] == ['70.3', '72.6']
    assert line['cells'][0]['ours'] == '70.12'
    assert line['cells'][0]['notes'] == ['69.00 to 71.24', '3 seeds']
    assert line['cells'][0]['reason'] == '0.18 points below the paper'


def test_method_that_the_paper_has_only_without_cr_has_one_cell():
    group, = paper_groups([row()])
    assert group['rows'][0]['cells'][1] is None


def test_what_is_absent_is_said():
    nan = math.nan
    group, = paper_groups([
        row(value=nan, mean=nan, low=nan, high=nan, n=0, verdict='not run'),
        row(cr=True, doubtful='does not add up', verdict='not comparable')
    ])
    plain, cr = group['rows'][0]['cells']
    assert (plain['paper'], plain['ours'], plain['notes']) == ('not printed',
                                                               '–', [])
    assert (plain['doubtful'], cr['doubtful']) == ('', 'does not add up')
    assert [cell['tone'] for cell in (plain, cr)] == ['open', 'open']


def test_gains_carry_their_sign():
    _, summary = mixed_example()
    groups = paper_groups(summary['paper_gains'], gains=True)
    line = [
        line for group in groups for line in group['rows']
        if '100' in group['title'] and line['method'] == 'Cross Entropy'
    ][0]
    cell, = line['cells']
    assert (cell['paper'], cell['ours']) == ('+2.3', '+2.30')


def test_verdicts_are_counted_even_those_that_do_not_occur():
    counts = verdict_counts([row(), row(cr=True, verdict='not run')], [row()])
    assert [cell['label'] for cell in counts
            ] == ['Reproduced', 'Not reproduced', 'Not comparable', 'Not run']
    assert [cell['value']
            for cell in counts] == ['1 of 2', '0 of 2', '0 of 2', '1 of 2']
    assert counts[0]['note'] == 'and 1 of 1 gains by CR'
    assert verdict_counts([row()], [])[0]['note'] == ''


def test_every_number_of_the_tables_is_there():
    _, summary = models_example()
    groups = paper_groups(summary['paper'])
    cells = [
        cell for group in groups for line in group['rows']
        for cell in line['cells'] if cell
    ]
    assert len(cells) == len(summary['paper']) > 0
