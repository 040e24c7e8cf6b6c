# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
import yaml

from mmcurv.benchmark.cards.edit_metafile import Generated, edit_metafile
from mmcurv.engine.config_options import UsageError
from tests.benchmark.kept_runs import IF100, METAFILE

TARGET = {'Paper Table': 'Table 1', 'Top 1 Accuracy': 70.3}
RESULTS = [
    dict(
        Task='Image Classification',
        Dataset='CIFAR-10-LT',
        Metrics={'Top 1 Accuracy': 71.25})
]
RESULTS_LINE = ('    Results: [{Task: Image Classification, Dataset: '
                'CIFAR-10-LT, Metrics: {Top 1 Accuracy: 71.25}}]')


def edit(text=METAFILE, target=TARGET, results=None):
    """Change the first of the two entries."""
    twin = dict(TARGET, **{'Top 1 Accuracy': 72.6})
    generated = {
        IF100: Generated(target, results),
        f'{IF100}_cr': Generated(twin, None)
    }
    return edit_metafile(text, generated, 'metafile.yml')


def test_file_that_is_up_to_date_stays_as_it_is():
    assert edit() == METAFILE


def test_results_replace_one_line_and_comments_stay():
    lines = METAFILE.split('\n')
    lines[lines.index('    Results: null')] = RESULTS_LINE
    edited = edit(results=RESULTS)
    assert edited == '\n'.join(lines)
    assert edit(edited, results=RESULTS) == edited
    assert edit(edited) == METAFILE


def test_target_comes_and_goes():
    line = '      Target: {Paper Table: Table 1, Top 1 Accuracy: 70.3}\n'
    without = edit(target=None)
    assert without == METAFILE.replace(line, '')
    assert edit(without) == METAFILE


def test_reason_of_a_doubtful_target_is_quoted_where_yaml_needs_it():
    target = dict(TARGET, Doubtful='a, b: #c {d} ± 1')
    edited = edit(target=target)
    assert yaml.safe_load(edited)['Models'][0]['Metadata']['Target'] == target
    assert len(edited.split('\n')) == len(METAFILE.split('\n'))


def test_value_over_several_lines_is_replaced_as_a_whole():
    block = """\
    Results:
      - Task: Image Classification
        Dataset: CIFAR-10-LT
        Metrics:
          Top 1 Accuracy: 60.0

  # About the twin.
"""
    text = METAFILE.replace('    Results: null\n', block, 1)
    assert edit(
        text, results=RESULTS) == text.replace(
            block, f'{RESULTS_LINE}\n\n  # About the twin.\n')
    same = text.replace('60.0', '71.25')
    assert edit(same, results=RESULTS) == same


@pytest.mark.parametrize('end', ['', '\n', '\n\n# The end.\n'])
def test_missing_keys_are_added_at_the_end_of_their_entry(end):
    text = METAFILE.replace('    Results: null\n', '').rstrip() + end
    edited = edit(text, results=RESULTS)
    models = yaml.safe_load(edited)['Models']
    assert [model['Results'] for model in models] == [RESULTS, None]
    assert edited.endswith(f'    Results: null{end}')


def test_two_keys_added_at_one_place_come_into_their_own_mappings():
    entry = """\
  - Name: ce_resnet32_cifar10-lt-if100
    Config: configs/ce/ce_resnet32_cifar10-lt-if100.py
    Metadata:
      Training Data: CIFAR-10-LT
"""
    edited = edit_metafile('Models:\n' + entry,
                           {IF100: Generated(TARGET, RESULTS)}, '')
    target = '      Target: {Paper Table: Table 1, Top 1 Accuracy: 70.3}'
    assert edited == f'Models:\n{entry}{target}\n{RESULTS_LINE}\n'


def test_anchors_of_the_author_are_understood():
    protocol = '{Epochs: 200, Main Number: last epoch}'
    text = METAFILE.replace(protocol, '*p').replace('*p', f'&p {protocol}', 1)
    text = text.replace(
        '      Target: {Paper Table: Table 1, Top 1 Accuracy: 72.6}\n', '')
    edited = edit(text)
    assert edited.count('Target: ') == 2
    assert yaml.safe_load(edited) == yaml.safe_load(METAFILE)


@pytest.mark.parametrize('text', [
    METAFILE.replace(
        """\
      Training Data: CIFAR-10-LT
      Imbalance Factor: 100
      Architecture: ResNet-32
      Protocol: {Epochs: 200, Main Number: last epoch}
      Switches: --with configs/_base_/datasets/cifar10_lt.py --cr
      Target: {Paper Table: Table 1, Top 1 Accuracy: 72.6}
""", '      {Training Data: CIFAR-10-LT}\n'),
    METAFILE.replace('Results: null', 'Results: *r').replace(
        '*r', '&r null', 1),
])
def test_file_that_cannot_be_edited_by_lines_is_refused(text):
    assert text != METAFILE
    with pytest.raises(UsageError, match='block style'):
        edit(text, results=RESULTS)
