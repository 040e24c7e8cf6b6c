# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The results of a method folder: its card in Markdown, and its metafile.

A row of a card is a config and its twin with CR; their numbers are those of
the runs that are kept in ``benchmarks/records``.
"""
import posixpath
import textwrap
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from metafile import MAIN_NUMBERS, ConfigEntry

from mmcurv.arguments import UsageError
from mmcurv.benchmark.collect import (check_alike, code_text, differences,
                                      means, run_table)
from mmcurv.benchmark.configs import key_hash
from mmcurv.benchmark.paper import PaperCell, objections, paper_target
from mmcurv.numbers import (ABSENT, clean, fixed, interval, is_known, listing,
                            plural, signed)

Run = Dict[str, Any]
Collections = Dict[str, Dict[str, Any]]
# How often a run measures, saves and prints, its seed and where it lies:
# what it learns does not depend on these.
NOT_THE_RECIPE = ('default_hooks.evaluation', 'default_hooks.geometry',
                  'default_hooks.checkpoint', 'default_hooks.logger',
                  'train_cfg.val_interval', 'randomness.seed', 'work_dir')
# What another matrix may name otherwise; here the row says it.
ONE_CELL = dict(
    method='',
    dataset='',
    imbalance_factor=None,
    model='',
    variant='',
    tau=None)
NOT_RUN, NOT_IN_PAPER, NO_CONFIG = 'not run', 'not in the paper', 'no config'
COLUMNS = ('data', 'imbalance', 'config', 'paper, plain', 'ours, plain',
           'paper, CR', 'ours, CR', 'ours, CR − plain')
EPOCH = dict(
    last='after the last epoch',
    best='of the best epoch, chosen on the images that it is reported on')
PAPER = ('The paper’s numbers are those of its {}; it does not say of which '
         'epoch, nor over how many seeds.')
OURS = ('Ours: mean ± half of the 95\u00a0% interval over n seeds, with '
        'Student’s t. CR − plain: mean difference of runs of the same seed, '
        'with its 95\u00a0% interval.')
WITH_CR = 'CR: the same config with the switch `--cr`.'
NO_RUNS = 'No run of these configs has been kept yet.'
CHANGED = ('trained with an earlier state of its config, whose hash is in '
           'the record')


class Side(NamedTuple):
    """A config, without or with CR, and its runs.

    Attributes:
        entry (ConfigEntry, optional): None for a config that is missing.
        file (str): Path of the collection of its runs; '' if there are none.
        runs (list[dict]): One of each seed.
        target (PaperCell, optional): What the paper prints.
        found: Mean of its overall accuracies in per cent, with ``low``,
            ``high``, ``n``; None without runs.
    """
    entry: Optional[ConfigEntry]
    file: str
    runs: List[Run]
    target: Optional[PaperCell]
    found: Any


class Row(NamedTuple):
    """A config and its twin.

    Attributes:
        plain (Side): Without CR.
        cr (Side): With CR.
        change: Twin minus config over their common seeds: ``difference``,
            ``low``, ``high``, ``n``; None unless both have runs.
    """
    plain: Side
    cr: Side
    change: Any


def card_rows(entries: Sequence[ConfigEntry],
              collections: Collections) -> List[Row]:
    """Put each config beside its twin, with the runs and numbers of both.

    Both take their runs from one collection if one has both, since a
    difference is that of CR only if all else is alike: from the one that has
    the most runs of the two, among equals from the newest.

    Args:
        entries (Sequence[ConfigEntry]): Of a metafile.
        collections (dict): Path of each kept file to its collection.

    Returns:
        list[Row]: In the order of the entries.

    Raises:
        UsageError: If a run does not follow the protocol of the metafile,
            runs differ in protocol, train split or config, or a config cannot
            be read.
    """
    twins: Dict[str, Dict[bool, ConfigEntry]] = {}
    for entry in entries:
        twins.setdefault(entry.name.removesuffix('_cr'), {})[entry.cr] = entry
    return [
        _row(pair.get(False), pair.get(True), collections)
        for pair in twins.values()
    ]


def _row(plain: Optional[ConfigEntry], cr: Optional[ConfigEntry],
         collections: Collections) -> Row:
    known = {
        path: (config_runs(plain, collection), config_runs(cr, collection))
        for path, collection in collections.items()
    }

    def rank(path: str) -> tuple:
        both = known[path]
        return (all(both), sum(map(len,
                                   both)), collections[path]['created'], path)

    ranked = sorted(known, key=rank, reverse=True)
    files, kept, named = [], [], []
    for side, entry in enumerate((plain, cr)):
        file = next((path for path in ranked if known[path][side]), '')
        files.append(file)
        kept.append(known[file][side] if file else [])
        for run in kept[-1]:
            name = f'{run["name"]} ({file})'
            _check_protocol(entry, run['record']['protocol'], name)
            named.append(dict(run, **ONE_CELL, cr=bool(side), name=name))
    found, change = _numbers(named)
    sides = [
        Side(
            entry, file, runs,
            paper_target(entry.dataset, entry.imbalance_factor, entry.model,
                         entry.method, entry.cr) if entry else None,
            found.get(bool(side)))
        for side, (entry, file,
                   runs) in enumerate(zip((plain, cr), files, kept))
    ]
    return Row(*sides, change)


def _numbers(runs: List[Run]) -> Tuple[Dict[bool, Any], Any]:
    if not runs:
        return {}, None
    table = run_table(runs)
    try:
        check_alike(table)
    except ValueError as error:
        raise UsageError(str(error)) from error
    found, changes = means(table), differences(table)
    found = found[(found.metric == 'overall') & (found.evaluation == 'main')]
    changes = changes[changes.metric == 'overall']
    return ({
        row.cr: row
        for row in found.itertuples()
    }, next(changes.itertuples(), None))


def config_runs(entry: Optional[ConfigEntry],
                collection: Dict[str, Any]) -> List[Run]:
    """Finished runs of a config as it is.

    They are of its file, or of the one that adds CR to it, with the same
    further files; and with all options but those of ``NOT_THE_RECIPE`` their
    config is that of the entry, whether ``--cr`` or the file adds CR, and
    whether an option repeats what the file says.

    Args:
        entry (ConfigEntry, optional): The config; None has no runs.
        collection (dict): Runs of a matrix with their records.

    Returns:
        list[dict]: The first one of each seed.

    Raises:
        UsageError: If the config of the entry cannot be read.
    """
    found: Dict[int, Run] = {}
    for run in collection['runs']:
        if (entry and run['state'] == 'done'
                and _plain_file(run['config']) == _plain_file(entry.config)
                and tuple(run['with_files']) == entry.with_files
                and _recipe_hash(run) == key_hash(entry.config, entry.options,
                                                  entry.with_files,
                                                  entry.cr_switch)):
            found.setdefault(run['seed'], run)
    return list(found.values())


def run_hash(run: Run) -> str:
    """Hash of what the config of a run, with switches and options, is today.
    """
    return key_hash(run['config'], run['options'], run['with_files'],
                    run['cr_switch'])


def _plain_file(config: str) -> str:
    return posixpath.normpath(config).replace('_cr.py', '.py')


def _recipe_hash(run: Run) -> Optional[str]:
    options = {
        key: value
        for key, value in run['options'].items()
        if not any(f'{key}.'.startswith(f'{known}.')
                   for known in NOT_THE_RECIPE)
    }
    try:
        return run_hash(dict(run, options=options))
    except UsageError:  # an option has no place in the config any more
        return None


def _check_protocol(entry: ConfigEntry, protocol: Dict[str, Any],
                    name: str) -> None:
    words = {value: key for key, value in MAIN_NUMBERS.items()}
    wanted = entry.epochs, words[entry.main]
    found = protocol.get('epochs'), words[protocol['main']]
    if found != wanted:
        raise UsageError(
            f'{entry.name}: its Protocol in metafile.yml is Epochs '
            f'{wanted[0]}, Main Number {wanted[1]}, but {name!r} has '
            f'{found[0]}, {found[1]}. Correct the metafile, or train the '
            'runs again and collect them.')


def generated(rows: Sequence[Row]) -> Dict[str, tuple]:
    """Target and Results of each config, as its metafile has them."""
    found = {}
    for side in (side for row in rows for side in row[:2] if side.entry):
        target = results = None
        if side.target:
            target = {
                'Paper Table': side.target.table,
                'Top 1 Accuracy': side.target.value
            }
            if side.target.doubtful:
                target['Doubtful'] = side.target.doubtful
        if side.found and is_known(side.found.mean):
            results = [{
                'Task': 'Image Classification',
                'Dataset': side.entry.dataset,
                'Metrics': {
                    'Top 1 Accuracy': round(side.found.mean, 2)
                }
            }]
        found[side.entry.name] = target, results
    return found


def card(rows: Sequence[Row], collections: Collections) -> str:
    """Write the card of a method folder.

    Args:
        rows (Sequence[Row]): Of :func:`card_rows`.
        collections (dict): Path of each kept file to its collection.

    Returns:
        str: Markdown: the table, then what its numbers are, notes on
        single ones, and where ours come from.
    """
    notes: List[str] = []

    def mark(text: str) -> str:
        if text not in notes:
            notes.append(text)
        return f' (note {notes.index(text) + 1})'

    lines = ['| ' + ' | '.join(COLUMNS) + ' |', '|---' * len(COLUMNS) + '|']
    for row in rows:
        entry = row.plain.entry or row.cr.entry
        factor = entry.imbalance_factor
        config = f'[`{entry.name}`]({posixpath.basename(entry.config)})'
        cells = [
            clean(entry.dataset).replace('|', r'\|'),
            ABSENT if factor is None else f'{factor:g}',
            config + f' `{entry.switches}`' * bool(entry.switches),
            *(text(side, mark) for side in row[:2]
              for text in (_paper, _ours)),
            _change(row)
        ]
        lines.append('| ' + ' | '.join(cells) + ' |')
    sides = [side for row in rows for side in row[:2]]
    main = next(side.entry for side in sides if side.entry).main
    about = [f'Top-1 accuracy in per cent on the test images, {EPOCH[main]}.']
    tables = dict.fromkeys(side.target.table for side in sides if side.target)
    if tables:
        about.append(PAPER.format(listing(tables)))
    if any(row.plain.entry and row.cr.entry for row in rows):
        about.append(WITH_CR)
    sources = _sources(sides, collections)
    about.append(OURS if sources else NO_RUNS)
    blocks = ['\n'.join(lines), _wrapped(' '.join(about))]
    if notes:
        blocks.append('\n'.join(
            _wrapped(f'Note {i}: {text}.', '- ')
            for i, text in enumerate(notes, 1)))
    if sources:
        blocks.append('\n'.join(_wrapped(text, '- ') for text in sources))
    return '\n\n'.join(blocks)


def _paper(side: Side, mark) -> str:
    if side.entry is None:
        return NO_CONFIG
    if side.target is None:
        return NOT_IN_PAPER
    text = fixed(1)(side.target.value)
    if side.target.doubtful:
        text += mark('the paper’s number is doubtful: '
                     f'{side.target.doubtful}')
    return text


def _ours(side: Side, mark) -> str:
    if side.entry is None:
        return NO_CONFIG
    if side.found is None:
        return NOT_RUN
    text, found = fixed(2)(side.found.mean), side.found
    if is_known(found.low):
        text += f' ± {fixed(2)((found.high - found.low) / 2)}'
    text += f' (n = {found.n})'
    # The metafile names the data; only the records know what was there.
    reasons = objections(side.target, side.entry,
                         [run['record']
                          for run in side.runs], {}) if side.target else []
    if reasons:
        text += mark(f'not comparable with the paper: {"; ".join(reasons)}')
    if any(run['config_hash'] != run_hash(run) for run in side.runs):
        text += mark(CHANGED)
    return text


def _change(row: Row) -> str:
    if row.plain.entry is None or row.cr.entry is None:
        return NO_CONFIG
    if row.change is None:
        return NOT_RUN
    if not row.change.n:
        return 'no common seed'
    ends = interval(row.change.low, row.change.high, signed)
    inside = [] if ends == ABSENT else [ends]
    return (f'{signed(row.change.difference)} '
            f'({", ".join([*inside, f"n = {row.change.n}"])})')


def _sources(sides: Sequence[Side], collections: Collections) -> List[str]:
    """What was taken from each kept file, and how to make it anew."""
    used: Dict[str, List[Run]] = {}
    for side in sides:
        if side.runs:
            used.setdefault(side.file, []).extend(side.runs)
    texts = []
    for file, runs in sorted(used.items()):
        seeds = sorted({run['seed'] for run in runs})
        codes = dict.fromkeys(code_text(run['record']) for run in runs)
        collection = collections[file]
        commands = [
            f'tools/benchmark.py run {collection["matrix"]["file"]}',
            collection['command']
        ]
        texts.append(
            f'`{file}`: {plural(len(runs), "run")}, '
            f'{"seed" if len(seeds) == 1 else "seeds"} '
            f'{listing(map(str, seeds))}, of {listing(codes)}. Commands: ' +
            ', then '.join(f'`{clean(text, 2000)}`'
                           for text in commands if text) + '.')
    return texts


def _wrapped(text: str, bullet: str = '') -> str:
    return textwrap.fill(
        text,
        79,
        initial_indent=bullet,
        subsequent_indent=' ' * len(bullet),
        break_long_words=False,
        break_on_hyphens=False)
