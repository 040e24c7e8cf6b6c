# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch

from mmcurv.engine.config_options import UsageError
from mmcurv.engine.stages.check_stages import check_stages
from tests.engine.stages.toy_stages import classifier, staged

FIRST = dict(name='features')


def test_sound_stages_pass_and_draw_no_random_number(tmp_path):
    state = torch.get_rng_state()
    check_stages(staged(tmp_path))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize('options, message', [
    (dict(freeze=['backbon']),
     r"stages\.1 \(classifier\)\.freeze: .*'backbon': did you mean 'backbone'"
     ),
    (dict(reset=['head.fx']), r"\.reset: .*did you mean 'head\.fc'"),
    (dict(reset=['qqq']), 'has no sub-module .qqq.: expected'),
    (dict(changes={'model.type': 'Gone'}), 'its model cannot be built'),
    (dict(changes={'default_hooks.run_record': None}),
     'expected default_hooks.run_record'),
])
def test_stage_that_cannot_be_trained_is_refused(options, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        check_stages(staged(tmp_path, FIRST, classifier(**options)))


def test_stage_that_saves_nothing_is_refused_if_others_follow(tmp_path):
    off = {'default_hooks.checkpoint': None}
    check_stages(staged(tmp_path, FIRST, classifier(changes=off)))
    with pytest.raises(UsageError, match='nothing is left for later stages'):
        check_stages(staged(tmp_path, dict(FIRST, changes=off), classifier()))
