# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import copy

import pytest
import torch
import torch.nn.functional as F
from mmengine.dataset import default_collate, pseudo_collate
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.structures import DataSample

from mmcurv.models import ViewsPreprocessor
from tests.engine.curvature_run import scalars
from tests.engine.image_run import COUNTS
from tests.engine.step_watch import watch_of
from tests.engine.test_resume_exactly import differences
from tests.engine.two_processes import in_two_processes
from tests.models.classifiers.paco_run import build_paco, paco


def built(**options):
    init_default_scope('mmpretrain')
    torch.manual_seed(0)
    model = MODELS.build(paco(**options))
    model.init_weights()
    model.head.loss_module.set_class_counts(COUNTS)
    return model


def batch(seed=1, size=8):
    generator = torch.Generator().manual_seed(seed)
    views = torch.randn(2, size, 3, 32, 32, generator=generator)
    samples = [DataSample().set_gt_label(i % 3) for i in range(size)]
    return list(views), samples


def parameters(module):
    return [p.detach().clone() for p in module.parameters()]


def test_key_encoder_starts_as_the_query_encoder_and_does_not_train():
    model = built()
    for part in ('backbone', 'projector'):
        ours = parameters(model.key_encoder[part])
        assert differences(ours, parameters(getattr(model, part))) == []
    assert not any(p.requires_grad for p in model.key_encoder.parameters())


def test_order_is_queries_key_encoder_keys_loss_queue():
    model = built()
    model(*batch(0), mode='loss')['loss'].backward()
    with torch.no_grad():  # as an optimizer moves the query encoder
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= 0.1 * parameter.grad
    before = copy.deepcopy(model)
    views, samples = batch()
    loss = model(views, samples, mode='loss')['loss']

    by_hand = copy.deepcopy(before)
    labels = torch.tensor([i % 3 for i in range(8)])
    scores = by_hand.head(by_hand.extract_feat(views[0]))
    features = before.extract_feat(views[0])[-1]
    queries = F.normalize(before.projector(features), dim=1)
    slow = before.key_encoder
    for part in slow:
        for key, query in zip(slow[part].parameters(),
                              getattr(before, part).parameters()):
            key.data = 0.999 * key.data + 0.001 * query.data
    keys = slow['projector'](slow['neck'](slow['backbone'](views[1]))[-1])
    keys = F.normalize(keys, dim=1)
    # The queue of the loss holds the eight keys of the first step alone.
    assert (before.queue.labels >= 0).sum() == 8
    expected = before.head.loss_module(scores, labels, queries, keys,
                                       before.queue.keys, before.queue.labels)
    torch.testing.assert_close(loss, expected)
    for ours, theirs in zip(model.key_encoder.parameters(), slow.parameters()):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(model.queue.keys[:8], before.queue.keys[:8])
    torch.testing.assert_close(model.queue.keys[8:16], keys)
    assert torch.equal(model.queue.labels[8:16], labels)
    assert model.queue.position == 16


def test_gradient_reaches_no_key():
    model = built()
    model(*batch(), mode='loss')['loss'].backward()
    assert all(p.grad is None for p in model.key_encoder.parameters())
    for part in (model.backbone, model.head, model.projector):
        assert all(p.grad is not None for p in part.parameters())


def test_evaluating_the_loss_changes_nothing():
    model = built().eval()
    before = copy.deepcopy(model.state_dict())
    model(*batch(), mode='loss')
    assert differences(before, model.state_dict()) == []


def test_a_test_sees_the_linear_head_alone():
    model = built().eval()
    images = batch()[0][0]
    features = model.neck(model.backbone(images))[-1]
    scores = F.linear(features, model.head.fc.weight, model.head.fc.bias)
    torch.testing.assert_close(model(images), scores)
    del model.projector, model.key_encoder, model.queue
    (first, *_) = model(images, mode='predict')
    torch.testing.assert_close(first.pred_score, scores[0].softmax(0))


@pytest.mark.parametrize('inputs, got', [
    (torch.zeros(2, 3, 32, 32), 'one'),
    ([torch.zeros(2, 3, 32, 32)] * 3, '3'),
])
def test_other_numbers_of_views_are_refused(inputs, got):
    samples = [DataSample().set_gt_label(0)] * 2
    with pytest.raises(
            ValueError, match=f'two views of each image, got {got}'):
        built()(inputs, samples, mode='loss')


def test_other_losses_are_refused():
    with pytest.raises(TypeError, match='PaCoLoss, got CrossEntropyLoss'):
        built(head=None)


def test_momentum_out_of_range_is_refused():
    with pytest.raises(ValueError, match='momentum from 0 to 1, got 1.5'):
        built(momentum=1.5)


def test_paco_trains_beside_curvature_regularization(tmp_path):
    runner = build_paco(tmp_path)
    runner.train()
    assert torch.tensor(scalars(runner, 'loss')).isfinite().all()
    assert all(gradient.any() for gradient in watch_of(runner).gradient[2:])
    assert runner.model.queue.labels.tolist().count(-1) == 0


def trained_state(work_dir, **options):
    runner = build_paco(
        work_dir,
        max_epochs=4,
        hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
        **options)
    runner.train()
    return torch.load(work_dir / 'epoch_4.pth')


def test_resumed_run_repeats_the_uninterrupted_one_bit_for_bit(tmp_path):
    whole = trained_state(tmp_path / 'whole')
    torch.manual_seed(1)
    resumed = trained_state(
        tmp_path / 'resumed',
        load_from=str(tmp_path / 'whole' / 'epoch_2.pth'),
        resume=True)
    names = whole['state_dict'].keys()
    assert {'queue.keys', 'queue.labels', 'queue.position'} < names
    assert 'key_encoder.projector.0.weight' in names
    for state in ('state_dict', 'optimizer', 'mmcurv_feature_pool'):
        assert differences(whole[state], resumed[state], state) == []


def contrast(rank, folder):
    wrapper = dict(type='MMDistributedDataParallel', device_ids=None)
    runner = build_paco(
        folder,
        batch=8,
        launcher='pytorch',
        cfg=dict(model_wrapper_cfg=wrapper))
    runner.train()
    model = runner.model.module
    labels = [
        int(sample.gt_label) for samples in watch_of(runner).samples
        for sample in samples
    ]
    return dict(
        keys=model.queue.keys,
        queue_labels=model.queue.labels.tolist(),
        labels=labels,
        slow=parameters(model.key_encoder),
        weight=model.head.fc.weight.detach())


def test_two_processes_hold_one_queue_of_the_keys_of_both(tmp_path):
    first, second = in_two_processes(contrast, tmp_path)
    for name in ('keys', 'queue_labels', 'slow', 'weight'):
        assert differences(first[name], second[name]) == []
    expected = []
    for step in range(4):
        for one in (first, second):
            expected += one['labels'][8 * step:8 * step + 8]
    assert first['queue_labels'] == expected
    assert first['keys'].norm(dim=1).tolist() == pytest.approx([1.] * 64)


def items(views):
    """Three images, of which view v is filled with 10 v."""
    image = torch.ones(1, 4, 4)
    return [
        dict(
            inputs=[10 * v * image for v in range(views)] if views else image,
            data_samples=DataSample().set_gt_label(c)) for c in range(3)
    ]


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_each_view_is_normalized_into_a_batch(collate):
    preprocessor = ViewsPreprocessor(mean=[10.], std=[5.])
    out = preprocessor(collate(items(views=2)), training=True)
    first, second = out['inputs']
    assert torch.equal(first, torch.full((3, 1, 4, 4), -2.))
    assert torch.equal(second, torch.zeros(3, 1, 4, 4))
    assert [int(s.gt_label) for s in out['data_samples']] == [0, 1, 2]


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
def test_images_without_views_are_one_batch(collate):
    preprocessor = ViewsPreprocessor(mean=[1.], std=[1.])
    out = preprocessor(collate(items(views=0)))
    assert torch.equal(out['inputs'], torch.zeros(3, 1, 4, 4))


@pytest.mark.parametrize('options', [
    dict(to_onehot=True),
    dict(batch_augments=dict(augments=dict(type='Mixup', alpha=1.)))
])
def test_soft_labels_are_refused(options):
    with pytest.raises(ValueError, match='makes soft labels'):
        ViewsPreprocessor(num_classes=3, **options)
