# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmpretrain.structures import DataSample

from mmcurv.models import MultiExpertHead
from mmcurv.samples import mark_pairs

COUNTS = [40, 9, 3]
LABELS = [0, 1, 2, 0]


def made(num_experts=3, **options):
    torch.manual_seed(0)
    loss = dict(type='mmcurv.RIDELoss', class_counts=COUNTS)
    loss.update(options.pop('loss', {}))
    head = MultiExpertHead(3, 5, num_experts, loss=loss, **options)
    head.loss_module.set_epoch(1, 200)
    return head


def features(num_experts=3):
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.randn(num_experts, 4, 5, generator=generator))


def samples(labels=LABELS):
    return [DataSample().set_gt_label(label) for label in labels]


def test_output_is_the_mean_of_scaled_cosines():
    head, feats = made(), features()
    cosines = [
        torch.cosine_similarity(own[:, None], fc.weight[None], dim=2)
        for own, fc in zip(feats, head.fcs)
    ]
    expected = 30 * torch.stack(cosines)
    torch.testing.assert_close(head.expert_logits(feats), expected)
    torch.testing.assert_close(head(feats), expected.mean(0))


@pytest.mark.parametrize('num_experts', [2, 4, 6])
def test_loss_is_that_of_the_experts_logits(num_experts):
    head, feats = made(num_experts), features(num_experts)
    losses = head.loss(feats, samples())
    expected = head.loss_module(
        head.expert_logits(feats), torch.tensor(LABELS))
    assert set(losses) == {'loss'}
    assert torch.equal(losses['loss'], expected)


def test_mixed_images_have_the_loss_of_both_labels():
    head, feats, batch = made(), features(), samples()
    others = torch.tensor([2, 2, 1, 1])
    mark_pairs(batch, others, 0.25)
    expected = head.loss_module.pair(
        head.expert_logits(feats), torch.tensor(LABELS), others, 0.25)
    assert torch.equal(head.loss(feats, batch)['loss'], expected)


def test_soft_labels_are_refused():
    batch = [DataSample().set_gt_score(torch.rand(3)) for _ in range(4)]
    with pytest.raises(ValueError, match='got soft labels'):
        made().loss(features(), batch)


def test_concatenation_passes_through_one_layer_once():
    head, feats, seen = made(), features(), []
    head.all_features.register_forward_pre_hook(
        lambda _, args: seen.append(args[0]))
    head.predict(feats, samples())
    head.loss(feats, samples())
    assert len(seen) == 2
    assert torch.equal(seen[0], torch.cat(feats, 1))


def test_feature_of_each_expert_is_the_input_of_its_classifier():
    head, feats, seen = made(), features(), []
    for fc in head.fcs:
        fc.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    head(feats)
    assert all(map(torch.equal, seen, feats))


def test_prediction_is_the_softmax_of_the_output():
    head, feats = made(), features()
    predictions = head.predict(feats, samples())
    scores = torch.stack([each.pred_score for each in predictions])
    torch.testing.assert_close(scores, head(feats).softmax(1))


def test_training_accuracy_is_that_of_the_mean():
    head, feats = made(cal_acc=True), features()
    right = head(feats).argmax(1) == torch.tensor(LABELS)
    accuracy, = head.loss(feats, samples())['accuracy_top-1']
    assert accuracy.item() == pytest.approx(100 * right.float().mean().item())


def test_another_number_of_features_is_refused():
    with pytest.raises(ValueError, match='num_experts=3 experts, got 2'):
        made()(features(2))


def test_other_scale_of_the_loss_is_refused():
    with pytest.raises(ValueError, match='20.0 of.*Head and 30.0 of RIDELoss'):
        made(scale=20.)
    made(scale=20., loss=dict(scale=20.))
