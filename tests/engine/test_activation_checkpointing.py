# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""mmengine's ``activation_checkpointing``, which re-enters: it runs a part
of the model without gradients and again in the backward pass."""
import pytest
import torch

from tests.engine.image_run import build, trained
from tests.engine.runner_log import log_of


def test_layer_inside_a_checkpointed_head_is_refused_before_it_trains(
        tmp_path):
    runner = build(tmp_path, cfg=dict(activation_checkpointing=['head']))
    with pytest.raises(RuntimeError, match='re-entrant activation checkpoint'):
        runner.train()
    assert all(p.grad is None for p in runner.model.parameters())


def test_checkpoint_around_the_layer_alone_changes_nothing(tmp_path):
    """The tap sits before it, and its input carries the graph."""
    _, plain = trained(tmp_path / 'a')
    _, wrapped = trained(
        tmp_path / 'b', cfg=dict(activation_checkpointing=['head.fc']))
    assert plain.objective == wrapped.objective
    assert torch.equal(plain.gradient[-1], wrapped.gradient[-1])


@pytest.mark.parametrize('part', ['neck', 'backbone'])
def test_part_that_cuts_the_gradient_is_warned_of_once(tmp_path, part):
    """Neither images nor the tuple of a backbone require gradients, so the
    checkpoint returns features without: the loss trains the head alone."""
    runner = build(tmp_path, cfg=dict(activation_checkpointing=[part]))
    said = log_of(runner)
    runner.train()
    assert sum('carry no gradient' in text for text in said) == 1
