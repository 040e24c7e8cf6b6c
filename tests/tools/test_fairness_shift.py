# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pandas as pd
import pytest

from mmcurv.audit.shift import FairnessShift
from tests.audit.test_shift import held_out
from tools.fairness_shift import main


@pytest.fixture(scope='module')
def arrays():
    return held_out(per_class=60)


def test_npz_gives_a_shift_a_curve_and_a_sentence(tmp_path, capsys, arrays):
    scores, labels, features = arrays
    np.savez(
        tmp_path / 'a.npz',
        scores=scores,
        labels=labels,
        features=features,
        train_counts=np.arange(1, 7),
        class_names=np.array(list('abcdef')))
    out, curve = tmp_path / 's.json', tmp_path / 'curve.csv'
    assert main([
        str(tmp_path / 'a.npz'), '--out',
        str(out), '--curve',
        str(curve), '--max-cost', '3'
    ]) == 0
    found = FairnessShift.load(out)
    assert found.class_names == tuple('abcdef')
    assert found.measure == 'relative_spread'
    assert len(pd.read_csv(curve)) == len(found.curve)
    said = ' '.join(capsys.readouterr().out.split())
    assert 'logit_adjustment' in said and 'unshifted' in said
    assert f'at strength {found.strength:g}' in said
    assert 'Hardest: a' in said or 'Hardest: b' in said


def test_installed_command_has_it_too(capsys):
    from mmcurv.cli import main as command
    assert command(['shift', 'nothing.npz']) == 2
    assert capsys.readouterr().err.startswith('mmcurv shift: nothing.npz')


def test_csv_with_columns_of_scores_is_enough(tmp_path, arrays):
    scores, labels, _ = arrays
    table = pd.DataFrame(scores, columns=[f'score_{c}' for c in range(6)])
    table.insert(0, 'label', labels)
    table.to_csv(tmp_path / 'a.csv', index=False)
    out = tmp_path / 's.json'
    assert main([str(tmp_path / 'a.csv'), '--out', str(out)]) == 0
    assert FairnessShift.load(out).measure == 'loss'


@pytest.mark.parametrize('change, arguments, message', [
    (dict(scores=None), [], 'expected scores, found labels'),
    (dict(), ['--keys', 'logits=scores'], 'KEY of labels, scores'),
    (dict(), ['--max-cost', '-1'], 'max_cost'),
    (dict(), ['--difficulty', 'purity'], 'needs features'),
    (dict(labels=np.zeros(360, int)), [], 'at least 20 images of each'),
])
def test_bad_input_ends_with_2_and_one_line(tmp_path, capsys, arrays, change,
                                            arguments, message):
    found = dict(scores=arrays[0], labels=arrays[1], **{})
    found.update(change)
    np.savez(tmp_path / 'a.npz', **{
        k: v
        for k, v in found.items() if v is not None
    })
    assert main([str(tmp_path / 'a.npz'), *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith('fairness_shift.py: ') and message in error
    assert 'Traceback' not in error
