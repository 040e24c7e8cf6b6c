# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The tools take every command line that a document shows, and the files of
the repository that it names are there."""
import contextlib
import functools
import io
import re
import shlex

import pytest

from tests.tools.tool_runs import ROOT, load_tool

DOCUMENTS = [
    ROOT / 'README.md', *sorted(ROOT.glob('docs/*.md')),
    *sorted(ROOT.glob('configs/**/README.md'))
]
TOOL = re.compile(r'(?:^|/)tools/(\w+)\.(py|sh)$')
OWN_FILE = re.compile(r'(configs|benchmarks|docs)/[\w./-]+\.\w+')
PYTHON = re.compile(r'([\w./]*/)?python[\d.]*|"?\$\{?PYTHON\}?"?')
SHELL_WORDS = {'do', 'then', 'else', '!', 'time', '{'}
ASSIGNMENT = re.compile(r'[A-Za-z_]\w*=')
# What a script gives to its program: of its own arguments, and before the
# rest.
SCRIPTS = dict(
    dist_train=('train', 2, lambda config, processes: [config]),
    dist_test=('test', 3,
               lambda config, weights, processes: [config, weights]),
    slurm_train=(
        'train', 4,
        lambda partition, job, config, folder: [config, '--work-dir', folder]),
    slurm_test=('test', 4,
                lambda partition, job, config, weights: [config, weights]))


def shell_lines(text):
    """(number, line) of each line in a block of code; joined where a line
    goes on in the next."""
    fence, begun = None, None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r'\s*(```+|~~~+)', line)
        if mark:
            fence, begun = None if fence else mark[1], None
        elif fence:
            number, line = (begun[0], begun[1] + line) if begun else (number,
                                                                      line)
            begun = (number, line[:-1]) if line.endswith('\\') else None
            if begun is None:
                yield number, line


def calls(line):
    """(tool, arguments) of each call in a line of a shell.

    Raises:
        ValueError: If the line names a tool in a form that is not known.
    """
    words = shlex.shlex(line, posix=True, punctuation_chars=';&|()<>')
    words.whitespace_split, words.commenters = True, '#'
    commands = [[]]
    for word in words:
        if re.fullmatch(r'[;&|()]+', word):
            commands.append([])
        else:
            commands[-1].append(word)
    for words in commands:
        places = [i for i, word in enumerate(words) if TOOL.search(word)]
        if not places:
            continue
        first = places[0]
        before = [
            word for word in words[:first]
            if word not in SHELL_WORDS and not ASSIGNMENT.match(word)
        ]
        name, kind = TOOL.search(words[first]).groups()
        python = [word for word in before if word != '-u']
        if before and (kind == 'sh' or len(python) != 1
                       or not PYTHON.fullmatch(python[0])):
            raise ValueError(f"cannot tell what {' '.join(before)!r} before "
                             f'{words[first]} does')
        arguments = words[first + 1:]
        for i, word in enumerate(arguments):
            if re.fullmatch(r'[<>&]+', word):
                arguments = arguments[:i]
                break
        if kind == 'sh':
            if name not in SCRIPTS:
                raise ValueError(f'no script tools/{name}.sh is known')
            name, count, own = SCRIPTS[name]
            if len(arguments) < count:
                raise ValueError(f'{words[first]} needs {count} arguments, '
                                 f'got {len(arguments)}')
            arguments = own(*arguments[:count]) + arguments[count:]
        yield name, arguments


@functools.lru_cache(None)
def parser_of(name):
    return load_tool(name).make_parser()


def refusal(text):
    """(number of commands, what is wrong with them) of a document."""
    count, wrong = 0, []
    for number, line in shell_lines(text):
        if not re.search(r'tools/\w+\.(py|sh)', line):
            continue
        try:
            found = list(calls(line))
            if not found:
                raise ValueError('names a tool but calls none')
            for name, arguments in found:
                count += 1
                for argument in arguments:
                    if OWN_FILE.fullmatch(argument):
                        (ROOT / argument).stat()
                said = io.StringIO()
                with contextlib.redirect_stderr(said):
                    parser_of(name).parse_args(arguments)
        except SystemExit:
            last = said.getvalue().splitlines()[-1]
            # A word in capitals is what a reader puts a name for.
            if not re.search(r"invalid choice: '[A-Z]+'", last):
                wrong.append((number, last))
        except (OSError, ValueError) as error:
            wrong.append((number, f'{error}: {line.strip()}'))
    return count, wrong


def test_every_command_of_the_documents_is_taken_by_its_tool():
    total, wrong = 0, []
    for path in DOCUMENTS:
        count, found = refusal(path.read_text(encoding='utf-8'))
        total += count
        wrong += [
            f'{path.relative_to(ROOT)}:{number}: {message}'
            for number, message in found
        ]
    assert total > 50
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('line, arguments', [
    ('python tools/compare.py a.json b.json  # why', ['a.json', 'b.json']),
    ("X=1 .venv/bin/python tools/compare.py a b --fail-if 'paid>0' > out",
     ['a', 'b', '--fail-if', 'paid>0']),
    ('for x in a b; do python tools/compare.py $x/*.json b; done',
     ['$x/*.json', 'b']),
    ('OMP_NUM_THREADS=1 tools/dist_train.sh c.py 2 --resume',
     ['c.py', '--resume']),
    ('tools/slurm_train.sh part job c.py dir --amp',
     ['c.py', '--work-dir', 'dir', '--amp']),
    ('cd x && bash -c true; python -u tools/test.py a b | tee log', ['a', 'b'
                                                                     ]),
])
def test_forms_of_a_call_are_understood(line, arguments):
    (_, found), = calls(line)
    assert found == arguments


@pytest.mark.parametrize('text, message', [
    ('```\npython tools/compare.py a\n```', 'required: B'),
    ('```\npython tools/compare.py a \\\n  b --fial-if x\n```', '--fial-if'),
    ('```\nlaunch tools/compare.py a b\n```', 'cannot tell'),
    ('```\nls "tools/compare.py a\n```', 'No closing quotation'),
    ('```\nrun mytools/compare.py=1 now\n```', 'calls none'),
    ('```\npython tools/nothing.py a\n```', 'nothing.py'),
    ('```\ntools/dist_test.sh a b\n```', 'needs 3 arguments'),
    ('```\npython tools/test.py configs/no.py b\n```', 'configs/no.py'),
])
def test_command_that_cannot_work_or_be_read_is_told(text, message):
    _, ((number, said), ) = refusal(text)
    assert number == 2 and message in said
