# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mmcurv.audit.shift import class_difficulty
from mmcurv.engine.hooks import DifficultyMarginHook
from tests.engine.curvature_run import build, pool_hook, scalars
from tests.engine.runner_log import log_of
from tests.engine.test_resume_exactly import differences
from tests.engine.toy_run import COUNTS
from tests.engine.two_processes import in_two_processes
from tests.models.classifiers.ride_run import LAYERS, build_experts

RANDOM = dict(type='mmcurv.RandomStateHook')


def margin(**options):
    return dict(
        dict(type='mmcurv.DifficultyMarginHook', start_epoch=2), **options)


def hook_of(runner):
    return next(h for h in runner.hooks if isinstance(h, DifficultyMarginHook))


class Watch:
    """Keeps what the layer took and gave, step by step."""

    def __init__(self, runner):
        self.seen, self.losses = [], []
        layer = runner.model.head.fc
        layer.register_forward_hook(self._layer)
        loss = runner.model.head.loss_module
        forward = loss.forward

        def watched(scores, labels):
            value = forward(scores, labels)
            self.losses.append((scores.detach().clone(), labels.clone(),
                                value.item(), runner.epoch))
            return value

        loss.forward = watched

    def _layer(self, module, args, output):
        self.seen.append((args[0].detach().clone(), output.detach().clone()))


def trained(work_dir, *hooks, **config):
    runner = build(work_dir, *hooks, **config)
    runner.model.init_weights()
    watch = Watch(runner)
    runner.train()
    return runner, watch


def test_scores_of_the_loss_are_lowered_by_gamma_times_the_difficulty(
        tmp_path):
    runner, watch = trained(tmp_path, margin(gamma=.7), max_epochs=2)
    first = [row for row in zip(watch.seen, watch.losses) if row[1][3] == 0]
    second = [row for row in zip(watch.seen, watch.losses) if row[1][3] == 1]
    for (_, plain), (scores, _, _, _) in first:
        assert torch.equal(plain, scores)
    # The difficulty of the first epoch, by hand.
    features = torch.cat([taken for (taken, _), _ in first]).half().float()
    labels = torch.cat([own for _, (_, own, _, _) in first])
    raw = class_difficulty('relative_spread', np.empty((0, 3)), labels.numpy(),
                           features.numpy())
    z = torch.as_tensor((raw - raw.mean()) / raw.std())
    for (_, plain), (scores, own, value, _) in second:
        torch.testing.assert_close(
            scores, (plain - .7 * z).float(), rtol=1e-4, atol=1e-4)
        assert value == pytest.approx(
            F.cross_entropy(scores, own).item(), abs=1e-6)
    assert len(second) == 11 and np.abs(raw - raw.mean()).max() > 0


def test_nothing_is_added_in_tests(tmp_path):
    runner, _ = trained(tmp_path, margin(prior=1.), max_epochs=2)
    inputs = torch.rand(5, 4)
    expected = runner.model.head.fc(runner.model.backbone(inputs)).softmax(1)
    runner.model.eval()
    from mmpretrain.structures import DataSample
    samples = [DataSample() for _ in range(5)]
    runner.call_hook('before_train')
    found = runner.model(inputs, samples, mode='predict')
    torch.testing.assert_close(
        torch.stack([sample.pred_score for sample in found]), expected)


def test_prior_alone_is_logit_adjustment_from_the_first_epoch(tmp_path):
    _, watch = trained(tmp_path, margin(gamma=0, prior=1.), max_epochs=1)
    shares = torch.tensor(COUNTS) / sum(COUNTS)
    for (_, plain), (scores, _, _, _) in zip(watch.seen, watch.losses):
        torch.testing.assert_close(scores, plain + shares.log())


def test_mean_loss_of_each_class_is_that_of_the_scores_without_margin(
        tmp_path):
    runner, watch = trained(
        tmp_path, margin(measure='loss', gamma=3.), max_epochs=2)
    last = [row for row in zip(watch.seen, watch.losses) if row[1][3] == 1]
    plain = torch.cat([scores for (_, scores), _ in last])
    labels = torch.cat([own for _, (_, own, _, _) in last])
    loss = F.cross_entropy(plain, labels, reduction='none')
    raw = np.array([loss[labels == c].mean() for c in range(3)])
    np.testing.assert_allclose(
        hook_of(runner).difficulty['head.fc'], (raw - raw.mean()) / raw.std(),
        atol=1e-4)


def test_held_difficulty_stays_and_a_refreshed_one_moves(tmp_path):
    values = {}
    for refresh in (True, False):
        found = []
        for epochs in (1, 3):
            runner, _ = trained(
                tmp_path / f'{refresh}{epochs}',
                margin(refresh=refresh),
                max_epochs=epochs)
            found.append(hook_of(runner).difficulty['head.fc'])
        values[refresh] = found
    assert np.array_equal(*values[False])
    assert not np.array_equal(*values[True])


@pytest.mark.parametrize('refresh', [True, False])
def test_resumed_run_repeats_the_uninterrupted_one_bit_for_bit(
        tmp_path, refresh):
    states = []
    for name, resume in (('whole', None), ('resumed', 'whole/epoch_2.pth')):
        options = dict(max_epochs=4)
        if resume:
            torch.manual_seed(5)
            options.update(load_from=str(tmp_path / resume), resume=True)
        runner = build(tmp_path / name, RANDOM, margin(refresh=refresh),
                       **options)
        runner.train()
        states.append(torch.load(tmp_path / name / 'epoch_4.pth'))
    assert differences(states[0]['state_dict'], states[1]['state_dict']) == []
    assert torch.equal(*(s['mmcurv_difficulty_margin']['head.fc']
                         for s in states))


def test_margin_and_curvature_regularization_add_up(tmp_path):
    runner, _ = trained(tmp_path, pool_hook(), margin(gamma=.5), max_epochs=3)
    z = hook_of(runner).difficulty['head.fc']
    assert z.std() == pytest.approx(1)
    assert scalars(runner, 'loss_curvature')


def test_default_start_is_half_of_the_training_and_the_log_says_so(tmp_path):
    runner = build(
        tmp_path, dict(type='mmcurv.DifficultyMarginHook'), max_epochs=4)
    runner.logger.setLevel('INFO')
    said = log_of(runner)
    runner.train()
    said = '\n'.join(said)
    assert 'from epoch 3 of 4 on' in said
    assert said.count('Difficulty of head.fc by relative_spread') == 3
    assert 'known of 3 of 3 classes' in said


def test_classes_of_one_image_have_no_margin(tmp_path):
    runner, _ = trained(
        tmp_path,
        margin(),
        model=dict(type='CurvedClassifier', num_classes=4),
        dataset=dict(type='CornerPoints', counts=(30, 20, 10, 1)),
        max_epochs=2)
    z = hook_of(runner).difficulty['head.fc']
    assert z[3] == 0 and z[:3].std() == pytest.approx(1)


def test_features_beyond_half_precision_are_left_out_and_the_log_says_so(
        tmp_path):
    runner = build(tmp_path, margin(), max_epochs=1)
    said, seen = log_of(runner), []

    def enlarge(module, args):
        """Those of the first image of each batch."""
        scale = torch.ones(len(args[0]), 1)
        scale[0] = 1e6
        seen.append(len(args[0]))
        return (args[0] * scale, )

    runner.model.init_weights()
    runner.model.head.fc.register_forward_pre_hook(enlarge)
    runner.train()
    line = (f'{len(seen)} of {sum(seen)} features of head.fc are NaN, or '
            'beyond 65504')
    assert line in '\n'.join(said)


def test_larger_classes_are_drawn_from(tmp_path):
    found = []
    for most in (4, 10_000):
        runner, _ = trained(
            tmp_path / str(most), margin(max_per_class=most), max_epochs=1)
        found.append(hook_of(runner).difficulty['head.fc'])
    assert not np.array_equal(*found)


def test_several_layers_have_each_a_margin(tmp_path):
    runner = build_experts(tmp_path, hooks=dict(margin=margin()))
    runner.train()
    difficulty = hook_of(runner).difficulty
    assert list(difficulty) == LAYERS
    assert not np.array_equal(difficulty[LAYERS[0]], difficulty[LAYERS[1]])


def two(rank, folder):
    wrapper = dict(type='MMDistributedDataParallel', device_ids=None)
    runner = build(
        folder,
        margin(max_per_class=10_000),
        max_epochs=2,
        launcher='pytorch',
        cfg=dict(model_wrapper_cfg=wrapper))
    runner.train()
    return hook_of(runner).difficulty['head.fc']


def test_two_processes_share_one_difficulty(tmp_path):
    first, second = in_two_processes(two, tmp_path)
    assert np.array_equal(first, second) and first.std() > 0


@pytest.mark.parametrize('options, message', [
    (dict(measure='variance'), 'relative_spread'),
    (dict(gamma=float('nan')), 'gamma must be finite'),
    (dict(prior=float('inf')), 'prior must be finite'),
    (dict(start_share=1.5), 'start_share'),
    (dict(start_share=1.), 'start_share'),
    (dict(start_epoch=0), 'start_epoch'),
    (dict(max_per_class=1), 'max_per_class'),
])
def test_bad_options_are_refused_when_built(options, message):
    with pytest.raises(ValueError, match=message):
        DifficultyMarginHook(**options)


def test_a_loop_over_iterations_is_refused(tmp_path):
    runner = build(
        tmp_path,
        margin(),
        train_cfg=dict(by_epoch=False, max_iters=3),
        max_epochs=None)
    with pytest.raises(RuntimeError, match='epoch-based'):
        runner.train()
