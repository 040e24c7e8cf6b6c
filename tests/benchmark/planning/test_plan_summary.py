# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
from mmcurv.benchmark.planning.estimate_run import COUNTED, SAME_RUN, Estimate
from mmcurv.benchmark.planning.plan_cells import PlanRun
from mmcurv.benchmark.planning.plan_summary import plan_summary
from mmcurv.benchmark.states.run_state import RunState
from tests.benchmark.planning.test_plan_table import printed
from tests.benchmark.synthetic_runs import spec


def text(*runs, speed=None):
    return '\n'.join(printed(plan_summary(list(runs), speed), width=200))


def run(state, seconds=60., source=COUNTED, **changes):
    return PlanRun(spec(**changes), state, Estimate(seconds, source, 1))


def test_totals_and_their_sources_are_told():
    shown = text(
        run(RunState('missing')),
        run(RunState('missing'), source=SAME_RUN),
        run(RunState('done')),
        speed='Fast.')
    assert '3 runs: 1 done, 2 missing' in shown
    assert '2 runs to train: about 2 min 0 s, one after another.' in shown
    assert 'Times: 1 from multiply-adds, 1 from runs of this config.' in shown
    assert shown.endswith('Fast.')


def test_unknown_times_are_counted_and_not_guessed():
    unknown = run(RunState('missing'), None, None)
    assert ('2 runs to train: about 1 min 0 s, one after another, and 1 run '
            'of unknown time.') in text(run(RunState('missing')), unknown)
    assert '1 run to train: their time is not known.' in text(unknown)


def test_nothing_left_needs_no_sentence():
    assert 'to train' not in text(run(RunState('done')))


def test_each_trouble_has_its_reason_and_where_to_look():
    failed = RunState('failed', 3, 20, 'exit code 1: KeyError: [x]', 'a/b.log')
    other = RunState('other run', 3, 20, 'another hash')
    shown = text(run(failed), run(other, seed=1), run(RunState('done')))
    assert ('FAILED small: CE, CIFAR-10-LT if100, ResNet-32, seed 0\n'
            '  Reason: exit code 1: KeyError: [x]\n  Log: a/b.log') in shown
    assert 'OTHER RUN small: CE, CIFAR-10-LT if100, ResNet-32, seed 1' in shown
    assert f'Reason: another hash\n  Folder: {spec(seed=1).folder}' in shown
