# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Make a trained classifier fairer without training: shift its scores.

From the scores (and features) of a held-out split comes one number per class
to add to the scores of any image. Half of the split chooses it, the other
half says what it costs and brings, beside logit adjustment, fitted scalings
and, as a control, the same numbers dealt out to the wrong classes. Exits with
2 if the input does not do, with 3 if the program breaks.
"""
import argparse
import sys
import traceback

CRASHED = 3
# number -> (heading, unit, digits)
SHOWN = dict(
    overall=('overall', 100, 1),
    class_mean=('class mean', 100, 1),
    variance=('variance', 1000, 1),
    worst_tenth=('worst tenth', 100, 1))


def make_parser(prog=None):
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'file',
        help='.csv, .parquet, .npz, .safetensors, .pt with labels and scores '
        '(columns score_0, score_1, ... or score_<class>), and if known '
        'features, train_counts, class_names, weight_norms')
    parser.add_argument(
        '--keys',
        nargs='+',
        default=[],
        metavar='KEY=NAME',
        help='what the file calls an array, e.g. scores=logits')
    parser.add_argument(
        '--difficulty',
        choices=('relative_spread', 'purity', 'curvature', 'loss'),
        help='what makes a class hard; default: relative_spread with '
        'features, else loss')
    parser.add_argument(
        '--max-cost',
        type=float,
        default=0.5,
        metavar='POINTS',
        help='percentage points of overall accuracy that may be paid; '
        'default: 0.5')
    parser.add_argument(
        '--out',
        default='fairness_shift.json',
        metavar='FILE',
        help='default: fairness_shift.json; mmcurv.FairnessShiftHook and '
        'FairnessShift.load read it')
    parser.add_argument(
        '--curve',
        metavar='FILE',
        help='also write the whole trade-off of every method as CSV')
    parser.add_argument('--seed', type=int, default=0)
    return parser


def main(argv=None, prog=None):
    args = make_parser(prog).parse_args(argv)
    from rich.console import Console
    from rich.text import Text

    console, errors = Console(), Console(stderr=True)
    try:
        arrays = read(args.file, args.keys)
        from mmcurv.audit.shift import fairness_shift
        found = fairness_shift(
            arrays.pop('scores'),
            arrays.pop('labels'),
            difficulty=args.difficulty,
            max_cost=args.max_cost / 100,
            seed=args.seed,
            **arrays)
        found.save(args.out)
        if args.curve:
            found.curve.to_csv(args.curve, index=False)
    except (OSError, ValueError) as error:
        errors.print(
            Text(f'{prog or "fairness_shift.py"}: {error}', style='red'),
            soft_wrap=True)
        return 2
    except Exception:
        traceback.print_exc()
        return CRASHED
    console.print(table(found))
    console.print(Text(sentence(found)), soft_wrap=True)
    for note in found.notes:
        console.print(Text(note), soft_wrap=True)
    console.print(Text(f'Shift: {args.out}'), soft_wrap=True)
    return 0


def read(path, pairs):
    """Arrays of the file that the shift takes."""
    from mmcurv.audit.array_files import ALSO, read_arrays
    taken = ('labels', 'scores', 'features', 'train_counts', 'class_names',
             'weight_norms')
    odd = [pair for pair in pairs if pair.partition('=')[0] not in taken]
    if odd:
        raise ValueError(f'--keys: expected KEY=NAME with a KEY of '
                         f'{", ".join(taken)}, got {odd[0]!r}.')
    names = dict(pair.split('=', 1) for pair in pairs)
    found = read_arrays(path)
    for name in found:
        key = ALSO.get(name.lower(), name.lower())
        if key in taken and name not in names.values():
            names.setdefault(key, name)
    for key in dict.fromkeys(['labels', 'scores', *names]):
        name = names.get(key, key)
        if name not in found:
            raise ValueError(
                f'{path}: expected {name}, found {", ".join(sorted(found))}. '
                f'Say what it is called with --keys {key}=NAME.')
    return {key: found[name] for key, name in names.items()}


def table(found):
    """A row per method at its strength, and the scores as they are."""
    from rich import box
    from rich.table import Table
    rows = Table(
        title='On the images that nothing was chosen on: % and points, '
        'variance in 1/1000,\nchanges ± 95 % interval',
        box=box.SIMPLE,
        collapse_padding=True,
        pad_edge=False)
    rows.add_column('method', no_wrap=True)
    rows.add_column('at', justify='right', no_wrap=True)
    for heading, _, _ in SHOWN.values():
        rows.add_column(heading, justify='right', no_wrap=True)
    first = found.curve.iloc[0]
    rows.add_row(
        'unshifted', '',
        *(f'{unit * first[number]:.{digits}f}'
          for number, (_, unit, digits) in SHOWN.items()))
    for row in found.methods.to_dict('records'):
        cells = []
        for number, (_, unit, digits) in SHOWN.items():
            change = unit * row[f'{number}_change']
            half = unit * row[f'{number}_high'] - change
            cells.append(f'{change:+.{digits}f} ± {half:.{digits}f}')
        rows.add_row(row['method'], f'{row["strength"]:g}', *cells)
    return rows


def sentence(found):
    """What was chosen, and what it does."""
    row = found.methods.set_index('method').loc[found.measure]
    if not found.strength:
        return ('No strength above 0 makes the classes more equal within '
                'that cost: the shift is 0 for every class.')
    hardest = [found.class_names[c] for c in (-found.difficulty).argsort()[:3]]
    lower = 'lowers' if row.variance_change < 0 else 'raises'
    sure = row.variance_low <= 0 <= row.variance_high
    return (f'A shift by {found.measure} at strength {found.strength:g} '
            f'{lower} the variance of class accuracy by '
            f'{abs(row.variance_change):.4f}'
            f'{" (or not: the interval holds 0)" if sure else ""} and changes '
            f'overall accuracy by {100 * row.overall_change:+.1f} points. '
            f'Hardest: {", ".join(hardest)}.')


if __name__ == '__main__':
    sys.exit(main())
