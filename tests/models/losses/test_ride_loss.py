# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import math
import pickle

import pytest
import torch

from mmcurv.models.losses import (ExpertAssignmentLoss, RIDELoss,
                                  class_temperatures, divergence_from_mean,
                                  effective_number_weights,
                                  needs_another_expert, prefix_means)
from tests.models.losses.every_loss import CIFAR10_IF100, COUNTS
from tests.reference import ride_loop

LABELS = torch.tensor([0, 1, 0, 3, 3, 0])
OTHERS = torch.tensor([1, 1, 3, 2, 0, 2])
ONES = [1.] * len(COUNTS)


def experts(number=3):
    generator = torch.Generator().manual_seed(0)
    shape = (number, len(LABELS), len(COUNTS))
    cosines = 2 * torch.rand(shape, generator=generator).double() - 1
    return 30 * cosines


def made(epoch=1, counts=COUNTS, epochs=200, **options):
    loss = RIDELoss(**options).double()
    loss.set_class_counts(counts)
    loss.set_epoch(epoch, epochs)
    return loss


def by_loop(logits, labels=LABELS, diversity=-0.2, temperature=ONES, **more):
    return ride_loop.ride(logits.tolist(), labels.tolist(), COUNTS, diversity,
                          temperature, **more)


def test_temperatures_of_cifar10_lt_are_the_published_ones():
    assert class_temperatures(CIFAR10_IF100).tolist() == pytest.approx(
        [
            1, 0.9299, 0.8879, 0.8627, 0.8476, 0.8385, 0.8331, 0.8299, 0.8279,
            0.8267
        ],
        abs=5e-5)


def test_temperatures_of_cifar100_lt_are_the_published_ones():
    counts = [int(500 * 0.01**(c / 99)) for c in range(100)]
    temperatures = class_temperatures(counts)
    assert temperatures.min().item() == pytest.approx(0.80671, abs=5e-6)
    assert temperatures.mean().item() == pytest.approx(0.84711, abs=5e-6)


def test_temperatures_without_a_share_or_without_imbalance_are_one():
    assert torch.equal(class_temperatures(COUNTS, 0.), torch.ones(4).double())
    assert torch.equal(class_temperatures([7] * 4), torch.ones(4).double())


@pytest.mark.parametrize('number', [2, 3, 4, 6])
def test_value_is_that_of_the_loop(number):
    logits = experts(number)
    assert made()(logits, LABELS).item() == pytest.approx(
        by_loop(logits), rel=1e-12)


def test_temperatures_and_weights_enter_as_in_the_loop():
    logits = experts()
    weights = effective_number_weights(COUNTS)
    loss = made(161, diversity=-0.45, temperature_share=0.3)
    loss.set_weights(weights)
    expected = by_loop(
        logits,
        diversity=-0.45,
        temperature=ride_loop.temperatures(COUNTS, 0.3),
        weights=weights.tolist())
    assert loss(logits, LABELS).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize('epochs, first, options', [
    (200, 161, dict()),
    (100, 81, dict()),
    (20, 17, dict()),
    (20, 11, dict(temperature_start_share=0.5)),
    (20, 3, dict(temperature_start=3)),
])
def test_temperatures_begin_with_their_first_epoch(epochs, first, options):
    logits = experts()
    values = []
    for epoch in (1, first - 1, first, epochs):
        loss = made(epoch, epochs=epochs, **options)
        values.append(loss(logits, LABELS).item())
    assert values[0] == values[1] and values[2] == values[3]
    assert values[1] != values[2]


def test_pair_mixes_entropies_and_counts_the_divergence_once():
    logits, share = experts(), 0.3
    loss = made(161)
    loss.set_weights(effective_number_weights(COUNTS))
    mixed = loss.pair(logits, LABELS, OTHERS, share)
    first, second = loss(logits, LABELS), loss(logits, OTHERS)
    torch.testing.assert_close(mixed, share * first + (1 - share) * second)
    without = made(161, diversity=0.)
    without.set_weights(loss.class_weights)
    divergence = divergence_from_mean(logits, loss.temperatures)
    torch.testing.assert_close(
        mixed,
        without.pair(logits, LABELS, OTHERS, share) - 0.2 * divergence)


def test_diversity_pushes_experts_away_from_their_mean():
    logits = experts().requires_grad_()
    step, = torch.autograd.grad(made()(logits, LABELS), logits)
    plain, = torch.autograd.grad(made(diversity=0.)(logits, LABELS), logits)
    moved = (logits - 0.1 * (step - plain)).detach()
    assert divergence_from_mean(moved) > divergence_from_mean(logits)


def test_mean_of_experts_gets_no_gradient():
    logits = experts().requires_grad_()
    ours, = torch.autograd.grad(divergence_from_mean(logits), logits)
    mean = logits.detach().mean(0).softmax(-1)
    # The gradient of KL(p || softmax(z)) in z is softmax(z) - p.
    expected = (logits.detach().softmax(-1) - mean) / len(LABELS)
    torch.testing.assert_close(ours, expected)


def test_equal_experts_have_no_divergence_and_k_times_the_entropy():
    same = experts(1).expand(3, -1, -1)
    assert divergence_from_mean(same) == 0
    alone = made(diversity=0.)(same[:1], LABELS)
    torch.testing.assert_close(made()(same, LABELS), 3 * alone)


def test_collaborative_loss_is_a_switch_and_not_a_diversity_of_zero():
    logits = experts()
    individual = made(diversity=0.)(logits, LABELS)
    together = made(diversity=0., collaborative=True)(logits, LABELS)
    assert individual.item() == pytest.approx(
        by_loop(logits, diversity=0.), rel=1e-12)
    mean = [ride_loop.mean_logits(logits.tolist(), i) for i in range(6)]
    entropy = ride_loop.entropy(mean, LABELS.tolist(), COUNTS, 0.5, 30.)
    assert together.item() == pytest.approx(3 * entropy, rel=1e-12)


def test_unknown_epoch_is_an_error_only_where_it_matters():
    logits = experts().float()
    loss = RIDELoss(class_counts=COUNTS)
    with pytest.raises(RuntimeError, match='the epoch.*ClassCountsHook'):
        loss(logits, LABELS)
    assert RIDELoss(diversity=0., class_counts=COUNTS)(logits, LABELS) > 0


def test_unknown_counts_are_an_error():
    with pytest.raises(RuntimeError, match='does not know the class counts'):
        RIDELoss()(experts(), LABELS)


def test_soft_labels_are_refused():
    with pytest.raises(ValueError, match='RIDE lowers the score of the one'):
        made()(experts(), torch.rand(6, 4))


@pytest.mark.parametrize('options, said', [
    (dict(temperature_share=1.5), 'temperature_share from 0 to 1, got 1.5'),
    (dict(temperature_start=0), 'temperature_start is counted from 1'),
    (dict(temperature_start_share=1.5), 'temperature_start_share .*got 1.5'),
    (dict(max_margin=-1.), 'expected max_margin'),
    (dict(scale=0.), 'expected scale'),
])
def test_options_out_of_range_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        RIDELoss(**options)


def test_counts_are_no_part_of_the_state_and_the_loss_can_be_pickled():
    loss = made(161)
    assert not loss.state_dict()
    twin = pickle.loads(pickle.dumps(loss))
    assert torch.equal(loss(experts(), LABELS), twin(experts(), LABELS))


def test_bfloat16_is_computed_in_float32():
    logits = experts().bfloat16()
    loss = RIDELoss(class_counts=COUNTS)
    loss.set_epoch(1, 200)
    assert loss(logits, LABELS).dtype == torch.float32
    torch.testing.assert_close(
        loss(logits, LABELS), loss(logits.float(), LABELS))


def test_gradient_is_that_of_finite_differences():
    logits = experts(2).requires_grad_()
    loss = made(161, diversity=0.)
    assert torch.autograd.gradcheck(lambda z: loss(z, LABELS), logits)


def test_prefix_means_are_those_of_the_first_experts():
    logits = torch.tensor([[[3., 0.]], [[1., 2.]], [[2., 1.]]])
    expected = torch.tensor([[[3., 0.]], [[2., 1.]], [[2., 1.]]])
    assert torch.equal(prefix_means(logits), expected)


@pytest.mark.parametrize('number', [2, 3, 4, 6])
def test_target_is_that_of_the_loop(number):
    generator = torch.Generator().manual_seed(number)
    logits = torch.randn(number, 200, 4, generator=generator)
    labels = torch.randint(4, (200, ), generator=generator)
    needed = needs_another_expert(prefix_means(logits), labels)
    expected = ride_loop.needs_another(logits.tolist(), labels.tolist())
    assert needed.tolist() == expected
    assert 0 < needed.sum() < needed.numel()


def test_last_chance_is_seen_through_a_wrong_prefix_between():
    means = torch.tensor([[[0., 1.]], [[0., 1.]], [[1., 0.]]])
    labels = torch.tensor([0])
    assert needs_another_expert(means, labels).tolist() == [[True], [True]]
    assert not needs_another_expert(means, 1 - labels).any()


def test_value_is_a_mean_of_weighted_entropies():
    means = torch.tensor([[[0., 1.], [1., 0.]], [[1., 0.], [1., 0.]]])
    gates = torch.tensor([[0.7, -0.4]])
    loss = ExpertAssignmentLoss(pos_weight=100.)
    value = loss(gates, means, torch.tensor([0, 0]))  # needed: yes, no
    positive = 100 * math.log(1 + math.exp(-0.7))
    negative = math.log(1 + math.exp(-0.4))
    assert value.item() == pytest.approx((positive + negative) / 2)


def test_label_without_a_column_is_refused():
    with pytest.raises(ValueError, match='expected labels from 0 to 1'):
        ExpertAssignmentLoss()(torch.zeros(1, 1), torch.zeros(2, 1, 2),
                               torch.tensor([2]))


def test_weight_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match='expected pos_weight above 0'):
        ExpertAssignmentLoss(pos_weight=0.)
