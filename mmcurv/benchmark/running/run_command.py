# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The command line that trains one run."""
import sys
from typing import List, Optional

from mmcurv.benchmark.matrix import RunSpec, switch_words
from mmcurv.files import config_file, shipped_file
from .option_arguments import option_arguments


def run_command(spec: RunSpec, script: Optional[str] = None) -> List[str]:
    """The command line that trains a run from its start.

    Args:
        spec (RunSpec): What is trained, and where; with a config.
        script (str, optional): Training script. Defaults to None, which is
            ``tools/train.py``.

    Returns:
        list[str]: Program and arguments. With ``--resume CHECKPOINT`` at
        its end it goes on from there.

    Raises:
        UsageError: If an option cannot be put on a command line.
        FileNotFoundError: If there is no such config or script.
    """
    options = {**spec.options, 'randomness.seed': spec.seed}
    return [
        sys.executable, script or shipped_file('tools/train.py'),
        config_file(spec.config),
        *switch_words(spec.with_files, spec.cr_switch), '--work-dir',
        spec.folder, '--cfg-options', *option_arguments(options)
    ]
