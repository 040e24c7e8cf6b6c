# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Compare two audits of the same classes: who gained, who paid, what moved.

Writes compare.json and compare.html, prints a summary, and exits with 1 if a
--fail-if holds or its number is not known, with 2 if the comparison cannot be
made of these files, with 3 after a crash.
"""
import argparse
import os.path as osp
import sys
import traceback

CRASHED = 3


def make_parser(prog=None):
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument('a', metavar='A', help='audit.json of the baseline')
    parser.add_argument('b', metavar='B', help='audit.json of the change')
    parser.add_argument(
        '--out-dir',
        metavar='DIR',
        help='folder for compare.json and compare.html; by default the '
        'folder of B')
    parser.add_argument(
        '--same-images',
        action='store_true',
        default=None,
        help='both list the same test images in one order, which neither '
        'data set, ids nor paths tell: compare image by image')
    parser.add_argument(
        '--fail-if',
        action='append',
        default=[],
        metavar='GATE',
        help="exit with 1 if this holds, e.g. 'class_mean<-1%%', 'paid>0' or "
        "'worst_class.b<0.2'; a bare name is the change B minus A, .a and .b "
        'are the two values; can be given several times')
    return parser


def main(argv=None, prog=None):
    args = make_parser(prog).parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):  # names may not fit the terminal
            stream.reconfigure(errors='replace')
    from rich.console import Console
    from rich.text import Text

    from mmcurv.audit.gates import comparison_names, failed, parse_gates
    from mmcurv.audit.records import read_audit
    from mmcurv.files import write_json
    console, errors = Console(), Console(stderr=True)
    try:
        gates = args.fail_if and parse_gates(args.fail_if, comparison_names())
        both = read_audit(args.a), read_audit(args.b)
        from mmcurv.audit.compare import compare
        from mmcurv.audit.report.compare_page import write_comparison
        from mmcurv.audit.report.terminal import comparison_summary
        comparison = compare(*both, same_images=args.same_images)
        lines = failed(gates, comparison)
        out_dir = args.out_dir or osp.dirname(osp.abspath(args.b))
        write_json(osp.join(out_dir, 'compare.json'), comparison)
        page = write_comparison(comparison, out_dir)
    except (OSError, ValueError) as error:
        # Soft wrapping: what is copied from the terminal stays in one piece.
        errors.print(
            Text(f'{prog or "compare.py"}: {error}', style='red'),
            soft_wrap=True)
        return 2
    except Exception:
        traceback.print_exc()
        return CRASHED
    console.print(comparison_summary(comparison))
    console.print(Text(f'Page: {page}'), soft_wrap=True)
    for line in lines:
        errors.print(Text(f'FAILED {line}', style='bold red'), soft_wrap=True)
    return 1 if lines else 0


if __name__ == '__main__':
    sys.exit(main())
