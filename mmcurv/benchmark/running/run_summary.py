# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What became of the runs, told when all has ended."""
import shlex
from typing import Dict, List, Sequence, Tuple

from .find_run import short_folder
from .planned_run import Ending


def summary_lines(endings: Sequence[Ending], done_before: int, total: int,
                  log_commands: Dict[str, List[str]]) -> List[Tuple[str, str]]:
    """Say what became of the runs, and how to see why one failed.

    Args:
        endings (Sequence[Ending]): Of this session.
        done_before (int): Runs that had ended before it.
        total (int): Runs asked for.
        log_commands (dict[str, list[str]]): By the name of a matrix, the
            command line that shows the log of the run which is added to it.

    Returns:
        list[tuple[str, str]]: Lines, each with its style.
    """
    failed = [ending for ending in endings if ending.kind == 'failed']
    done = done_before + sum(ending.kind == 'done' for ending in endings)
    left = total - done - len(failed)
    lines = []
    for ending in failed:
        spec = ending.run.spec
        lines.append((f'failed  {spec.name}: {ending.reason}', 'red'))
        command = shlex.join([*log_commands[spec.matrix], short_folder(spec)])
        lines.append((f'        {command}', ''))
    lines.append((f'{done} of {total} runs are done, {len(failed)} failed, '
                  f'{left} left', 'bold'))
    return lines
