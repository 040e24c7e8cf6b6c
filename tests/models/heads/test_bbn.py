# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample

from mmcurv.models.heads import BBNHead
from mmcurv.models.heads.bbn import bbn_alpha
from mmcurv.samples import mark_second

FIRST, SECOND = [0, 2, 1, 0], [2, 2, 0, 1]


@pytest.fixture(autouse=True)
def mmpretrain_scope():
    init_default_scope('mmpretrain')


def samples(second=True):
    made = [DataSample().set_gt_label(label) for label in FIRST]
    if second:
        mark_second(made, torch.tensor(SECOND))
    return made


def head(epoch=4, max_epochs=6, **options):
    torch.manual_seed(0)
    made = BBNHead(3, 10, **options)
    made.set_epoch(epoch, max_epochs)
    return made


def features():
    return torch.randn(4, 10, generator=torch.Generator().manual_seed(1))


def test_share_falls_as_a_parabola():
    shares = [bbn_alpha(epoch, 200) for epoch in (1, 2, 51, 101, 151, 200)]
    assert shares == pytest.approx(
        [1, 0.999975, 0.9375, 0.75, 0.4375, 0.009975])


def test_loss_is_that_of_both_labels_for_weighted_halves():
    own = head()
    alpha = 1 - (3 / 6)**2
    feats = features()
    weighted = torch.cat(
        [2 * alpha * feats[:, :5], 2 * (1 - alpha) * feats[:, 5:]], 1)
    scores = weighted @ own.fc.weight.t() + own.fc.bias
    expected = (
        alpha * F.cross_entropy(scores, torch.tensor(FIRST)) +
        (1 - alpha) * F.cross_entropy(scores, torch.tensor(SECOND)))
    losses = own.loss((feats, ), samples())
    assert list(losses) == ['loss']
    torch.testing.assert_close(losses['loss'], expected)


def test_first_epoch_trains_the_conventional_half_alone():
    own, feats = head(epoch=1), features().requires_grad_()
    own.loss((feats, ), samples())['loss'].backward()
    assert feats.grad[:, :5].any() and not feats.grad[:, 5:].any()


def test_test_scores_are_training_scores_where_the_share_is_a_half():
    own, feats, seen = head(), features(), []
    own.fc.register_forward_hook(lambda layer, args, out: seen.append(out))
    own.alpha = 0.5
    own.loss((feats, ), samples())
    assert torch.equal(seen[0], own((feats, )))
    assert torch.equal(seen[0], own.fc(feats))


@pytest.mark.parametrize('options, max_epochs, horizon', [
    (dict(), 200, 200),
    (dict(), 20, 20),
    (dict(horizon_share=10 / 9), 90, 100),
    (dict(horizon_share=10 / 9), 180, 200),
    (dict(horizon_share=10 / 9), 20, 22),
])
def test_last_share_depends_on_the_horizon(options, max_epochs, horizon):
    own = head(epoch=max_epochs, max_epochs=max_epochs, **options)
    assert own.alpha == bbn_alpha(max_epochs, horizon)


@pytest.mark.parametrize('training', [True, False])
def test_conventional_layer_sees_the_first_half_once(training):
    own, seen, feats = head(), [], features()
    own.conventional.register_forward_pre_hook(
        lambda layer, args: seen.append(args[0]))
    own.loss((feats, ), samples()) if training else own((feats, ))
    assert len(seen) == 1
    assert torch.equal(seen[0], feats[:, :5])


def test_epoch_is_no_state_and_layers_add_no_parameter():
    assert sorted(head().state_dict()) == ['fc.bias', 'fc.weight']


@pytest.mark.parametrize('options, said', [
    (dict(in_channels=9), 'even in_channels.*got 9'),
    (dict(in_channels=8, horizon_share=0.9), 'horizon_share of .* got 0.9'),
    (dict(in_channels=8, horizon_share=float('nan')), 'finite, got nan'),
    (dict(in_channels=8, cal_acc=True), 'cal_acc=False'),
])
def test_impossible_option_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        BBNHead(3, **options)


def test_step_without_epoch_or_second_batch_names_the_missing_hook():
    with pytest.raises(RuntimeError, match='mmcurv.ClassCountsHook'):
        BBNHead(3, 10).loss((features(), ), samples())
    with pytest.raises(RuntimeError, match='mmcurv.SecondBatchHook'):
        head().loss((features(), ), samples(second=False))
