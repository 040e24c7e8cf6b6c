# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.structures import DataSample
from torch import nn

from mmcurv.models import ExpertAssignmentHead, MultiExpertHead
from mmcurv.models.losses import prefix_means
from mmcurv.samples import mark_pairs

LABELS = [0, 1, 2, 0, 4, 3]


def made(num_experts=3, top_logits=2):
    torch.manual_seed(0)
    return ExpertAssignmentHead(5, 4, num_experts, top_logits)


def features(num_experts=3):
    generator = torch.Generator().manual_seed(1)
    return tuple(
        torch.randn(num_experts, 6, 4, generator=generator).requires_grad_())


def samples():
    return [DataSample().set_gt_label(label) for label in LABELS]


def test_gate_sees_its_feature_and_the_largest_mean_logits():
    head, feats = made(), features()
    logits = head.expert_logits(feats)
    means = prefix_means(logits)
    gates = head.gate_logits(feats, means)
    assert gates.shape == (2, 6)
    for k in range(2):
        for i in range(6):
            unit = feats[k][i] / feats[k][i].norm()
            hidden = head.gates[k](unit).clamp_min(0)
            mean = logits[:k + 1, i].mean(0)
            top = mean.sort(descending=True).values[:2]
            expected = head.go_on(torch.cat([top, hidden]))
            torch.testing.assert_close(gates[k, i], expected[0])


@pytest.mark.parametrize('num_experts', [2, 3, 4, 6])
def test_image_gets_experts_up_to_the_first_gate_that_stops(
        num_experts, monkeypatch):
    head, feats = made(num_experts), features(num_experts)
    gates = torch.randn(
        num_experts - 1, 6, generator=torch.Generator().manual_seed(3))
    monkeypatch.setattr(head, 'gate_logits', lambda *_: gates)
    output, used = head.route(feats)
    logits = head.expert_logits(feats)
    for i in range(6):
        expected = 1
        while expected < num_experts and gates[expected - 1, i] > 0:
            expected += 1
        assert used[i] == expected
        torch.testing.assert_close(output[i], logits[:expected, i].mean(0))


def test_gates_that_never_stop_give_the_mean_of_all_experts():
    head, feats = made(), features()
    nn.init.zeros_(head.go_on.weight)
    nn.init.constant_(head.go_on.bias, 1.)
    output, used = head.route(feats)
    torch.testing.assert_close(output, MultiExpertHead.forward(head, feats))
    assert (used == 3).all()


def test_gate_at_one_half_stops():
    head = made()
    nn.init.zeros_(head.go_on.weight)
    nn.init.zeros_(head.go_on.bias)
    assert (head.route(features())[1] == 1).all()


def test_prediction_tells_the_number_of_experts():
    head, feats = made(), features()
    predictions = head.predict(feats, samples())
    used = head.route(feats)[1].tolist()
    assert [each.num_experts for each in predictions] == used
    assert [each.get('num_experts') for each in head.predict(feats)] == used


def test_gates_train_and_nothing_else_does():
    head, feats = made(), features()
    head.loss(feats, samples())['loss'].backward()
    trained = {n for n, p in head.named_parameters() if p.grad is not None}
    assert trained == {
        n
        for n, _ in head.named_parameters()
        if n.startswith(('gates.', 'go_on.'))
    }
    assert all(each.grad is None for each in feats)


def test_gates_learn_whom_to_send_on():
    head, feats = made(), features()
    optimizer = torch.optim.Adam(head.parameters(), 0.05)
    for _ in range(150):
        optimizer.zero_grad()
        loss = head.loss(feats, samples())['loss']
        loss.backward()
        optimizer.step()
    assert loss < 0.1


def test_weights_of_the_experts_are_those_of_the_first_stage():
    first, second = MultiExpertHead(5, 4, 3), made()
    lacking = second.load_state_dict(first.state_dict(), strict=False)
    assert not lacking.unexpected_keys
    assert {key.split('.')[0]
            for key in lacking.missing_keys} == {'gates', 'go_on'}


def test_mixed_images_are_refused():
    batch = samples()
    mark_pairs(batch, torch.tensor(LABELS), 0.5)
    with pytest.raises(ValueError, match='images of one label, got mixed'):
        made().loss(features(), batch)


@pytest.mark.parametrize('top_logits', [0, 6])
def test_more_logits_than_classes_are_refused(top_logits):
    with pytest.raises(ValueError, match='top_logits from 1 to .* 5, got'):
        made(top_logits=top_logits)
