# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

from mmcurv.models import Teacher
from tests.engine.curvature_run import scalars
from tests.engine.image_run import COUNTS, image_classifier
from tests.engine.step_watch import watch_of
from tests.engine.test_resume_exactly import differences
from tests.models.classifiers.taught_run import (BALANCED, build_student,
                                                 student, write_teacher)
from tests.reference.distillation_loop import distillation_loop

LABELS = (0, 2, 1, 0)


@pytest.fixture
def checkpoint(tmp_path):
    return write_teacher(tmp_path)


def built(**options):
    init_default_scope('mmpretrain')
    model = MODELS.build(student(**options))
    model.head.loss_module.set_class_counts(COUNTS)
    return model.eval()  # so that it can be asked twice


def batch():
    images = torch.randn(4, 3, 32, 32)
    return images, [DataSample().set_gt_label(label) for label in LABELS]


@pytest.mark.parametrize('alpha, temperature, power', [(0.5, 2., 0.5),
                                                       (0.3, 6., 1.),
                                                       (1., 3., 0.5)])
def test_loss_mixes_balanced_softmax_and_the_divergence(
        checkpoint, alpha, temperature, power):
    model = built(
        teacher=checkpoint, alpha=alpha, temperature=temperature, power=power)
    images, samples = batch()
    loss = model(images, samples, mode='loss')['loss']
    scores = model(images).detach()
    prior = torch.tensor(COUNTS) / sum(COUNTS)
    balanced = F.cross_entropy(scores + prior.log(), torch.tensor(LABELS))
    teacher = Teacher(image_classifier(), checkpoint, 3).logits(images)
    divergence = distillation_loop(scores.tolist(), teacher.tolist(),
                                   temperature, power)
    expected = (1 - alpha) * balanced + alpha * temperature**2 * divergence
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_without_weight_of_the_teacher_it_is_balanced_softmax(tmp_path):
    model = built(alpha=0.)
    images, samples = batch()
    plain = MODELS.build(image_classifier(head=BALANCED)).eval()
    plain.head.loss_module.set_class_counts(COUNTS)
    plain.load_state_dict(model.state_dict())
    assert torch.equal(
        model(images, samples, mode='loss')['loss'],
        plain(images, samples, mode='loss')['loss'])


def test_student_without_a_teacher_is_refused_before_training(tmp_path):
    runner = build_student(tmp_path, None)
    with pytest.raises(ValueError, match='expected a teacher, got none'):
        runner.train()
    assert runner.iter == 0


@pytest.mark.parametrize('options, words', [
    (dict(alpha=1.5), 'alpha from 0 to 1, got 1.5'),
    (dict(temperature=0), 'temperature above 0'),
    (dict(power=-1), 'power above 0'),
])
def test_constants_out_of_range_are_refused(options, words):
    init_default_scope('mmpretrain')
    with pytest.raises(ValueError, match=words):
        MODELS.build(student(**options))


def test_student_trains_beside_curvature_regularization(checkpoint, tmp_path):
    runner = build_student(tmp_path, checkpoint)
    weight = runner.model.head.fc.weight
    before = weight.detach().clone()
    runner.train()
    assert (weight != before).any()
    assert torch.tensor(scalars(runner, 'loss')).isfinite().all()
    assert all(gradient.any() for gradient in watch_of(runner).gradient[2:])


def trained_state(work_dir, checkpoint, **options):
    runner = build_student(
        work_dir,
        checkpoint,
        hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        max_epochs=3,
        **options)
    runner.train()
    return torch.load(work_dir / 'epoch_3.pth')


def test_resumed_student_repeats_the_uninterrupted_one(checkpoint, tmp_path):
    whole = trained_state(tmp_path / 'whole', checkpoint)
    resumed = trained_state(
        tmp_path / 'resumed',
        checkpoint,
        load_from=str(tmp_path / 'whole' / 'epoch_1.pth'),
        resume=True)
    for state in ('state_dict', 'optimizer', 'mmcurv_feature_pool'):
        assert differences(whole[state], resumed[state], state) == []
