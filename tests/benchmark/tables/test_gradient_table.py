# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.tables.gradient_table import gradient_table


def row(count, ce, cr, outward, with_ce):
    return dict(
        train_count=count,
        ce_norm=ce,
        cr_norm=cr,
        outward=outward,
        with_ce=with_ce)


def test_ratio_of_the_norms_and_mean_cosines():
    record = dict(variants={
        'CR': [row(1000, 2., 1., 0.5, -0.25),
               row(10, 1., 4., None, 0.75)]
    })
    table = gradient_table(record)
    assert table.columns == ['Setting', '1,000', '10', 'outward', 'with CE']
    assert table.rows == [['CR', '0.50', '4.00', '0.50', '0.25']]
