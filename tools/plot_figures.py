# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Draw a figure of the paper from closed forms or from records of runs."""
import argparse
import os.path as osp

from mmcurv.analysis.figure_style import save_figure
from mmcurv.analysis.paper_figures import FIGURES, find_figure
from mmcurv.atomic_write import write_json


def make_parser():
    lines = [
        f'  {name:6} {figure.caption}' +
        (f'; from {figure.inputs}' if figure.inputs else '')
        for name, figure in FIGURES.items()
    ]
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='figures:\n' + '\n'.join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', help='such as fig7, see below')
    parser.add_argument(
        'inputs',
        nargs='*',
        metavar='PATH',
        help='what the figure is drawn from; NAME=PATH gives a run a name')
    parser.add_argument(
        '--out-dir',
        default='figures',
        help='folder of the picture (.png, .svg) and of the record that it '
        'was drawn from (.json)')
    return parser


def main():
    parser = make_parser()
    args = parser.parse_args()
    try:
        figure = find_figure(args.name)
        record = figure.measure(args.inputs)
        picture, _ = figure.plot(record)
    except (FileNotFoundError, ValueError) as error:
        parser.error(str(error))
    path = osp.join(args.out_dir, f'{args.name}.json')
    write_json(path, record)
    for path in [path, *save_figure(picture, args.out_dir, args.name)]:
        print(path)


if __name__ == '__main__':
    main()
