# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What all losses of this package have in common."""
import copy
import pickle

import pytest
import torch

from tests.models.losses.every_loss import (COUNTED, COUNTS, EVERY,
                                            LINEAR_IN_LABELS, NUM_CLASSES,
                                            ON_COSINES, WEIGHTED, batch, make)

every = pytest.mark.parametrize('name', EVERY)
counted = pytest.mark.parametrize('name', COUNTED)
# Their gradient leaves out that of a factor on purpose.
PARTLY_DETACHED = {'focal, detached', 'gcl stage 2'}
weighted = pytest.mark.parametrize('name', WEIGHTED)


def seeded(loss, *args, **kwargs):
    """The loss, always with the same noise."""
    torch.manual_seed(0)
    return loss(*args, **kwargs)


@pytest.mark.parametrize('name', sorted({*EVERY} - PARTLY_DETACHED))
def test_gradient_is_that_of_the_value(name):
    scores, labels = batch()
    loss = make(name, torch.float64)
    assert torch.autograd.gradcheck(lambda z: seeded(loss, z, labels),
                                    scores.requires_grad_())


@every
def test_mean_is_sum_over_batch_size_is_mean_of_single_losses(name):
    scores, labels = batch()
    loss = make(name, torch.float64)
    single = seeded(loss, scores, labels, reduction_override='none')
    assert single.shape == (6, )
    total = seeded(loss, scores, labels, reduction_override='sum')
    mean = seeded(loss, scores, labels)
    torch.testing.assert_close(single.sum(), total)
    torch.testing.assert_close(single.mean(), mean)
    torch.testing.assert_close(mean,
                               seeded(loss, scores, labels, avg_factor=6))
    torch.testing.assert_close(mean / 2,
                               seeded(loss, scores, labels, avg_factor=12))


@every
def test_weights_of_samples_and_of_the_loss_are_factors(name):
    scores, labels = batch()
    weight = torch.tensor([0.1, 2., 0., 1., 1., 3.])
    loss = make(name, torch.float64, loss_weight=0.5)
    single = seeded(
        make(name, torch.float64), scores, labels, reduction_override='none')
    torch.testing.assert_close(
        seeded(loss, scores, labels, weight=weight),
        0.5 * (weight * single).mean())


@every
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(name, dtype):
    scores, labels = batch(dtype=torch.float32)
    scores = scores.to(dtype).requires_grad_()
    loss = make(name)
    with torch.autocast('cpu', dtype):
        value = seeded(loss, scores, labels)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value,
                               seeded(loss,
                                      scores.detach().float(), labels))
    value.backward()
    assert scores.grad.dtype == dtype and scores.grad.isfinite().all()


@every
@pytest.mark.parametrize('size', [1e4, 6e4])
@pytest.mark.parametrize('dtype', [torch.float16, torch.float32])
def test_large_scores_give_finite_losses_and_gradients(name, size, dtype):
    scores, labels = batch()
    size = 1 if name in ON_COSINES else size
    scores = (size * scores.sign()).to(dtype).requires_grad_()
    value = make(name)(scores, labels)
    value.backward()
    assert value.isfinite() and scores.grad.isfinite().all()


@every
def test_one_sample_and_missing_classes_are_fine(name):
    scores, labels = batch(size=1)
    value = make(name, torch.float64)(scores.requires_grad_(), labels)
    value.backward()
    assert value.isfinite() and scores.grad.isfinite().all()


@every
@pytest.mark.parametrize('label', [-1, NUM_CLASSES])
def test_label_that_is_no_column_is_refused(name, label):
    scores, labels = batch()
    labels[3] = label
    with pytest.raises(ValueError, match=f'from 0 to 3.*got {label}.*Correct'):
        make(name)(scores, labels)


@every
def test_empty_batch_is_refused(name):
    scores, labels = batch()
    with pytest.raises(ValueError, match='got an empty batch.*Leave out'):
        make(name)(scores[:0], labels[:0])


@every
def test_soft_labels_are_refused_unless_the_loss_is_linear_in_them(name):
    scores, labels = batch()
    others = labels.roll(1)
    one_hot = torch.eye(NUM_CLASSES, dtype=torch.float64)
    loss = make(name, torch.float64)
    soft = 0.3 * one_hot[labels] + 0.7 * one_hot[others]
    if name not in LINEAR_IN_LABELS:
        words = 'got soft labels of shape.*not linear.*mmcurv.PairedLinearHead'
        with pytest.raises(ValueError, match=words):
            loss(scores, soft)
        return
    torch.testing.assert_close(
        seeded(loss, scores, soft), 0.3 * seeded(loss, scores, labels) +
        0.7 * seeded(loss, scores, others))
    with pytest.raises(ValueError, match='shape of the scores'):
        loss(scores, soft[:, :3])


@every
def test_unknown_reduction_is_answered_with_the_nearest(name):
    with pytest.raises(ValueError, match="'meen': did you mean 'mean'?"):
        make(name, reduction='meen')
    with pytest.raises(ValueError, match="cannot be 'avg'"):
        make(name)(*batch(), reduction_override='avg')


@every
def test_copies_and_pickles_compute_the_same(name):
    scores, labels = batch()
    loss = make(name, torch.float64)
    for twin in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        assert seeded(twin, scores, labels) == seeded(loss, scores, labels)


@every
def test_state_goes_through_a_checkpoint_and_leaves_nothing_behind(name):
    scores, labels = batch()
    loss, other = make(name, torch.float64), make(name, torch.float64)
    if name in WEIGHTED:
        loss.set_weights([1., 2., 3., 4.])
    state = loss.state_dict()
    assert state == {}
    other.load_state_dict(state)
    if name in WEIGHTED:
        loss.set_weights(None)
    assert seeded(loss, scores, labels) == seeded(other, scores, labels)


@counted
def test_later_counts_replace_earlier_ones(name):
    scores, labels = batch()
    loss = EVERY[name]().double()
    loss.set_class_counts([9, 8, 7])
    for _ in range(2):  # as ClassCountsHook does
        loss.set_class_counts(COUNTS)
    assert seeded(loss, scores,
                  labels) == seeded(make(name, torch.float64), scores, labels)


@counted
def test_given_counts_are_those_of_the_hook(name):
    scores, labels = batch(dtype=torch.float32)
    loss = EVERY[name](class_counts=COUNTS)
    assert seeded(loss, scores, labels) == seeded(make(name), scores, labels)
    loss.set_class_counts(COUNTS)
    words = (r'\[120, 40, 5, 7\], 172 in 4 classes, got \[120, 40, 5, 8\], '
             '173 in 4 classes.* Leave')
    with pytest.raises(ValueError, match=words):
        loss.set_class_counts([120, 40, 5, 8])


@counted
def test_unknown_counts_are_asked_for(name):
    with pytest.raises(RuntimeError, match='does not know.*ClassCountsHook'):
        EVERY[name]()(*batch())


@counted
def test_counts_of_other_classes_than_the_scores_are_refused(name):
    loss = EVERY[name](class_counts=[9, 8, 7])
    with pytest.raises(ValueError, match='class counts of 4.*got 3.*num_cla'):
        loss(*batch())


@counted
def test_class_without_images_is_named(name):
    with pytest.raises(ValueError, match='got 0 for class 1, .* 2 of 4 clas'):
        EVERY[name]().set_class_counts([9, 0, 7, 0])


@counted
def test_constant_is_a_buffer_that_follows_the_model(name):
    loss = make(name)
    (constant, ) = [
        buffer for key, buffer in loss.named_buffers()
        if buffer.shape == (NUM_CLASSES, )
    ]
    assert constant.dtype == torch.float32
    for buffer in loss.to('meta').buffers():
        assert buffer.is_meta


@weighted
def test_class_weights_of_one_are_no_weights(name):
    scores, labels = batch()
    loss = make(name, torch.float64)
    plain = loss(scores, labels)
    loss.set_weights([1.] * NUM_CLASSES)
    torch.testing.assert_close(loss(scores, labels), plain)
    loss.set_weights([2.] * NUM_CLASSES)
    assert not loss(
        scores, labels, reduction_override='sum').allclose(6 * plain)
    loss.set_weights(None)
    assert loss(scores, labels) == plain


@weighted
def test_single_losses_have_their_weight_as_it_is(name):
    scores, labels = batch()
    weights = torch.tensor([0.5, 1., 2., 4.]).double()
    loss = make(name, torch.float64)
    plain = loss(scores, labels, reduction_override='none')
    loss.set_weights(weights)
    torch.testing.assert_close(
        loss(scores, labels, reduction_override='none'),
        weights[labels] * plain)


@weighted
@pytest.mark.parametrize('weights',
                         [[1., 0., 1., 1.], [1., -1., 1., 1.],
                          [1., float('nan'), 1., 1.], [[1., 1., 1., 1.]]])
def test_class_weights_are_positive_numbers(name, weights):
    with pytest.raises(ValueError, match='one positive weight per class'):
        make(name).set_weights(weights)


@weighted
def test_class_weights_of_other_classes_than_the_scores_are_refused(name):
    loss = make(name)
    loss.set_weights([1.] * 5)
    with pytest.raises(ValueError, match='class weights of 4 .*got 5'):
        loss(*batch())


@every
def test_weights_of_samples_have_one_entry_each(name):
    with pytest.raises(ValueError, match=r'shape \(6,\).*got \(6, 1\)'):
        make(name)(*batch(), weight=torch.ones(6, 1))
