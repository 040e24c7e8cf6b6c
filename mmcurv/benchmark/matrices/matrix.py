# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A matrix: which methods are trained on which data with which seeds."""
from typing import Any, Dict, List, NamedTuple, Optional

from mmcurv.engine.config_options import UsageError
from .expand_matrix import expand_matrix
from .missing_configs import missing_configs
from .read_matrix import read_matrix
from .run_spec import RunSpec

ROOT = 'work_dirs/benchmark'


class Matrix(NamedTuple):
    """Which methods are trained on which data with which seeds.

    Attributes:
        name (str): Stem of the file, and folder of the runs.
        title (str): One line.
        about (str): Free text.
        paper_table (str, optional): Such as 'Table 1', if its cells are
            those of a table of the paper; several with commas.
        protocol (dict): ``epochs`` of the paper's protocol; may be empty.
        file (str): Path of the file.
        runs (list[RunSpec]): In the order of the table.
    """
    name: str
    title: str
    about: str
    paper_table: Optional[str]
    protocol: Dict[str, Any]
    file: str
    runs: List[RunSpec]


def load_matrix(path: str, root: str = ROOT) -> Matrix:
    """Read a matrix file and expand it to its runs.

    Args:
        path (str): Path of the file.
        root (str): Folder of all runs. Defaults to 'work_dirs/benchmark'.

    Returns:
        Matrix: The matrix.

    Raises:
        UsageError: If the file is no matrix, two runs are one, or a config
            does not exist; the message names the place in the file.
    """
    content = read_matrix(path)
    try:
        runs = expand_matrix(content, root)
    except UsageError as error:
        raise UsageError(f'{path}: {error}') from error
    missing = missing_configs(runs)
    if missing:
        lines = [f'  {config}: {reason}' for config, reason in missing]
        raise UsageError('\n'.join(
            [f'{path}: configs that do not exist:', *lines]))
    about = content['about'].strip()
    return Matrix(content['name'], content['title'], about,
                  content['paper_table'], content['protocol'], path, runs)
