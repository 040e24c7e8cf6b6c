# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Runs that leave another one at an epoch: trained, refused, waited for."""
import json
import re
import shlex
from pathlib import Path

import pytest
import torch

from mmcurv.arguments import UsageError
from mmcurv.benchmark.collect import collect, summarize
from mmcurv.benchmark.configs import (broken_configs, read_option_arguments,
                                      spec_hash, train_command)
from mmcurv.benchmark.matrix import Branch, read_matrix
from mmcurv.benchmark.plan import plan_runs
from mmcurv.benchmark.queue import RunQueue, Worker
from mmcurv.benchmark.run_folder import RunState, lost_start, run_state
from mmcurv.compat import load_weights_only
from mmcurv.engine.hooks.run_record import RunRecordHook
from tests.benchmark.fake_runs import fake_run, snapshot, starts
from tests.benchmark.matrix_file import BUNDLED_CONTENT, write_matrix
from tests.benchmark.trained_folder import (bundled_spec, leave_begun,
                                            leave_checkpoint)
from tests.tools.tool_runs import (call, load_tool, tiny_options,
                                   tool_environment, unchanged_process)

OPTIONS = read_option_arguments(
    tiny_options(
        train_cfg__max_epochs=5,
        train_cfg__val_interval=1,
        default_hooks__checkpoint__interval=1))
START = {
    'custom_hooks.0.start_epoch': OPTIONS.pop('custom_hooks.0.'
                                              'start_epoch')
}
PLAIN, AGAIN, CURVED = VARIANTS = [
    dict(variant='', cr=[False]),
    dict(variant='again', cr=[False], branch=2),
    dict(variant='curved', cr=[True], branch=2, options=START)
]  # yapf: disable


def matrix(folder, variants=VARIANTS, **changes):
    return write_matrix(
        folder, dict(BUNDLED_CONTENT, options=OPTIONS, variants=variants),
        **changes)


def benchmark(root, command, path, *arguments):
    """Exit code of the tool."""
    words = [command, path, '--root', root, *arguments]
    return load_tool('benchmark').main([*map(str, words)])


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A trunk and a branch as one command leaves them, and one with CR."""
    folder = tmp_path_factory.mktemp('branches')
    path, root = matrix(folder), folder / 'runs'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', tool_environment()['PYTHONPATH'])
        assert benchmark(root, 'run', path, '--workers', 1, '--without',
                         'variant=curved') == 0
    matrix_of_all = read_matrix(path, str(root))
    train_here(matrix_of_all.runs[2])
    return matrix_of_all


def train_here(run):
    """What the benchmark starts, in this process."""
    with unchanged_process():
        call('train', *train_command(run)[2:])


def weights(run):
    """Of the last epoch."""
    return load_weights_only(f'{run.folder}/epoch_5.pth')['state_dict']


def evaluations(run):
    return {
        path.stem: json.loads(path.read_text())
        for path in Path(run.folder, 'class_accuracy').glob('*.json')
    }


def same(first, second):
    first, second = weights(first), weights(second)
    return list(first) == list(second) and all(
        torch.equal(first[name], second[name]) for name in first)


def test_branch_without_a_change_ends_bit_for_bit_as_its_trunk(trained):
    trunk, again, curved = trained.runs
    assert same(trunk, again)
    assert not same(trunk, curved)
    found = evaluations(trunk)
    assert list(evaluations(again)) and evaluations(again) == {
        name: found[name]
        for name in found if name >= 'epoch_002'
    }
    assert evaluations(curved)['epoch_002'] == found['epoch_002']


def test_trunk_keeps_the_epoch_that_is_left_and_its_hash(trained):
    folders = [Path(run.folder) for run in trained.runs]
    kept = [
        sorted(int(path.stem[6:]) for path in folder.glob('epoch_*.pth'))
        for folder in folders
    ]
    assert kept == [[2, 4, 5], [4, 5], [4, 5]]
    # A branch that becomes better takes away its own best one only.
    assert [len([*folder.glob('best_*.pth')]) for folder in folders] == [1] * 3
    record = json.loads((folders[0] / 'run.json').read_text())
    assert record['config']['hash'] == spec_hash(trained.runs[0])
    assert record['branch'] is None


def test_record_says_what_was_left_and_counts_what_came_after(trained):
    trunk, *branches = trained.runs
    for run in branches:
        assert run_state(run).kind == 'done'
        record = json.loads(Path(run.folder, 'run.json').read_text())
        assert record['branch'].pop('config_hash') == spec_hash(trunk)
        assert record['branch'].pop('epoch') == 2
        path = Path(run.folder, record['branch'].pop('folder'))
        assert path.resolve() == Path(trunk.folder).resolve()
        assert record['branch'] == {}
        assert record['config']['hash'] == spec_hash(run)
        assert record['cost']['samples'] == 3 * 60
        assert record['cost']['starts'] == 1


def test_branches_are_cells_of_their_own(trained):
    means = summarize(collect(trained)).means
    assert list(means.drop_duplicates(['variant', 'cr'
                                       ]).variant) == ['', 'again', 'curved']
    assert set(means.n[means.metric == 'overall']) == {1}


def test_killed_branch_goes_on_from_its_own_checkpoint(trained, tmp_path,
                                                       monkeypatch):
    begin = RunRecordHook.before_train_epoch

    def killed(hook, runner):
        if runner.epoch == 4:
            raise KeyboardInterrupt
        begin(hook, runner)

    _, whole, _ = trained.runs
    run = whole._replace(folder=str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(RunRecordHook, 'before_train_epoch', killed)
        with pytest.raises(KeyboardInterrupt):
            train_here(run)
    assert run_state(run)[:3] == ('partial', 4, 5)
    trunk = run.branch.trunk._replace(folder=str(tmp_path / 'no folder'))
    run = run._replace(branch=Branch(trunk, 2))
    assert lost_start(run, set()) == ''  # it needs its trunk no more
    train_here(run)
    assert run_state(run).kind == 'done'
    assert same(run, whole)
    record = json.loads((tmp_path / 'run.json').read_text())
    assert record['branch']['epoch'] == 2
    assert record['cost']['samples'] == 3 * 60
    assert record['cost']['starts'] == 2


@pytest.mark.parametrize('changes, words', [
    (dict(branch=None),
     'is a branch from epoch 2 of .* and by the matrix is a whole'),
    (dict(epoch=3), 'from epoch 2 of .* branch from epoch 3 of'),
    (dict(options={'train_dataloader.batch_size': 30}), 'has the hash'),
])
def test_branch_of_another_trunk_is_another_run(trained, changes, words):
    trunk, run, _ = trained.runs
    branch = Branch(
        trunk._replace(options={
            **trunk.options,
            **changes.get('options', {})
        }), changes.get('epoch', 2))
    state = run_state(run._replace(branch=changes.get('branch', branch)))
    assert state.kind == 'other run'
    assert re.search(words, state.reason)
    whole = run_state(trunk._replace(branch=branch))
    assert 'it is a whole training, and by the matrix is a' in whole.reason


def test_nothing_starts_if_the_epoch_was_not_kept(trained, tmp_path, capsys):
    root = Path(trained.runs[0].folder).parents[3]
    before = snapshot(root)
    path = matrix(tmp_path, [*VARIANTS, dict(AGAIN, variant='1', branch=1)])
    assert benchmark(root, 'run', path) == 2
    error = capsys.readouterr().err
    assert 'nothing was started' in error
    assert "its trunk 'CE, Mini if100, ResNet-8, seed 0' was trained" in error
    assert 'beyond epoch 1' in error
    assert f'Move {trained.runs[0].folder} away' in error
    assert snapshot(root) == before


def test_trunk_that_is_left_out_must_have_its_checkpoint(
        trained, tmp_path, capsys):
    path = matrix(tmp_path)
    words = ('--dry-run', '--only', 'variant=again')
    assert benchmark(tmp_path, 'run', path, *words) == 2
    assert 'left out by --only or --without' in capsys.readouterr().err
    assert benchmark(tmp_path, 'run', path, '--dry-run') == 0
    trunk, again, _ = map(shlex.split, capsys.readouterr().out.splitlines())
    assert 'default_hooks.checkpoint.keep_epochs=[2]' in trunk
    assert '--branch' not in trunk
    run, _, _ = read_matrix(path, str(tmp_path)).runs
    assert again[again.index('--branch') + 1] == f'{run.folder}/epoch_2.pth'
    leave_checkpoint(run, 2)
    assert benchmark(tmp_path, 'run', path, *words) == 0


def test_branch_is_not_begun_from_a_trunk_of_another_config(tmp_path):
    trunk = bundled_spec(tmp_path)
    run = trunk._replace(branch=Branch(trunk, 2), folder=str(tmp_path / 'x'))
    leave_checkpoint(trunk, 2, train_cfg=dict(by_epoch=True, max_epochs=7))
    assert 'run.json is of another run' in lost_start(run, {trunk.folder})


def test_cluster_gets_what_can_start(tmp_path, slurm, capsys):
    pytest.importorskip('submitit')
    path = matrix(tmp_path)
    assert benchmark(tmp_path, 'run', path, '--cluster', 'slurm') == 0
    text = capsys.readouterr().out
    assert text.count('waits     ') == 2 and text.count('submitted CE') == 1
    assert 'epoch_2.pth; give this command again' in text
    assert '1 were submitted, 2 run or wait' in text


def branched(tmp_path, epoch, **options):
    """A fake trunk and a branch of it."""
    trunk = fake_run(tmp_path, 0, epochs=3, **options)
    run = fake_run(tmp_path, 1)
    spec = run.spec._replace(branch=Branch(trunk.spec, epoch))
    return trunk, run._replace(spec=spec)


def train(runs):
    """Endings by seed; what is 'started' and 'ended', in order."""
    events = []

    def watch(event, what):
        if event in ('started', 'ended'):
            events.append((event, what.run.spec.seed))

    endings = RunQueue([Worker()] * 2, watch, poll=0.01).run(runs)
    return {one.run.spec.seed: one for one in endings}, events


def test_branch_starts_when_its_trunk_has_the_checkpoint(tmp_path):
    trunk, run = branched(tmp_path, 3, seconds=0.05)
    other = fake_run(tmp_path, 2)
    endings, events = train([run, trunk, other])
    assert {one.kind for one in endings.values()} == {'done'}
    assert [seed for event, seed in events if event == 'started'] == [0, 2, 1]
    assert starts(run) == ['epoch 1 alone']


def test_branch_of_a_failed_trunk_is_not_tried(tmp_path):
    trunk, run = branched(tmp_path, 2, fail_at=2)
    endings, _ = train([run, trunk])
    assert endings[0].kind == 'failed'
    assert endings[1].kind == 'not run'
    assert ('not in training here and has no epoch_2.pth; exit code 1: '
            'RuntimeError: no luck') in endings[1].reason
    assert not Path(run.folder).exists()


def test_branch_of_a_trunk_that_fails_later_is_trained(tmp_path):
    endings, _ = train(branched(tmp_path, 2, fail_at=3))
    assert (endings[0].kind, endings[1].kind) == ('failed', 'done')


def test_plan_counts_the_epochs_after_the_trunk(tmp_path):
    trunk = bundled_spec(tmp_path)
    runs = [trunk, trunk._replace(seed=1, folder='b')]
    runs += [
        trunk._replace(
            seed=seed, branch=Branch(trunk, 10), folder=f'branch{seed}')
        for seed in range(3)
    ]
    states = [
        RunState('done', 20, 20, seconds=100.),
        RunState('partial', 5, 20),
        RunState('done', 20, 20, seconds=60.),
        RunState('missing', None, 20),
        RunState('partial', 15, 20)
    ]
    plans = plan_runs(runs, {r.folder: s for r, s in zip(runs, states)})
    assert [one.seconds_left for one in plans] == [0., 75., 0., 60., 30.]


@pytest.mark.parametrize('branch, words', [
    (0, "variants, entry 2 ('again'): branch: Input should be greater than"),
    (True, "variants, entry 2 ('again'): branch: "),
    (1.5, "variants, entry 2 ('again'): branch: "),
])
def test_epoch_that_is_none_is_named(branch, words, tmp_path):
    with pytest.raises(UsageError) as caught:
        read_matrix(matrix(tmp_path, [PLAIN, dict(AGAIN, branch=branch)]))
    assert words in str(caught.value)


@pytest.mark.parametrize('variants, words', [
    ([AGAIN], "variants ('again'): branch: 'CE, Mini if100, ResNet-8, again, "
     "seed 0' has no trunk"),
    ([dict(PLAIN, cr=[True]), AGAIN], 'has no trunk'),
    ([dict(PLAIN, branch=2)], "branch: the plain variant '' is what"),
    ([*VARIANTS, dict(AGAIN, variant='more')], 'have the same training'),
])
def test_branch_without_a_trunk_or_of_itself_is_refused(
        variants, words, tmp_path):
    with pytest.raises(UsageError) as caught:
        read_matrix(matrix(tmp_path, variants))
    assert words in str(caught.value)


@pytest.mark.parametrize('changes, words', [
    (dict(branch=5), 'expected an epoch below the 5 of the run, got 5'),
    (dict(options={'train_cfg.max_epochs': 4}),
     'its param_scheduler is not that of the trunk'),
    (dict(options={'optim_wrapper.optimizer.lr': 1}),
     'its optim_wrapper is not that of the trunk'),
    (dict(options={
        'model.backbone.base_channels': 8,
        'model.head.in_channels': 32
    }), 'its network is not that of the trunk, by the shapes of backbone.'),
])
def test_run_that_cannot_go_on_from_its_trunk_is_a_fault(
        changes, words, tmp_path):
    path = matrix(tmp_path, [PLAIN, dict(AGAIN, **changes)])
    (_, reason), = broken_configs(read_matrix(path).runs, build=True)
    assert reason.startswith(f"variant 'again': branch: {words}")


def test_begun_branch_waits_for_its_trunk_again(tmp_path):
    trunk = bundled_spec(tmp_path)
    run = trunk._replace(branch=Branch(trunk, 2), folder=str(tmp_path / 'x'))
    leave_begun(trunk)
    assert lost_start(run, {trunk.folder}) == ''
    assert 'left out by' in lost_start(run, set())
    leave_checkpoint(trunk, 3)
    assert 'has not kept' in lost_start(run, {trunk.folder})


def test_training_of_several_stages_is_no_trunk():
    config = 'configs/crt/crt_resnet8_fashion-mini-if100.py'
    trunk = bundled_spec('root', config=config)
    run = trunk._replace(variant='x', branch=Branch(trunk, 2))
    (_, reason), = broken_configs([trunk, run])
    assert reason.startswith("variant 'x': branch: a training of several st")
