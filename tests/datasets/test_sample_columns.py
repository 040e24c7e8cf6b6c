# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pickle
from multiprocessing.reduction import ForkingPickler

import pytest
import torch
from mmpretrain.structures import DataSample

from mmcurv.datasets.sample_columns import SampleColumns


def sample(label, **meta):
    return DataSample(metainfo=meta).set_gt_label(label)


def fields(one):
    return {name: str(value) for name, value in one.all_items()}


SAMPLES = [
    sample(c, sample_idx=10 + c, ori_shape=(4, 4), img_path=f'{c}.png')
    for c in range(5)
]


def test_samples_taken_are_those_put_in():
    taken = SampleColumns(SAMPLES).take([3, 0, 3])
    for one, i in zip(taken, [3, 0, 3]):
        assert type(one) is DataSample
        assert fields(one) == fields(SAMPLES[i])
        assert set(one.metainfo_keys()) == set(SAMPLES[i].metainfo_keys())
        assert set(one.keys()) == {'gt_label'}


def test_what_is_written_into_a_sample_stays_there():
    columns = SampleColumns(SAMPLES)
    first, twin = columns.take([2, 2])
    first.set_gt_score(torch.tensor([.5, .5]))
    first.set_gt_label(7)
    first.gt_label += 1
    first.set_metainfo(dict(sample_idx=99))
    for other in (twin, columns.take([2])[0]):
        assert fields(other) == fields(SAMPLES[2])
        assert 'gt_score' not in other
        assert 'num_classes' not in other


def test_samples_that_share_every_field_can_be_taken():
    columns = SampleColumns([DataSample(metainfo=dict(a=1))] * 3)
    assert [one.a for one in columns.take([0, 2])] == [1, 1]


def test_labels_of_different_lengths_and_objects_are_kept_one_by_one():
    samples = [sample([0], box=[1]), sample([0, 2], box=[1])]
    taken = SampleColumns(samples).take([1, 0])
    assert [one.gt_label.tolist() for one in taken] == [[0, 2], [0]]
    assert taken[0].box is not taken[1].box


def test_taken_samples_go_to_another_process():
    taken = SampleColumns(SAMPLES).take([4])
    copied, = pickle.loads(ForkingPickler.dumps(taken))
    assert fields(copied) == fields(SAMPLES[4])


@pytest.mark.parametrize('other, error', [
    (sample(0), ValueError),
    (dict(sample_idx=1), TypeError),
])
def test_a_sample_of_another_form_is_refused(other, error):
    with pytest.raises(error, match='item 5'):
        SampleColumns([*SAMPLES, other])


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match='at least one'):
        SampleColumns([])
