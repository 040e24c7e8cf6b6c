# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One step of CR on one batch, without a run around it."""
import copy
import math
import warnings

import pytest
import torch
from mmpretrain.structures import DataSample
from torch.utils.data import ConcatDataset, Subset

from mmcurv.engine.curvature.step import CurvatureStep
from mmcurv.regularization import CurvatureBalancing
from tests.engine.shared_steps import run_steps

LABELS = [0, 1] * 8
COUNTS = [8, 8]
LOSS = torch.tensor(1.)


def samples(labels=LABELS, scores=None, numbered=True):
    made = []
    for i, label in enumerate(labels):
        info = dict(sample_idx=i) if numbered else {}
        made.append(DataSample(metainfo=info).set_gt_label(label))
        if scores is not None:
            made[-1].set_gt_score(scores[i])
    return made


def step(dataset=None,
         mixed='skip',
         pool=None,
         counts=COUNTS,
         loss=None,
         **curvature):
    made = CurvatureStep(mixed, pool, dict(k=6, **curvature), loss)
    made.prepare(counts, dataset)
    return made


@pytest.fixture
def features():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(len(LABELS), 4, generator=generator).requires_grad_()


def test_batch_is_pooled_without_a_term_before_the_start(features):
    cr = step()
    term, measures = cr(features, samples(), LOSS, 3, False)
    assert term is None
    assert measures == dict(objective=LOSS)
    assert cr.curvature.pool.fill().tolist() == COUNTS


def test_term_of_a_start_in_the_first_epoch_counts_the_batch_itself(features):
    term, measures = step()(features, samples(), LOSS, 10, True)
    assert term.item() == pytest.approx(math.log(10, 1e12), rel=1e-5)
    assert measures['objective'] == LOSS + term
    assert measures['curvature_left_out'] == 0
    term.backward()
    assert features.grad.any()


def test_logged_spread_is_that_of_the_classes(features):
    cr = step()
    _, measures = cr(features, samples(), LOSS, 10, True)
    log_g = cr.curvature.class_values()
    for name, values in dict(
            curvature=log_g.exp(), log_curvature=log_g).items():
        assert measures[f'{name}_mean'].item() == pytest.approx(
            values.mean().item(), rel=1e-5)
        assert measures[f'{name}_variance'].item() == pytest.approx(
            values.var(correction=0).item(), rel=1e-4)


def test_class_without_neighbours_is_left_out_and_counted(features):
    labels = [0] * 14 + [1, 1]
    _, measures = step(counts=[14, 2])(features, samples(labels), LOSS, 10,
                                       True)
    assert measures['curvature_left_out'] == 1
    assert measures['curvature_variance'] == 0


def test_batch_without_any_class_logs_nan_and_adds_nothing(features):
    mixed = torch.tensor([[0.6, 0.4]] * len(LABELS))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        term, measures = step()(features, samples(scores=mixed), LOSS, 10,
                                True)
    assert term == 0 and measures['objective'] == LOSS
    assert measures['curvature_left_out'] == 2
    assert measures['curvature_mean'].isnan()
    assert measures['curvature_variance'].isnan()


@pytest.mark.parametrize('dataset, addressing', [
    (None, 'index'),
    (Subset(range(16), range(16)), 'index'),
    (ConcatDataset([range(8), range(8)]), 'fifo'),
    (Subset(ConcatDataset([range(8), range(8)]), range(16)), 'fifo'),
])
def test_sets_that_share_numbers_take_a_queue(features, dataset, addressing):
    cr = step(dataset)
    cr(features, samples(), LOSS, 1, False)
    assert cr.curvature.pool.addressing == addressing


def test_samples_without_numbers_take_a_queue(features):
    cr = step()
    cr(features, samples(numbered=False), LOSS, 1, False)
    assert cr.curvature.pool.addressing == 'fifo'


def test_dominant_class_may_differ_from_that_of_the_image_before(features):
    cr = step(mixed='dominant')
    own = torch.eye(2)[LABELS]
    for share in (1., 0.3):
        scores = share * own + (1 - share) * (1 - own)
        cr(features, samples(scores=scores), LOSS, 1, False)
    assert cr.curvature.pool.fill().tolist() == COUNTS
    assert cr.curvature.pool.addressing == 'fifo'


def test_non_finite_features_are_counted_and_reported_once(features):
    cr = step()
    features = features.detach().clone()
    features[1] = torch.nan
    cr(features, samples(), LOSS, 1, False)
    assert [*cr.complaints()][0].startswith('1 features with NaN')
    assert [*cr.complaints()] == []


def test_non_finite_loss_is_left_out_and_reported_once(features):
    cr = step()
    term, _ = cr(features, samples(), LOSS * torch.inf, 10, True)
    assert term == 0
    assert ['left out in 1 steps' in text
            for text in cr.complaints()] == [True]
    assert [*cr.complaints()] == []


@pytest.mark.parametrize('mixed, told', [('skip', True), ('dominant', False)])
def test_epoch_of_mixed_images_alone_is_reported(features, mixed, told):
    scores = torch.tensor([[0.6, 0.4]] * len(LABELS))
    cr = step(mixed=mixed)
    for _ in range(2):
        cr(features, samples(scores=scores), LOSS, 1, False)
    assert any('All 32 images' in text for text in cr.complaints()) == told
    cr(features, samples(scores=scores), LOSS, 1, False)
    cr(features, samples(scores=torch.eye(2)[LABELS]), LOSS, 1, False)
    assert [*cr.complaints()] == []


def test_nothing_is_reported_before_the_first_batch():
    assert [*step().complaints()] == []


def test_more_features_than_labels_are_refused(features):
    with pytest.raises(RuntimeError, match='2 labels and 16 features'):
        step()(features, samples([0, 1]), LOSS, 1, False)


def test_state_continues_in_another_step(features):
    first, second = step(), step()
    first(features, samples(), LOSS, 10, True)
    second.load_state_dict(first.state_dict())
    terms = [
        cr(2 * features, samples(), LOSS, 10, True)[0]
        for cr in (first, second)
    ]
    assert torch.equal(*terms)
    assert torch.equal(first.curvature.log_curvature,
                       second.curvature.log_curvature)


def test_state_continues_where_only_the_use_of_what_is_remembered_changed(
        features):
    first, second = step(), step(live='batch')
    first(features, samples(), LOSS, 10, True)
    second.load_state_dict(first.state_dict())
    second(features, samples(), LOSS, 10, True)
    assert second.curvature.primed


@pytest.mark.parametrize('before', [False, True])
def test_state_of_features_normalized_otherwise_is_refused(features, before):
    first, second = step(normalize=before), step(normalize=not before)
    first(features, samples(), LOSS, 10, True)
    second.load_state_dict(first.state_dict())
    said = f"'normalize': {before}.*, not .*'normalize': {not before}"
    with pytest.raises(RuntimeError, match=f'(?s)does not fit.*{said}'):
        second(features, samples(), LOSS, 10, True)


def test_loss_may_be_the_balancing_one(features):
    options = dict(tau=100, max_weight=1e6)
    cr = step(loss=dict(type='mmcurv.CurvatureBalancing', **options))
    term, _ = cr(features, samples(), LOSS, 10, True)
    assert isinstance(cr.loss, CurvatureBalancing) and cr.loss.tau == 100
    assert term.item() == pytest.approx(math.log(10, 100), rel=1e-5)
    term.backward()
    log_g = cr.curvature.class_values()
    flattest = torch.tensor(LABELS) == log_g.argmin()
    assert (features.grad[flattest] == 0).all()
    assert features.grad[~flattest].any()


def test_pool_has_the_dtype_that_its_options_name(features):
    cr = step(pool=dict(dtype='bfloat16'))
    cr(features, samples(), LOSS, 1, False)
    assert cr.curvature.pool.features.dtype == torch.bfloat16


@pytest.fixture(scope='module')
def states():
    """By their addressing, after four steps."""
    return {
        addressing:
        run_steps(0, 1, [16],
                  dict(addressing=addressing))['step'].state_dict()
        for addressing in ('index', 'fifo')
    }


def put(name, place, value):

    def damage(state):
        state['curvature'][name][place] = value

    return damage


def replace(name, change):

    def damage(state):
        state['curvature'][name] = change(state['curvature'][name])

    return damage


DAMAGES = dict(
    part_missing=lambda state: state.pop('addressing'),
    part_of_another_type=lambda state: state.update(curvature=[1]),
    key_missing=lambda state: state['curvature'].pop('pool.slot'),
    no_tensor=replace('pool.arrived', torch.Tensor.tolist),
    another_dtype=replace('pool.image', torch.Tensor.float),
    float_capacity=replace('pool.capacity', torch.Tensor.float),
    too_few_features=replace('pool.features', lambda rows: rows[:-1]),
    too_few_curvatures=replace('log_curvature', lambda rows: rows[1:]),
    negative_arrivals=put('pool.arrived', 1, -2),
    too_few_arrivals=put('pool.arrived', 2, 5),
    nan_feature=put('pool.features', (4, 2), math.nan),
    infinite_features=put('pool.features', slice(0, 30), math.inf),
    slot_outside=put('pool.slot', 6, 40),
    image_outside=put('pool.image', 0, 10**6),
    image_twice=put('pool.image', 0, 1),
    slot_of_no_image=put('pool.slot', 0, -1))


@pytest.mark.parametrize('name', DAMAGES)
def test_damaged_state_is_told_with_what_to_do(states, name):
    state = copy.deepcopy(states['index'])
    DAMAGES[name](state)
    with pytest.raises(ValueError, match='(?s)is damaged.*Resume from an ear'):
        step().load_state_dict(state)


@pytest.mark.parametrize('pool', [
    dict(),
    dict(addressing='fifo'),
    dict(max_per_class=9),
    dict(addressing='fifo', max_per_class=2),
    dict(dtype='float16')
])
def test_state_that_a_run_leaves_is_sound(pool):
    step().load_state_dict(run_steps(0, 1, [16], pool)['step'].state_dict())


def test_state_of_no_pool_is_told():
    for state in (7, {}, dict(layers={})):
        with pytest.raises(ValueError, match='is damaged'):
            step().load_state_dict(state)
