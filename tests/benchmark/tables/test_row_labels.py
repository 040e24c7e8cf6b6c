# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.tables.row_labels import row_label


def test_label_names_the_model_only_if_there_are_several():
    a, b = (dict(method='CE', model=model, variant='') for model in 'AB')
    swept = dict(a, variant='tau=2')
    assert [row_label([a, swept])(each)
            for each in (a, swept)] == ['CE', 'CE: tau=2']
    assert row_label([a, b])(b) == 'CE, B'
