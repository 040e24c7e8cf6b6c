# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Look at pages as people do: axe-core in headless Chromium.

Writes pages of example audits with 10, 100, 1,000 and 8,142 classes with long
names, opens each at 1,400 and 390 pixels, light and dark, and ends with 1 if
axe-core objects, the page is wider than the window, text is cut off or a
script fails; also if a printed page lacks a class. Neither is needed by
mmcurv; get them by::

    apt-get install chromium
    npm install --prefix /tmp/axe axe-core puppeteer-core
    python .dev_scripts/check_pages.py --modules /tmp/axe/node_modules
"""
import argparse
import os
import os.path as osp
import subprocess
import sys

HERE = osp.dirname(osp.abspath(__file__))
sys.path.insert(0, osp.dirname(HERE))

NAMES = ('Haliaeetus leucocephalus washingtoniensis (Audubon, 1827) juvenile '
         'plumage, second year, seen from below {}',
         'Animalia_Chordata_Aves_Accipitriformes_Accipitridae_{}', 'class {}')


def write_pages(out_dir, sizes):
    """Pages of example audits, and of a comparison for each size."""
    from mmcurv.audit.compare import compare
    from mmcurv.audit.report.compare_page import write_comparison
    from mmcurv.audit.report.report import write_report
    from tests.audit.example_audit import (example_audit, set_correct,
                                           with_diagnosis, with_layers)
    pages = []
    for size in sizes:
        names = [NAMES[c % 3].format(c) for c in range(size)]
        a, b = (example_audit(size, names=names, seed=seed) for seed in (0, 1))
        for audit in (a, b):
            set_correct(audit, [row['correct'] for row in audit['classes']])
        folder = osp.join(out_dir, str(size))
        pages.append(write_report(with_layers(with_diagnosis(a)), folder))
        pages.append(write_comparison(compare(a, b), folder))
    return pages


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('pages', nargs='*', help='instead of the examples')
    parser.add_argument('--modules', required=True)
    parser.add_argument('--chromium', default='/usr/bin/chromium')
    parser.add_argument('--out-dir', default='/tmp/mmcurv_pages')
    parser.add_argument(
        '--sizes', nargs='+', type=int, default=[10, 100, 1000, 8142])
    args = parser.parse_args()
    pages = args.pages or write_pages(args.out_dir, args.sizes)
    return subprocess.run(
        ['node',
         osp.join(HERE, 'check_pages.cjs'), args.out_dir, *pages],
        env=dict(os.environ, NODE_PATH=args.modules,
                 CHROMIUM=args.chromium)).returncode


if __name__ == '__main__':
    sys.exit(main())
