# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

from tests.engine.image_run import trained
from tests.models.classifiers.ride_run import CLASSES, HOOKS, LAYERS, experts
from tests.reference.distillation_loop import distillation_loop

LABELS = [0, 1, 2, 0]


@pytest.fixture(scope='module')
def teacher(tmp_path_factory):
    """Four experts on disk."""
    init_default_scope('mmpretrain')
    torch.manual_seed(11)
    model = MODELS.build(experts(4))
    path = tmp_path_factory.mktemp('teacher') / 'teacher.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return dict(model=experts(4), checkpoint=str(path))


def taught(teacher, **options):
    init_default_scope('mmpretrain')
    config = experts(
        loss=dict(class_counts=CLASSES), type='mmcurv.RIDEClassifier')
    torch.manual_seed(0)
    model = MODELS.build(dict(config, teacher=teacher, **options))
    model.head.loss_module.set_epoch(1, 2)
    return model


def batch():
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(4, 3, 32, 32, generator=generator)
    return images, [DataSample().set_gt_label(label) for label in LABELS]


def test_term_is_the_divergence_of_the_mean_logits_from_the_teachers(teacher):
    model = taught(teacher)
    images, samples = batch()
    losses = model.loss(images, samples)
    mean = model.head(model.extract_feat(images))
    theirs = model.teacher.logits(images)
    expected = 1.5**2 * distillation_loop(mean.tolist(), theirs.tolist(), 1.5,
                                          1.)
    assert losses['loss_distillation'].item() == pytest.approx(
        expected, rel=1e-4)
    assert losses['loss'] == taught(None).loss(images, samples)['loss']


def test_released_factor_multiplies_every_term(teacher):
    images, samples = batch()
    once = taught(teacher).loss(images, samples)
    often = taught(teacher, times_experts=True).loss(images, samples)
    for name in ('loss', 'loss_distillation'):
        assert often[name] == 3 * once[name]


def test_without_a_teacher_it_is_an_image_classifier():
    images, samples = batch()
    losses = taught(None, times_experts=True).loss(images, samples)
    assert set(losses) == {'loss'}


def test_teacher_is_no_part_of_the_student(teacher):
    names = taught(teacher).state_dict().keys()
    assert names == taught(None).state_dict().keys()


def test_teacher_of_other_classes_is_refused(teacher):
    model = dict(teacher['model'])
    model['head'] = dict(model['head'], num_classes=7)
    with pytest.raises(ValueError, match='a head of 3 classes.* got 7'):
        taught(dict(teacher, model=model)).init_weights()


def test_teacher_without_a_checkpoint_is_refused(teacher):
    with pytest.raises(ValueError, match=r"checkpoint=\.\.\.\), got \['mod"):
        taught(dict(model=teacher['model']))


def test_student_trains_beside_curvature_regularization(teacher, tmp_path):
    model = dict(experts(), type='mmcurv.RIDEClassifier', teacher=teacher)
    _, watch = trained(
        tmp_path,
        model=model,
        layer=LAYERS,
        dataset=dict(counts=CLASSES),
        default_hooks=HOOKS)
    last = watch.losses[-1]
    assert set(last) == {'loss', 'loss_distillation', 'loss_curvature'}
    total = last['loss'] + last['loss_distillation']
    assert last['loss_curvature'] == pytest.approx(
        0.025085832971998432 * abs(total), rel=1e-4)  # log_tau(2)
