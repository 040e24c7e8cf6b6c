# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A trained teacher on disk, and small runs of its students."""
import torch
from mmengine.registry import MODELS, init_default_scope

from tests.engine.image_run import build, image_classifier

CLASS_COUNTS = dict(class_counts=dict(type='mmcurv.ClassCountsHook'))
BALANCED = dict(loss=dict(type='mmcurv.BalancedSoftmaxLoss'))


def write_teacher(folder, head=None):
    """Path of a checkpoint of a network whose batch norms have moved."""
    init_default_scope('mmpretrain')
    with torch.random.fork_rng():
        torch.manual_seed(11)
        model = MODELS.build(image_classifier(head=head))
        model(2 * torch.randn(32, 3, 32, 32) + 1)
    path = folder / 'teacher.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=dict(epoch=1)), path)
    return str(path)


def student(**options):
    return image_classifier(
        head=BALANCED, **dict(dict(type='mmcurv.DiVEClassifier'), **options))


def build_student(work_dir,
                  teacher,
                  hooks=None,
                  student_options=None,
                  **config):
    """A Runner of a student of a teacher's checkpoint."""
    model = student(teacher=teacher, **(student_options or {}))
    default_hooks = dict(checkpoint=None, **CLASS_COUNTS)
    return build(
        work_dir,
        model=model,
        default_hooks=dict(default_hooks, **(hooks or {})),
        **config)
