# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Kill a training with CR over and over, and compare its end.

``python -m tests.faults.soak --kills 100 --seed 3 --processes 1 2`` kills at
random moments and resumes each time. After each kill every checkpoint must
load. The end is compared with that of an uninterrupted training.
"""
import argparse
import json
import random
import tempfile
from pathlib import Path

from mmcurv.compat import load_weights_only
from tests.prepared_forks import prepare_forks
from .killed_runs import start
from .largest_difference import largest_difference
from .phases import PHASES, durations, read_trace

SHARES = dict(start=1, step=3, save=2, write=2, evaluation=3)  # of the kills
STATES = ('state_dict', 'optimizer', 'param_schedulers', 'mmcurv_feature_pool',
          'mmcurv_random_state')


def soak(folder, kills, seed, processes=1):
    """A record of a training that was killed ``kills`` times.

    Args:
        folder (Path): An empty folder.
        kills (int): Their number.
        seed (int): Of what, when and whom they hit.
        processes (int): 1 or 2. Defaults to 1.

    Returns:
        dict: ``kills``, a list of dicts, and what differs at the end.
    """
    epochs = max(6, kills // 3 + 1)  # about a third of the kills advances
    whole, killed = folder / 'whole', folder / 'killed'
    for each in (whole, killed):
        each.mkdir()
    start(whole, epochs, processes)
    trace = read_trace(whole / 'trace.0')
    stays, steps = durations(trace), trace[-1][2] // epochs
    rng = random.Random(seed)
    done = []
    while len(done) < kills:
        left = epochs - saved_epoch(killed)
        plan = draw(rng, done, stays, steps, left, processes)
        for path in killed.glob('trace.*'):
            path.unlink()
        half = half_written(killed)
        if not start(killed, epochs, processes, plan):
            raise SystemExit(f'The training ended after {len(done)} kills.')
        half = half_written(killed) - half
        done.append(
            dict(
                look(killed, plan['ranks'], steps),
                half_written=len(half),
                plan=plan))
    start(killed, epochs, processes)
    last = f'epoch_{epochs}.pth'
    ends = [load_weights_only(each / last) for each in (whole, killed)]
    return dict(
        processes=processes,
        epochs=epochs,
        steps=steps,
        kills=done,
        **largest_difference(*({
            s: end[s]
            for s in STATES
        } for end in ends)))


def draw(rng, done, stays, steps, left, processes):
    """What the next kill shall hit: what was hit least so far."""
    # In its last epoch the training must not come to its end.
    phases = PHASES if left > 1 else ('start', 'step')
    hit = [kill['phase'] for kill in done]
    phases = rng.sample(phases, len(phases))  # to decide between equals
    phase = min(phases, key=lambda each: hit.count(each) / SHARES[each])
    ranks = [[0]] if processes == 1 else [[0], [1], [0, 1]]
    if phase in ('save', 'write'):  # by the first process alone
        ranks = [each for each in ranks if 0 in each]
    hit = [kill['ranks'] for kill in done]
    ranks = rng.sample(ranks, len(ranks))
    nth = dict(step=rng.randint(1, steps), save=rng.choice([1, 1, 2]))
    return dict(
        phase=phase,
        nth=nth.get(phase, 1),
        delay=rng.random() * rng.choice(stays[phase]) + 1e-6,
        ranks=min(ranks, key=hit.count))


def look(folder, ranks, steps):
    """What a kill has hit, and what it left."""
    victim, first = (
        read_trace(folder / f'trace.{rank}') if
        (folder / f'trace.{rank}').exists() else [] for rank in (ranks[0], 0))
    at_start = not victim or victim[-1][1] == 'start'
    begun = any(phase != 'start' for _, phase, _ in first)
    for path in folder.glob('*.pth'):
        load_weights_only(path)
    return dict(
        phase='start' if at_start else victim[-1][1],
        ranks=ranks,
        lost=first[-1][2] - saved_epoch(folder) * steps if begun else 0)


def half_written(folder):
    """Files that a kill left, and when it did."""
    return {(path.name, path.stat().st_mtime_ns)
            for path in folder.glob('*.partial')}


def saved_epoch(folder):
    """Epochs in the checkpoint that a resume would take; it must be there."""
    pointer = folder / 'last_checkpoint'
    if not pointer.exists():
        return 0
    return load_weights_only(pointer.read_text())['meta']['epoch']


def table(record):
    """Lines for people."""
    kills, steps = record['kills'], record['steps']
    hit = [kill['phase'] for kill in kills]
    lost = [kill['lost'] / steps for kill in kills]
    counts = ', '.join(f'{phase} {hit.count(phase)}'
                       for phase in (*PHASES, 'between'))
    whom = [tuple(kill['ranks']) for kill in kills]
    whom = ', '.join(f'{ranks} {whom.count(ranks)}'
                     for ranks in sorted(set(whom)))
    half = sum(kill['half_written'] > 0 for kill in kills)
    return '\n'.join([
        f"processes        {record['processes']}",
        f"training         {record['epochs']} epochs of {steps} steps",
        f'kills            {len(kills)}: {counts}',
        f'killed ranks     {whom}',
        f'half-written     a file by {half} kills, none of them taken',
        f'epochs lost      {sum(lost) / len(lost):.2f} a kill, at most '
        f'{max(lost):.2f}',
        f"numbers compared {record['numbers']}",
        f"that differ      {record['different']}, by at most "
        f"{record['largest']:.1e}",
    ])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--processes', type=int, nargs='+', choices=(1, 2), default=[1])
    parser.add_argument('--json', type=Path, help='file for the records')
    args = parser.parse_args()
    prepare_forks()
    records = []
    for processes in args.processes:
        with tempfile.TemporaryDirectory() as folder:
            records.append(
                soak(Path(folder), args.kills, args.seed, processes))
        print(table(records[-1]), end='\n\n', flush=True)
    if args.json:
        args.json.write_text(json.dumps(records))


if __name__ == '__main__':
    main()
