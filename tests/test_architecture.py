# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Who imports whom, as docs/architecture.md says."""
import ast
import re
from pathlib import Path

import pytest

DOCUMENT = Path('docs/architecture.md')
ON_TOP = ('tools', 'tests', 'benchmarks')
OPENMMLAB = ('mmengine', 'mmpretrain', 'mmcv')
# What works on arrays and tensors of any program.
WITHOUT_OPENMMLAB = ('files', 'numbers', 'geometry', 'fairness',
                     'regularization', 'audit', 'cli')


@pytest.fixture(scope='module')
def rows():
    """Room to its row in the document."""
    found = re.findall(r'^\| (\d+) \| `(\w+)` \|', DOCUMENT.read_text(), re.M)
    return {room: int(row) for row, room in found}


@pytest.fixture(scope='module')
def imports():
    """(file, line, room or project that is imported), functions included."""
    return [(path, line, name)
            for path in sorted(Path('mmcurv').rglob('*.py'))
            if '.mim' not in path.parts for line, name in imported(path)]


def imported(path):
    """Line and name of what a file imports: 'mmcurv.<room>' or a project."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = path.parts[:len(path.parts) - node.level]
            module = node.module or ''
            if node.level:
                module = '.'.join([*above, *filter(None, [module])])
            modules = [f'{module}.{alias.name}' for alias in node.names]
        else:
            continue
        for module in modules:
            parts = module.split('.')
            own = parts[0] == 'mmcurv' and len(parts) > 1
            yield node.lineno, '.'.join(parts[:1 + own])


def room_of(path):
    return path.parts[1].removesuffix('.py')


def test_the_document_lists_every_room(rows):
    found = {
        path.stem
        for path in Path('mmcurv').iterdir()
        if path.suffix == '.py' or (path / '__init__.py').is_file()
    }
    assert set(rows) == found - {'__init__'}


def test_rooms_import_only_what_stands_above_them(rows, imports):
    wrong = []
    for path, line, name in imports:
        room, other = room_of(path), name.removeprefix('mmcurv.')
        if not name.startswith('mmcurv.') or other in (room, '__version__'):
            continue
        if room == '__init__' or other not in rows:
            if (room, other) != ('__init__', 'version'):
                wrong.append(f'{path}:{line} imports {name}')
        elif rows[other] >= rows[room]:
            wrong.append(f'{path}:{line} (row {rows[room]}) imports {name} '
                         f'(row {rows[other]})')
    assert wrong == []


def test_nothing_imports_what_stands_on_top(imports):
    assert [one for one in imports if one[2] in ON_TOP] == []


def test_arrays_are_measured_without_openmmlab(imports):
    assert [
        one for one in imports
        if one[2] in OPENMMLAB and room_of(one[0]) in WITHOUT_OPENMMLAB
    ] == []


def test_imports_are_found_wherever_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = Path('mmcurv/geometry/one.py')
    path.parent.mkdir(parents=True)
    path.write_text('from mmcurv import engine\nfrom .. import audit\n'
                    'def f():\n    import mmcurv.models.heads\n'
                    '    from ..benchmark.cli import main\n'
                    '    from . import frames\n    import torch.nn\n')
    assert sorted(imported(path)) == [(1, 'mmcurv.engine'),
                                      (2, 'mmcurv.audit'),
                                      (4, 'mmcurv.models'),
                                      (5, 'mmcurv.benchmark'),
                                      (6, 'mmcurv.geometry'), (7, 'torch')]


def test_files_of_the_document_exist():
    text = DOCUMENT.read_text()
    folder, missing = 'mmcurv', []
    for name in re.findall(r'`([\w./-]+(?:\.(?:py|csv|md)|/))`', text):
        places = [Path(name), Path('mmcurv', name), Path(folder, name)]
        found = [place for place in places if place.exists()]
        if not found:
            missing.append(name)
        elif found[0].is_file():
            folder = found[0].parent
    assert missing == []
