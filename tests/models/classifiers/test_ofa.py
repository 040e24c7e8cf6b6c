# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

from mmcurv.models import OFAClassifier
from mmcurv.models.classifiers.ofa import (class_activation, fuse_maps,
                                           random_gate)
from tests.models.classifiers.ofa_run import GROUP, ofa

# Head classes 0, 1, 2; tail classes 3 and 4 are taken for two of them.
TABLE = torch.tensor([[-1, -1]] * 3 + [[0, 1], [1, 2]] + [[0, 1]] * 5)
LABELS = [3, 0, 1, 2, 4, 1, 2, 0]


def built(**options):
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(ofa(**options)).eval()
    model.set_confusing(TABLE)
    return model


def batch(labels=LABELS):
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(len(labels), 1, 28, 28, generator=generator)
    return images, [DataSample().set_gt_label(label) for label in labels]


@pytest.fixture
def gates(monkeypatch):
    """Positions at which the fused maps are of their tail image."""
    generator = torch.Generator().manual_seed(2)
    drawn = torch.rand(4, 7, 7, generator=generator) > 0.5
    monkeypatch.setattr('mmcurv.models.classifiers.ofa.random_gate',
                        lambda number, height, width, device: drawn)
    return drawn


def by_hand(model, images, gates):
    """Maps and labels, group by group, pair by pair."""
    maps = model.backbone(images)[-1]
    active = [
        class_activation(maps[i:i + 1],
                         model.activation_weight[label:label + 1])
        for i, label in enumerate(LABELS)
    ]
    fused, labels = [], []
    for group in range(2):
        tail = GROUP * group
        for a in (1, 2):
            head = tail + a
            fused.append(
                fuse_maps(maps[tail:tail + 1], maps[head:head + 1],
                          active[tail] > 0.8, active[head] < 0.2,
                          gates[len(fused)][None]))
            labels.append(LABELS[tail])
    return torch.cat([maps, *fused]), torch.tensor(LABELS + labels)


def test_loss_is_that_of_images_and_fused_maps_each_with_its_own_label(gates):
    model = built()
    images, samples = batch()
    maps, labels = by_hand(model, images, gates)
    assert labels.tolist() == LABELS + [3, 3, 4, 4]
    scores = model.head.fc(maps.mean((2, 3)))
    loss = model(images, samples, mode='loss')['loss']
    torch.testing.assert_close(loss, F.cross_entropy(scores, labels))


def test_fused_maps_are_neither_empty_nor_those_of_the_images(gates):
    model = built()
    maps, _ = by_hand(model, batch()[0], gates)
    for fused in maps[len(LABELS):]:
        assert fused.any()
        assert not any(torch.equal(fused, one) for one in maps[:len(LABELS)])


def test_activations_stay_those_of_phase_one(gates):
    model = built()
    images, _ = batch()
    before = by_hand(model, images, gates)[0]
    with torch.no_grad():
        model.head.fc.weight.neg_()
    maps = model.backbone(images)[-1]
    fused, _ = model._fuse(maps, torch.tensor(LABELS))
    assert torch.equal(torch.cat([maps, fused]), before)


def test_classifier_layer_runs_once():
    model = built()
    runs = []
    model.head.fc.register_forward_hook(lambda *args: runs.append(args))
    model(*batch(), mode='loss')
    assert len(runs) == 1 and len(runs[0][1][0]) == 12


def test_phase_one_is_the_plain_classifier():
    model = built(augment=False)
    images, samples = batch()
    expected = F.cross_entropy(model(images), torch.tensor(LABELS))
    torch.testing.assert_close(
        model(images, samples, mode='loss')['loss'], expected)


@pytest.mark.parametrize('labels', [
    LABELS[:6],
    [0, 3, *LABELS[2:]],
    [3, 0, 2, *LABELS[3:]],
    [*LABELS[:7], 4],
])
def test_batch_that_is_not_one_of_groups_is_refused(labels):
    with pytest.raises(ValueError, match='groups of 4 images'):
        built()(*batch(labels), mode='loss')


@pytest.mark.parametrize('options, words', [
    (dict(num_fused=0), 'of at least 1'),
    (dict(specific=0.1), 'generic <= specific'),
])
def test_numbers_out_of_range_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        built(**options)


def test_head_without_a_linear_layer_is_refused():
    init_default_scope('mmpretrain')
    backbone = dict(type='mmcurv.CifarResNet', depth=8, in_channels=1)
    with pytest.raises(TypeError, match='linear layer fc.*NormedLinear'):
        OFAClassifier(
            backbone,
            head=dict(
                type='mmcurv.NormedLinearHead', num_classes=10,
                in_channels=64))


def activation_loop(image, weight):
    """(H, W) lists: channels weighted and summed, then stretched to [0, 1]."""
    channels, height, width = image.shape
    raw = [[
        sum(float(weight[k] * image[k, i, j]) for k in range(channels))
        for j in range(width)
    ] for i in range(height)]
    low, high = min(map(min, raw)), max(map(max, raw))
    return [[(value - low) / (high - low) for value in row] for row in raw]


def test_activation_is_that_of_the_loop():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(3, 4, 2, 5, generator=generator).double()
    weight = torch.randn(3, 4, generator=generator).double()
    active = class_activation(maps, weight)
    for one, image, row in zip(active.tolist(), maps, weight):
        for ours, theirs in zip(one, activation_loop(image, row)):
            assert ours == pytest.approx(theirs)


def test_activation_of_a_constant_map_is_zero():
    active = class_activation(torch.ones(1, 2, 3, 3), torch.ones(1, 2))
    assert not active.any()


def test_fused_map_has_the_specific_part_here_and_the_generic_part_there():
    tail, head = torch.full((1, 2, 2, 2), 5.), torch.full((1, 2, 2, 2), 7.)
    specific = torch.tensor([[[True, False], [True, True]]])
    generic = torch.tensor([[[True, True], [False, True]]])
    from_tail = torch.tensor([[[True, True], [False, False]]])
    fused = fuse_maps(tail, head, specific, generic, from_tail)
    assert fused.tolist() == [[[[5., 0.], [0., 7.]]] * 2]


def test_gate_is_open_as_often_as_its_uniform_threshold_says():
    torch.manual_seed(0)
    open_share = random_gate(4000, 8, 8, 'cpu').float().mean((1, 2))
    # Of a uniform number: mean 1/2 and variance 1/12, and the noise within.
    assert open_share.mean().item() == pytest.approx(0.5, abs=0.02)
    assert open_share.var().item() == pytest.approx(
        1 / 12 + 1 / 6 / 64, rel=0.05)
