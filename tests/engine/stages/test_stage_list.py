# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest

from mmcurv.engine.config_options import UsageError
from mmcurv.engine.stages.stage_list import Stage, placeholders, read_stages

FIRST = dict(name='features')


def second(**options):
    return dict(dict(name='classifier', weights='features'), **options)


def test_config_without_stages_has_none():
    assert read_stages(dict(model=1)) == []


def test_stages_are_read_in_their_order_with_their_defaults():
    stages = read_stages(
        dict(stages=[FIRST, second(freeze=['backbone'], norm='train')]))
    assert stages == [
        Stage('features', None, {}, [], 'eval', [], None),
        Stage('classifier', 'features', {}, ['backbone'], 'train', [], None)
    ]


@pytest.mark.parametrize(
    'stages, message', [
        ([], 'expected a list such as'),
        ('features', 'expected a list such as'),
        (['features'], r"stages\.0: expected dict\(name='\.\.\.'"),
        ([dict(weights='x')], r"stages\.0: expected dict\(name='\.\.\.'"),
        ([dict(name='a b')], 'name of a folder.*got \'a b\''),
        ([FIRST, FIRST
          ], "stages.1.name: 'features' is the name of an earlier"),
        ([FIRST, second(freze=['x'])], "no 'freze': did you mean 'freeze'"),
        ([FIRST, second(norm='evil')], "unknown 'evil': did you mean 'eval'"),
        ([FIRST, second(freeze='backbone')], 'expected a list of names'),
        ([FIRST, dict(name='x', freeze=['y'])], 'random weights; add weights'),
        ([FIRST, dict(name='x', reset=['y'])], 'random weights; add weights'),
        ([FIRST, second(changes=['x'])], 'expected a dict of values'),
        ([FIRST, second(changes={'stages.0.name': 'x'})
          ], 'cannot change stages'),
        ([FIRST, second(weights='feature')], "did you mean 'features'"),
        ([second(), FIRST], "'features', which does not come before it; put"),
        ([second(weights='classifier')], 'which does not come before it'),
        ([second(weights='gone')], 'no stage comes before it'),
        ([FIRST, second(changes={'model.teacher': '{featurs}'})
          ], "checkpoint of 'featurs'.*did you mean 'features'"),
        ([dict(name='a', changes=dict(x=['{b}'])),
          dict(name='b')], "put 'b' first"),
    ],
    ids=lambda value: str(value)[:30])
def test_list_that_makes_no_sense_is_explained(stages, message):
    with pytest.raises(UsageError, match=message):
        read_stages(dict(stages=stages))


def test_placeholders_are_found_at_every_depth():
    value = dict(a=['x/{one}', dict(b='{two-2} {one}')], c=3, d='{ no }')
    assert [*placeholders(value)] == ['one', 'two-2', 'one']
