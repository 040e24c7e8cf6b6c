# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What is optimised is the head's loss plus the term, and nothing else."""
import pytest
from mmengine.registry import MODELS
from mmpretrain.models import LinearClsHead

from tests.engine.image_run import image_classifier, trained

LOG_TAU_OF_2 = 0.025085832971998432  # weight of the term in epoch 2

HEADS = {
    'label_smoothing':
    dict(
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1,
                  num_classes=3)),
    'focal':
    dict(loss=dict(type='FocalLoss')),
    'seesaw':
    dict(loss=dict(type='SeesawLoss', num_classes=3)),
    'weighted':
    dict(loss=dict(type='CrossEntropyLoss', loss_weight=3.)),
    'accuracy_beside_the_loss':
    dict(cal_acc=True, topk=(1, 2)),
}


@pytest.fixture(scope='module', params=HEADS)
def run(request, tmp_path_factory):
    return trained(
        tmp_path_factory.mktemp('run'),
        model=image_classifier(head=HEADS[request.param]))


def test_objective_is_the_loss_plus_the_term(run):
    watch = run[1]
    for losses, objective in zip(watch.losses, watch.objective):
        assert objective == pytest.approx(sum(losses.values()), rel=1e-5)
    assert [sorted(losses) for losses in watch.losses
            ] == 2 * [['loss']] + 2 * [['loss', 'loss_curvature']]


def test_term_is_measured_by_the_heads_own_loss(run):
    for losses in run[1].losses[2:]:
        assert losses['loss_curvature'] == pytest.approx(
            LOG_TAU_OF_2 * losses['loss'], rel=1e-5)


def test_accuracy_is_logged_and_not_added(tmp_path):
    """The same run with and without it ends with the same objective."""
    runs = [
        trained(tmp_path / str(on), model=image_classifier(head=head))
        for on, head in enumerate([dict(), HEADS['accuracy_beside_the_loss']])
    ]
    assert runs[0][1].objective == runs[1][1].objective
    scalars = runs[1][0].message_hub.log_scalars
    assert scalars['train/accuracy_top-1'].data[0].max() > 1  # in percent


@MODELS.register_module()
class TwoLosses(LinearClsHead):

    def loss(self, feats, data_samples, **kwargs):
        loss = super().loss(feats, data_samples, **kwargs)['loss']
        return dict(loss_cls=loss, loss_aux=0.5 * loss, margin=loss * 0 + 9)


def test_two_losses_of_a_head_are_both_in_the_objective(tmp_path):
    """A head may return several, such as ``loss_cls`` and ``loss_aux``."""
    runner, watch = trained(
        tmp_path, model=image_classifier(head=dict(type='TwoLosses')))
    last = watch.losses[-1]
    assert sorted(last) == ['loss_aux', 'loss_cls', 'loss_curvature']
    assert watch.objective[-1] == pytest.approx(sum(last.values()), rel=1e-5)
    assert last['loss_curvature'] == pytest.approx(
        LOG_TAU_OF_2 * (last['loss_cls'] + last['loss_aux']), rel=1e-5)
    # Where no key is named loss, mmengine logs the true total under it.
    total = runner.message_hub.get_scalar('train/loss').current()
    assert total == pytest.approx(watch.objective[-1], rel=1e-5)
