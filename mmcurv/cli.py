# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The command ``mmcurv``: the tools of an audit, for who installed a wheel."""
import sys
from importlib import util
from typing import List, Optional

from .files import did_you_mean, shipped_file
from .version import __version__

# Sub-command to its program in tools/, which has the same options.
TOOLS = dict(
    audit=('analyze_curvature', 'which classes a classifier fails, and why'),
    compare=('compare', 'two audits: who gained, who paid'),
    extract=('extract_features', 'features of a checkpoint'),
    figures=('plot_figures', 'figures of the paper'),
    shift=('fairness_shift', 'fairer scores without training'))
MISUSED = 2


def main(argv: Optional[List[str]] = None) -> int:
    """Run a sub-command.

    Args:
        argv (list[str], optional): Defaults to None: the command line.

    Returns:
        int: Exit code: 0, 1 for a gate that holds, 2 for input or use, 3
        for a crash.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if not words or words[0] in ('-h', '--help'):
        print('usage: mmcurv COMMAND ...\n')
        for name, (_, meaning) in TOOLS.items():
            print(f'  {name:8} {meaning}')
        print('\nmmcurv COMMAND --help tells the options of each.')
        return 0 if words else MISUSED
    if words[0] == '--version':
        print(__version__)
        return 0
    if words[0] not in TOOLS:
        print(
            f'mmcurv: {words[0]!r} is no command; '
            f'{did_you_mean(words[0], TOOLS)}',
            file=sys.stderr)
        return MISUSED
    name = TOOLS[words[0]][0]
    spec = util.spec_from_file_location(f'mmcurv_tool_{name}',
                                        shipped_file(f'tools/{name}.py'))
    tool = util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool.main(words[1:], prog=f'mmcurv {words[0]}')


if __name__ == '__main__':
    sys.exit(main())
