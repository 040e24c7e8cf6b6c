# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Draw figures of the paper from closed forms or from records of runs."""
import argparse
import os.path as osp
import sys

SOURCES = {
    None: 'closed forms',
    'run': 'work folders of runs, or a file of run histories',
    'audit': 'audit.json of several layers',
    'collection': 'the collection.json of a benchmark',
}
WRONG_INPUT = (OSError, ValueError)


def list_figures():
    """One line for each figure."""
    from mmcurv.paper_figures import FIGURES
    return '\n'.join(f'{name:6} {figure.caption}; from {SOURCES[figure.kind]}'
                     for name, figure in FIGURES.items())


def make_parser(prog=None):
    parser = argparse.ArgumentParser(
        prog=prog,
        description=__doc__,
        epilog='figures:\n' + list_figures(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'names',
        nargs='+',
        metavar='NAME',
        help='figures such as fig7; "list" shows them; "all" draws those that '
        'the records suffice for')
    parser.add_argument(
        '--records',
        nargs='+',
        default=[],
        metavar='PATH',
        help='what the figures are drawn from; NAME=PATH gives a run a name')
    parser.add_argument(
        '--out-dir',
        default='figures',
        help='folder of each picture (.png, .svg) and of the record that it '
        'was drawn from (.json)')
    return parser


def write(name, record, picture, out_dir):
    """Write a figure and its record; print where."""
    from mmcurv.audit.report.style import save_figure
    from mmcurv.files import write_json
    path = osp.join(out_dir, f'{name}.json')
    write_json(path, record)
    for path in [path, *save_figure(picture, out_dir, name)]:
        print(path)


def main(argv=None, prog=None):
    parser = make_parser(prog)
    args = parser.parse_args(argv)
    from mmcurv.paper_figures import FIGURES, choose_records
    if args.names == ['list']:
        print(list_figures())
        return 0
    every = args.names == ['all']
    names = list(FIGURES) if every else args.names
    try:
        chosen = choose_records(names, args.records)
    except WRONG_INPUT as error:
        parser.error(str(error))
    drawn = 0
    for name, paths in chosen.items():
        try:
            record = FIGURES[name].measure(paths)
            picture, _ = FIGURES[name].plot(record)
        except WRONG_INPUT as error:
            if not every:
                parser.error(f'{name}: {error}')
            print(f'{name} left out: {error}', file=sys.stderr)
            continue
        try:
            write(name, record, picture, args.out_dir)
        except OSError as error:
            parser.error(f'--out-dir {args.out_dir!r} cannot be written: '
                         f'{error}')
        drawn += 1
    if not drawn:
        parser.error('none of the figures could be drawn')
    return 0


if __name__ == '__main__':
    sys.exit(main())
