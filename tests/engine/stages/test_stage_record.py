# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

from mmcurv.engine.stages.stage_record import whole_record


def record(epochs, seconds, cr=None, overall=50., accelerator=None):
    return dict(
        protocol=dict(main='last', epochs=epochs),
        results=dict(last=dict(metrics=dict(overall=overall))),
        cr=cr,
        cost=dict(
            seconds=seconds,
            training_seconds=seconds / 2,
            samples=10 * epochs,
            starts=1,
            peak_memory_bytes=int(1000 * seconds),
            peak_accelerator_bytes=accelerator,
            parameters=epochs))


FIRST = dict(record(20, 8., dict(layer='x'), 40.), stage='features')
LAST = record(2, 4.)


def test_costs_and_epochs_are_those_of_all_stages():
    whole = whole_record('classifier', LAST, [FIRST])
    assert whole['protocol'] == dict(main='last', epochs=22)
    assert whole['cost'] == dict(
        seconds=12.,
        training_seconds=6.,
        samples=220,
        starts=2,
        peak_memory_bytes=8000,
        peak_accelerator_bytes=None,
        parameters=2)  # of the model in the end


def test_cr_is_that_of_the_stage_that_had_it():
    assert whole_record('classifier', LAST, [FIRST])['cr'] == dict(layer='x')
    assert whole_record('b', LAST, [dict(LAST, stage='a')])['cr'] is None


def test_each_stage_has_an_entry_and_results_are_of_the_last():
    before = copy.deepcopy(LAST)
    whole = whole_record('classifier', LAST, [FIRST])
    assert [(one['name'], one['epochs'], one['overall'], one['seconds'])
            for one in whole['stages']] == [('features', 20, 40., 8.),
                                            ('classifier', 2, 50., 4.)]
    assert whole['results'] == LAST['results']
    assert LAST == before


def test_stage_that_was_not_evaluated_has_no_accuracy():
    first = dict(FIRST, results=None)
    whole = whole_record('classifier', LAST, [first])
    assert whole['stages'][0]['overall'] is None


def test_largest_accelerator_memory_is_kept():
    first = dict(record(1, 1., accelerator=7), stage='a')
    whole = whole_record('b', LAST, [first])
    assert whole['cost']['peak_accelerator_bytes'] == 7
