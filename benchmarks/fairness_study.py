# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Train the branches that docs/cr_study.md compares, and keep their records.

``python benchmarks/fairness_study.py run SET`` trains a network by
cross-entropy for each seed, keeps its checkpoints of a quarter and half of
the epochs, and resumes each arm from one of them, with the batches that
cross-entropy has from there on. A branch is written when it is done, and one
that is there is not trained again: kill and repeat at will. A term or a
margin starts an epoch after the branching, in which its pool fills.
``collect SET`` brings the branches into ``benchmarks/records/fairness_study``.

Images lie in memory, whole batches are augmented, and one thread suffices.
"""
import argparse
import base64
import json
import os
import os.path as osp
import time
import zlib
from glob import glob

import numpy as np
import torch
import torch.nn.functional as F
from fairness_study_sets import CONFIG, SETS, images_of, set_config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS, init_default_scope
from mmengine.runner import Runner
from mmpretrain.utils import register_all_modules

from mmcurv.audit.shift import fairness_shift
from mmcurv.datasets.labels import dataset_labels
from mmcurv.engine.curvature.feature_tap import FeatureTap
from mmcurv.engine.hooks import DifficultyMarginHook
from mmcurv.engine.provenance import code_version, package_versions
from mmcurv.fairness import class_accuracy, true_variance, worst_fraction
from mmcurv.files import write_json
from mmcurv.geometry import class_curvature, neighbor_purity, relative_spread
from mmcurv.regularization import GradientControl
from mmcurv.samples import get_labels

SCHEMA, VERSION = 'mmcurv.fairness_study', 1
# Fresh: by an earlier study of 0 to 7 the margin's default was chosen.
SEEDS, MORE_SEEDS = range(16, 24), range(24, 32)
OUT, RECORDS = 'work_dirs/fairness_study', 'benchmarks/records/fairness_study'


def pool(measure, control='gradient', **options):
    hook = dict(
        type='mmcurv.FeaturePoolHook', measure=measure, control=control)
    return [dict(hook, **options)]


def margin(gamma, kind='mmcurv.DifficultyMarginHook', **options):
    return [dict(type=kind, gamma=gamma, **options)]


# Arm: where it leaves cross-entropy, as a share of the epochs; its hooks; and
# what its weight decay is multiplied by.
ARMS = {
    'ce': (0, [], 1),
    'ce_resumed': (0.5, [], 1),
    'cr': (0.5, pool('curvature', 'value', refresh='all'), 1),
    'cr_neighbors': (0.5, pool('curvature', 'value', refresh='neighbors'), 1),
    'curvature_0.3': (0.5, pool('curvature', alpha=0.3), 1),
    'curvature_1': (0.5, pool('curvature', alpha=1), 1),
    'random_0.3': (0.5, pool('random', alpha=0.3), 1),
    'spread_0.3': (0.5, pool('spread', alpha=0.3), 1),
    'spread_0.3_margin_0.5': (0.5, pool('spread', alpha=0.3) + margin(0.5), 1),
    'center_0.3': (0.5, [dict(type='CenterLossHook', alpha=0.3)], 1),
    'margin_0.25': (0.5, margin(0.25), 1),
    'margin_0.5': (0.5, margin(0.5), 1),
    'permuted_0.5': (0.5, margin(0.5, 'PermutedMarginHook'), 1),
    'margin_purity_0.5': (0.5, margin(0.5, measure='purity'), 1),
    'margin_curvature_0.5': (0.5, margin(0.5, measure='curvature'), 1),
    'permuted_curvature_0.5':
    (0.5, margin(0.5, 'PermutedMarginHook', measure='curvature'), 1),
    'decay': (0.5, [], 4),
    'decay_16': (0.5, [], 16),
    'decay_64': (0.5, [], 64),
    'decay_16_margin_0.25': (0.5, margin(0.25), 16),
    'adjust_1': (0.5, margin(0, prior=1), 1),
    'adjust_1.5': (0.5, margin(0, prior=1.5), 1),
    'adjust_1_margin_0.5': (0.5, margin(0.5, prior=1), 1),
    'adjust_1_purity_0.5': (0.5, margin(0.5, prior=1, measure='purity'), 1),
    'curvature_0.03_early': (0.25, pool('curvature', alpha=0.03), 1),
    'spread_0.03_early': (0.25, pool('spread', alpha=0.03), 1),
    'tangent_0.03_early': (0.25, pool('tangent', alpha=0.03), 1),
}
SHIFTED = ('ce', )  # whose scores get shifts afterwards
# What docs/cr_study.md reports: arms of each set with the first eight seeds,
# and arms that have eight more.
TWICE = ['ce', 'margin_0.25']
BALANCED = [
    *TWICE, 'cr', 'curvature_0.3', 'random_0.3', 'spread_0.3', 'center_0.3',
    'margin_0.5', 'permuted_0.5', 'margin_purity_0.5', 'margin_curvature_0.5',
    'decay_16', 'decay_16_margin_0.25', 'spread_0.3_margin_0.5'
]
LONG_TAILS = [
    'ce', 'cr_neighbors', 'margin_0.5', 'adjust_1', 'adjust_1.5',
    'adjust_1_margin_0.5', 'adjust_1_purity_0.5', 'curvature_0.3'
]
EARLY = ['spread_0.03_early', 'curvature_0.03_early', 'tangent_0.03_early']
REPORTED = {
    'cifar_balanced':
    [*BALANCED, 'curvature_1', 'permuted_curvature_0.5', *EARLY],
    'fashion_balanced': BALANCED,
    'cifar_lt': LONG_TAILS,
    'fashion_lt': [*LONG_TAILS, *EARLY],
    'tiny': ['ce'],
}
CONFIRMED = {'cifar_balanced': TWICE, 'fashion_balanced': TWICE}


@HOOKS.register_module()
class PermutedMarginHook(DifficultyMarginHook):
    """A margin whose difficulties are dealt out to the wrong classes."""

    def before_train(self, runner):
        super().before_train(runner)
        rng = np.random.default_rng([runner.seed, 7])
        self._order = rng.permutation(len(self._counts))

    def _measured(self, *args):
        values, known = super()._measured(*args)
        return values[self._order], known[self._order]


@HOOKS.register_module()
class CenterLossHook(Hook):
    """Pull features to the running mean of their class (Wen et al., 2016).

    By its gradient, as other terms here. A center takes 0.5 of the
    difference to the mean of its images in a batch, each counted once more
    for the center, as in equation 4 there.
    """

    def __init__(self, alpha, start_epoch):
        self.control, self.start = GradientControl(alpha), start_epoch

    def before_train(self, runner):
        self.tap = FeatureTap('head.fc', self._add)
        layer, = self.tap.attach(runner.model)
        self.centers = torch.zeros_like(layer.weight)

    def before_train_epoch(self, runner):
        self.pulls = runner.epoch + 1 >= self.start

    def after_train(self, runner):
        self.tap.detach()

    def _add(self, features, samples, losses):
        taken, = self.tap.taken
        labels = get_labels(samples)
        away = taken.detach() - self.centers[labels]
        loss = losses['loss']
        self.control.observe(loss.detach(), self.pulls)
        if self.pulls:
            of_loss, = torch.autograd.grad(loss, taken, retain_graph=True)
            losses['loss_center'] = self.control(taken, of_loss, away)
        met = torch.bincount(labels, minlength=len(self.centers))
        moved = torch.zeros_like(self.centers).index_add_(0, labels, away)
        self.centers += 0.5 * moved / (1 + met)[:, None]
        return losses


@HOOKS.register_module()
class WeightDecayHook(Hook):
    """Multiply the weight decay, which a checkpoint brings along."""

    def __init__(self, factor):
        self.factor = factor

    def before_train(self, runner):
        for group in runner.optim_wrapper.optimizer.param_groups:
            group['weight_decay'] *= self.factor


class PlainRunner(Runner):
    """Without seconds of looking for compilers at each start."""

    def _log_env(self, env_cfg):
        pass


def train(cfg, images, folder, seed, epochs, batch, hooks=(), resume=None):
    """Train by mmengine; returns the runner."""
    branching = sorted({max(1, int(epochs * share)) for share in (0.25, 0.5)})
    hooks = list(hooks)
    if resume is None:
        hooks.append(dict(type='BranchingHook', epochs=branching))
    runner = PlainRunner(
        model=cfg.model,
        work_dir=folder,
        train_dataloader=dict(
            batch_size=batch,
            num_workers=0,
            collate_fn=dict(type='mmcurv.image_batch_collate'),
            sampler=dict(type='DefaultSampler', shuffle=True),
            dataset=images),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=cfg.optim_wrapper,
        param_scheduler=cfg.param_scheduler,
        data_preprocessor=cfg.data_preprocessor,
        default_hooks=dict(
            checkpoint=None,
            logger=dict(type='LoggerHook', interval=10**6),
            class_counts=cfg.default_hooks.class_counts,
            random_state=cfg.default_hooks.random_state),
        custom_hooks=hooks,
        visualizer=dict(type='UniversalVisualizer', vis_backends=[]),
        load_from=resume,
        resume=resume is not None,
        log_level='WARNING',
        default_scope='mmpretrain',
        randomness=dict(seed=seed),
        experiment_name=f'{folder}-{time.time_ns()}')
    runner.model.to(memory_format=torch.channels_last)
    runner.train()
    return runner


@HOOKS.register_module()
class BranchingHook(Hook):
    """Keep the checkpoints that branches start from."""
    priority = 'VERY_LOW'

    def __init__(self, epochs):
        self.epochs = epochs

    def after_train_epoch(self, runner):
        if runner.epoch + 1 in self.epochs:
            runner.save_checkpoint(
                runner.work_dir,
                f'epoch_{runner.epoch + 1}.pth',
                meta=dict(epoch=runner.epoch + 1, iter=runner.iter + 1))


@torch.no_grad()
def outputs(model, images):
    """Features (N, p) and scores (N, C) of a set, without augmentation."""
    model.eval()
    found = []
    for part in images.images.split(256):
        batch = model.data_preprocessor(dict(inputs=part), training=False)
        features = model.extract_feat(batch['inputs'])[-1]
        found.append((features, model.head.fc(features)))
    return [torch.cat(part) for part in zip(*found)]


def measured(model, train_set, test_set, shifted):
    """What is kept of a trained network, and which test images are right."""
    features, scores = outputs(model, train_set)
    true = torch.as_tensor(dataset_labels(train_set))
    width = scores.shape[1]
    test_features, test_scores = outputs(model, test_set)
    labels = np.asarray(dataset_labels(test_set))
    right = (test_scores.argmax(1).numpy() == labels)
    found = class_accuracy(labels, test_scores.argmax(1).numpy(), width)
    sound = bool(torch.isfinite(features).all())
    record = dict(
        overall=found.overall,
        class_accuracy=found.accuracy.tolist(),
        variance=true_variance(found.correct, found.count)[1],
        worst_tenth=worst_fraction(found.accuracy).accuracy,
        worst_class=float(found.accuracy.min()),
        train_accuracy=(scores.argmax(1) == true).double().mean().item(),
        train_loss=F.cross_entropy(scores, true).item())
    if sound:
        curvature = class_curvature(features, true, width)
        record.update(
            log_curvature=rounded(curvature.log_value),
            relative_spread=rounded(relative_spread(features, true, width)),
            purity=rounded(neighbor_purity(features, true, width)))
    if sound and shifted:
        norms = model.head.fc.weight.norm(dim=1).detach().numpy()
        record['shifts'] = []
        for difficulty in ('relative_spread', 'loss', 'purity', 'curvature'):
            rows = shift_rows(
                fairness_shift(
                    test_scores.numpy(),
                    labels,
                    test_features.numpy(),
                    difficulty,
                    train_counts=np.bincount(true, minlength=width),
                    weight_norms=norms,
                    resamples=2))
            # The other methods are the same for each difficulty.
            record['shifts'] += [
                row for row in rows if row['method'] == difficulty
                or difficulty == 'relative_spread'
            ]
    return record, right


def rounded(values):
    return np.round(np.asarray(values, float), 4).tolist()


def shift_rows(shift):
    """Each method at the strength that was chosen, and at some fixed ones."""
    numbers = [
        f'{key}_change'
        for key in ('overall', 'variance', 'worst_tenth', 'worst_class')
    ]
    rows = []
    for how, part in (('chosen', shift.methods), ('fixed', shift.curve)):
        if how == 'fixed':
            part = part[part.method.isin([shift.measure, 'permuted'])
                        & part.strength.isin([0.25, 0.5])]
        for row in part.to_dict('records'):
            rows.append(
                dict(
                    {
                        key: row[key]
                        for key in ('method', 'strength', *numbers)
                    },
                    how=how))
    return rows


def branch(name, seed, arm, folder, train_set, test_set):
    """Train an arm and write its record."""
    share, hooks, decay = ARMS[arm]
    own = SETS[name]
    cfg = set_config(name, len(test_set.metainfo['classes']))
    at = max(1, int(own['epochs'] * share)) if share else 0
    hooks = [dict(hook, start_epoch=at + 2) for hook in hooks]
    if decay != 1:
        hooks.append(dict(type='WeightDecayHook', factor=decay))
    started = time.process_time()
    runner = train(
        cfg, train_set, osp.join(folder, arm), seed, own['epochs'],
        own['batch'], hooks,
        osp.join(folder, 'ce', f'epoch_{at}.pth') if share else None)
    spent = time.process_time() - started
    damping = runner.message_hub.log_scalars.get('train/gradient_damping')
    found, right = measured(runner.model, train_set, test_set, arm in SHIFTED)
    bits = zlib.compress(np.packbits(right).tobytes(), 9)
    write_json(
        osp.join(folder, f'{arm}.json'),
        dict(
            set=name,
            seed=seed,
            arm=arm,
            branched=at,
            hooks=hooks,
            **found,
            right=base64.b64encode(bits).decode(),
            damping=damping and float(damping.current()),
            train_seconds=spent,
            seconds=time.process_time() - started,
            code=code_version()))


def right_of(run, images):
    """(images,) bool, which test images a run of a record has right."""
    packed = zlib.decompress(base64.b64decode(run['right']))
    return np.unpackbits(np.frombuffer(packed, np.uint8))[:images] > 0


def run(name, seeds, arms, out):
    """Train what is not there yet."""
    for seed in seeds:
        folder = osp.join(out, name, str(seed))
        os.makedirs(folder, exist_ok=True)
        missing = [
            arm for arm in arms
            if not osp.exists(osp.join(folder, f'{arm}.json'))
        ]
        if not missing:
            continue
        train_set, test_set = images_of(name, seed, folder)
        for arm in missing:
            branch(name, seed, arm, folder, train_set, test_set)
            with open(
                    osp.join(folder, f'{arm}.json'), encoding='utf-8') as file:
                done = json.load(file)
            print(
                f'{name} {seed} {arm}: {100 * done["overall"]:.2f}, variance '
                f'{done["variance"]:.4f}, worst tenth '
                f'{100 * done["worst_tenth"]:.2f}, training '
                f'{100 * done["train_accuracy"]:.1f}, '
                f'{done["seconds"]:.0f} s',
                flush=True)


def collect(name, out, records):
    """Bring the branches of a set into one record."""
    runs = []
    for path in glob(osp.join(out, name, '*', '*.json')):
        with open(path, encoding='utf-8') as file:
            runs.append(json.load(file))
    runs.sort(key=lambda r: (list(ARMS).index(r['arm']), r['seed']))
    record = dict(
        schema=SCHEMA,
        schema_version=VERSION,
        set=name,
        config=CONFIG,
        settings=SETS[name],
        packages=package_versions(),
        runs=runs)
    write_json(osp.join(records, f'{name}.json'), record)
    print(f'{len(runs)} branches of {name}')


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('command', choices=('run', 'collect'))
    parser.add_argument('set', choices=SETS)
    parser.add_argument(
        '--seeds', type=int, nargs='+', help='default: those reported')
    parser.add_argument(
        '--arms', nargs='+', choices=ARMS, help='default: those reported')
    parser.add_argument('--out', default=OUT)
    parser.add_argument('--records', default=RECORDS)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    register_all_modules(init_default_scope=False)
    init_default_scope('mmpretrain')
    if args.command == 'collect':
        collect(args.set, args.out, args.records)
    else:
        arms = args.arms or REPORTED[args.set]
        run(args.set, args.seeds or SEEDS, arms, args.out)
        if not (args.arms or args.seeds):
            run(args.set, MORE_SEEDS, CONFIRMED.get(args.set, []), args.out)


if __name__ == '__main__':
    main()
