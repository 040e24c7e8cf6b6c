# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmpretrain.models.heads import LinearClsHead
from mmpretrain.structures import DataSample

from mmcurv.models.heads import MBJHead
from mmcurv.models.heads.mbj import acceptance_probabilities
from mmcurv.samples import mark_pairs

COUNTS = [60, 20, 4]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def head(epoch=3, start_epoch=2, counts=(5, 5, 5), **options):
    torch.manual_seed(0)
    made = MBJHead(3, 4, start_epoch=start_epoch, **options)
    made.set_class_counts(counts)
    made.set_epoch(epoch, 4)
    return made


def batch(seed, labels=(0, 1, 2, 2, 1)):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(len(labels), 4, generator=generator)
    return (features, ), [DataSample().set_gt_label(c) for c in labels]


def labels_of(samples):
    return torch.cat([sample.gt_label for sample in samples])


@pytest.mark.parametrize('rho, expected', [
    (0., [1, 1, 1]),
    (1., [1 / 15, 1 / 5, 1]),
    (0.5, [15**-0.5, 5**-0.5, 1]),
])
def test_acceptance_is_a_power_of_the_share_of_the_smallest_class(
        rho, expected):
    accepted = acceptance_probabilities(COUNTS, rho)
    assert accepted.tolist() == pytest.approx(expected)


@pytest.mark.parametrize('rho', [0., 0.5, 1.])
def test_features_enter_as_often_as_their_class_is_accepted(rho):
    own = head(counts=COUNTS, rho=rho, memory_size=100000, epoch=1)
    feats, samples = batch(0, [0] * 1000 + [1] * 1000 + [2] * 1000)
    for _ in range(10):
        own.loss(feats, samples)
    _, labels = own.memory.contents()
    shares = labels.bincount(minlength=3) / 10000
    expected = acceptance_probabilities(COUNTS, rho)
    assert (shares - expected).abs().max() < 0.02  # 4 standard deviations


def test_loss_is_that_of_the_batch_and_that_of_the_earlier_features():
    own = head(memory_weight=0.5)
    earlier, current = batch(0), batch(1)
    first = own.loss(*earlier)
    assert list(first) == ['loss']  # nothing is remembered yet
    losses = own.loss(*current)
    other = LinearClsHead(3, 4)
    other.load_state_dict(own.state_dict(), strict=False)
    assert torch.equal(losses['loss'], other.loss(*current)['loss'])
    scores = other(earlier[0])
    expected = 0.5 * F.cross_entropy(scores, labels_of(earlier[1]))
    torch.testing.assert_close(losses['loss_memory'], expected)


@pytest.mark.parametrize('epochs, first', [(200, 101), (20, 11), (1, 1)])
def test_memory_is_used_after_half_of_the_training(epochs, first):
    own = head(epoch=1, start_epoch=None)
    own.loss(*batch(0))
    for epoch in (first - 1, first):
        own.set_epoch(epoch, epochs)
        used = 'loss_memory' in own.loss(*batch(1))
        assert used == (epoch == first)


def test_memory_trains_the_classifier_alone():
    own = head()
    own.loss(*batch(0))
    (features, ), samples = batch(1)
    losses = own.loss((features.requires_grad_(), ), samples)
    losses['loss_memory'].backward()
    assert features.grad is None and own.fc.weight.grad.any()
    assert not own.memory.features.requires_grad


def test_memory_fills_before_its_first_epoch_and_is_used_from_it_on():
    own = head(epoch=1, start_epoch=2)
    assert list(own.loss(*batch(0))) == ['loss']
    assert len(own.memory.contents()[1]) == 5
    own.set_epoch(2, 4)
    assert list(own.loss(*batch(1))) == ['loss', 'loss_memory']


def test_classifier_runs_once_for_hooks_and_on_the_batch():
    own, seen = head(), []
    own.loss(*batch(0))
    own.fc.register_forward_pre_hook(lambda layer, args: seen.append(args[0]))
    feats, samples = batch(1)
    assert 'loss_memory' in own.loss(feats, samples)
    assert len(seen) == 1 and torch.equal(seen[0], feats[0])


def test_nothing_enters_without_gradients_or_in_evaluation():
    own = head()
    with torch.no_grad():
        own.loss(*batch(0))
    own.eval().loss(*batch(0))
    assert len(own.memory.contents()[1]) == 0


def test_scores_at_test_are_those_of_the_plain_head():
    own = head().eval()
    feats, _ = batch(0)
    assert torch.equal(own(feats), own.fc(feats[0]))


def test_memory_is_saved_and_the_class_counts_are_not():
    own = head()
    own.loss(*batch(0))
    assert {*own.state_dict()} == {
        'fc.weight', 'fc.bias', 'memory.features', 'memory.labels',
        'memory.position'
    }


def test_epoch_and_class_counts_that_are_missing_are_named():
    own = MBJHead(3, 4)
    with pytest.raises(RuntimeError, match='mmcurv.ClassCountsHook'):
        own.loss(*batch(0))
    own.set_epoch(1, 4)
    with pytest.raises(RuntimeError, match='mmcurv.ClassCountsHook'):
        own.loss(*batch(0))


def test_mixed_images_are_refused():
    feats, samples = batch(0)
    mark_pairs(samples, torch.zeros(5), 0.7)
    with pytest.raises(RuntimeError, match='MBJHead expected images of one'):
        head().loss(feats, samples)
    feats, samples = batch(0)
    for sample in samples:
        sample.set_gt_score(torch.tensor([0.5, 0.5, 0.]))
    with pytest.raises(RuntimeError, match='soft labels'):
        head().loss(feats, samples)


@pytest.mark.parametrize('options, said', [
    (dict(rho=-1.), 'rho of at least 0, got -1.0'),
    (dict(memory_weight=0.), 'memory_weight above 0, got 0.0'),
    (dict(start_epoch=0), 'counted from 1, got 0'),
    (dict(start_epoch=2.5), 'whole number'),
    (dict(start_share=1.), 'start_share of at least 0 and below 1'),
    (dict(memory_size=0), 'at least one feature.*got 0'),
])
def test_impossible_option_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        MBJHead(3, 4, **options)


def test_class_without_images_is_refused():
    with pytest.raises(ValueError, match='got 0 for class 1'):
        MBJHead(3, 4).set_class_counts([5, 0, 5])
