# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.pages.missing_runs import missing_runs
from tests.benchmark.page_example import FAILURE, mixed_example
from tests.benchmark.synthetic_runs import example_collection, spec


def test_runs_with_one_reason_stand_together_failed_ones_first():
    collection, _ = mixed_example()
    groups = missing_runs(collection)
    assert [(group['state'], len(group['runs']), group['failed'])
            for group in groups] == [('failed', 6, True),
                                     ('not run', 6, False),
                                     ('no config', 12, False)]
    assert groups[0]['reason'] == FAILURE  # in full, line by line
    assert groups[1]['reason'] == ''


def test_state_that_is_not_known_is_shown_as_it_is():
    specs = [spec(), spec(seed=1)]
    states = {specs[0].name: ('odd', None), specs[1].name: ('failed', 'x')}
    groups = missing_runs(example_collection(specs, states))
    assert [group['state'] for group in groups] == ['failed', 'odd']
