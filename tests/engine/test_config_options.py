# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import pytest
from mmengine.config import Config

from mmcurv.arguments import UsageError
from mmcurv.engine.config_options import check_options, merged_config, run_name
from mmcurv.engine.provenance import config_hash

CONFIG = """
data_preprocessor = dict(num_classes=100)
image_size = 32
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18),
    head=dict(
        type='NormedLinearHead',
        num_classes=100,
        in_channels=512,
        loss=dict(type='LDAMLoss')))
train_dataloader = dict(
    batch_size=128,
    dataset=dict(type='mmcurv.LongTailed', imbalance_factor=100))
param_scheduler = [dict(type='MultiStepLR', milestones=[160, 180])]
train_cfg = dict(max_epochs=200)
stages = [
    dict(name='a'),
    dict(name='b', weights='a', of=200,
         changes={'train_cfg.max_epochs': 10}),
]
"""
FACTOR = 'train_dataloader.dataset.imbalance_factor'
LENGTH = 'train_cfg.max_epochs'


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(name, text):
        (tmp_path / name).write_text(text)
        return name

    write('net-if100.py', CONFIG)
    return write


def merged(*args, **kwargs):
    return merged_config('net-if100.py', *args, **kwargs)


def test_config_without_switches_is_the_file(write):
    cfg = merged()
    assert cfg.train_cfg.max_epochs == 200
    assert 'switches' not in cfg
    assert cfg.filename.endswith('net-if100.py')


def test_files_are_merged_in_order_and_options_have_the_last_word(write):
    write('a.py', 'train_dataloader = dict(batch_size=1, num_workers=1)')
    write('b.py', 'train_dataloader = dict(batch_size=2, pin_memory=True)')
    cfg = merged({'train_dataloader.pin_memory': False},
                 with_files=['a.py', 'b.py'])
    loader = cfg.train_dataloader
    assert (loader.batch_size, loader.num_workers) == (2, 1)
    assert loader.pin_memory is False
    assert loader.dataset.imbalance_factor == 100


def test_delete_replaces_as_in_a_base(write):
    write(
        'net.py', 'model = dict(backbone=dict(_delete_=True, type="VGG"), '
        'head=dict(in_channels=4096))')
    cfg = merged(with_files=['net.py'])
    assert cfg.model.backbone.to_dict() == dict(type='VGG')
    assert cfg.model.head.in_channels == 4096
    assert cfg.model.head.loss.type == 'LDAMLoss'


def test_hooks_of_files_are_added_and_one_of_a_type_is_replaced(write):
    write('a.py', 'custom_hooks = [dict(type="A", k=1), dict(type="B")]')
    write('b.py', 'custom_hooks = [dict(type="A", k=2)]')
    hooks = merged(with_files=['a.py', 'b.py']).custom_hooks
    assert [dict(hook)
            for hook in hooks] == [dict(type='B'),
                                   dict(type='A', k=2)]


def test_cr_adds_one_hook_beside_others(write):
    write('a.py', 'custom_hooks = [dict(type="EMAHook")]')
    hooks = merged(with_files=['a.py'], cr=True).custom_hooks
    assert [hook['type']
            for hook in hooks] == ['EMAHook', 'mmcurv.FeaturePoolHook']


def test_cr_takes_the_file_that_the_config_names(write):
    write(
        'own.py', 'custom_hooks = [dict(type="mmcurv.FeaturePoolHook", '
        'tau_share=0.6)]')
    write('a.py', 'curvature_file = "own.py"')
    hook, = merged(with_files=['a.py'], cr=True).custom_hooks
    assert hook['tau_share'] == 0.6


def test_cr_over_cr_adds_no_second_hook_and_says_so(write):
    write(
        'a.py', 'custom_hooks = [dict(type="mmcurv.FeaturePoolHook", '
        'start_epoch=9)]')
    cfg = merged(with_files=['a.py'], cr=True)
    hook, = cfg.custom_hooks
    assert hook['start_epoch'] == 9
    assert 'no second one' in ' '.join(cfg.switches.notes)


def test_options_reach_into_the_hook_that_cr_adds(write):
    hook, = merged({'custom_hooks.0.loss.tau': 7}, cr=True).custom_hooks
    assert hook['loss']['tau'] == 7


def test_other_classes_name_both_places(write):
    write('seven.py', 'data_preprocessor = dict(num_classes=7)')
    with pytest.raises(UsageError) as error:
        merged(with_files=['seven.py'])
    for part in ('7 of seven.py', '100 of net-if100.py'):
        assert part in str(error.value)


def test_classes_of_both_places_may_be_changed_together(write):
    write(
        'seven.py', 'data_preprocessor = dict(num_classes=7)\n'
        'model = dict(head=dict(num_classes=7))')
    assert merged(with_files=['seven.py']).model.head.num_classes == 7


def test_other_image_size_names_both_places(write):
    write('net.py', 'network_size = 224\nmodel = dict(neck=None)')
    with pytest.raises(UsageError) as error:
        merged(with_files=['net.py'])
    for part in ('224 of net.py', '32 of net-if100.py'):
        assert part in str(error.value)


def test_network_for_32_pixels_takes_28(write):
    write('net.py', 'network_size = 28')
    assert merged(with_files=['net.py']).network_size == 28


@pytest.mark.parametrize(
    'head',
    ['dict(type="LinearClsHead")', 'dict(loss=dict(type="CrossEntropyLoss"))'])
def test_network_that_would_replace_the_head_of_the_method_is_refused(
        write, head):
    write('net.py', f'model = dict(backbone=dict(depth=50), head={head})')
    with pytest.raises(UsageError, match='net.py'):
        merged(with_files=['net.py'])


@pytest.mark.parametrize('text', ['model = dict(', 'model = 1 / 0'])
def test_broken_file_is_named(write, text):
    write('broken.py', text)
    with pytest.raises(UsageError, match='--with broken.py'):
        merged(with_files=['broken.py'])


def test_missing_files_are_named(write):
    with pytest.raises(UsageError, match='nope.py'):
        merged(with_files=['nope.py'])
    with pytest.raises(UsageError, match='absent.py'):
        merged_config('absent.py')


def test_file_that_puts_a_dict_over_a_number_is_refused(write):
    write('a.py', 'image_size = dict(height=32)')
    with pytest.raises(UsageError, match='--with a.py'):
        merged(with_files=['a.py'])


@pytest.mark.parametrize(
    'value',
    [0.5, 0, -1, float('nan'), float('inf'), '50x'])
def test_factor_out_of_range_is_refused(write, value):
    with pytest.raises(UsageError, match='at least 1'):
        merged({FACTOR: value})


def test_factor_of_a_set_that_takes_none_is_refused(write):
    write(
        'a.py', 'train_dataloader = dict(dataset=dict(_delete_=True, '
        'type="mmcurv.FashionMini"))')
    with pytest.raises(UsageError, match='FashionMini takes no'):
        merged({FACTOR: 50}, with_files=['a.py'])


RECIPES = """
recipe_of = [
    dict(classes=10, changes={'model.head.margin': 1}),
    dict(imbalance_factor=50, changes={'train_cfg.max_epochs': 520}),
    dict(classes=10, imbalance_factor=50,
         changes={'train_cfg.max_epochs': 464}),
]
"""
TEN = """
data_preprocessor = dict(num_classes=10)
model = dict(head=dict(num_classes=10))
"""


@pytest.fixture
def with_recipes(write):
    write('net-if100.py', CONFIG + RECIPES)
    write('ten.py', TEN)
    return write


def test_recipe_follows_the_data(with_recipes):
    assert merged().train_cfg.max_epochs == 200
    assert merged({FACTOR: 50}).train_cfg.max_epochs == 520
    cfg = merged({FACTOR: 50}, with_files=['ten.py'])
    assert (cfg.train_cfg.max_epochs, cfg.model.head.margin) == (464, 1)
    assert 'margin' not in merged().model.head


def test_recipe_does_not_stretch_the_schedule(with_recipes):
    cfg = merged({FACTOR: 50})
    assert cfg.param_scheduler[0].milestones == [160, 180]


def test_files_and_options_have_the_last_word_over_the_recipe(with_recipes):
    with_recipes('common.py', 'train_cfg = dict(max_epochs=200)')
    common = merged({FACTOR: 50}, with_files=['common.py'])
    assert common.train_cfg.max_epochs == 200
    assert merged({FACTOR: 50, LENGTH: 7}).train_cfg.max_epochs == 7


def test_options_for_the_hook_of_cr_pass_where_there_are_recipes(with_recipes):
    hook, = merged({'custom_hooks.0.loss.tau': 7}, cr=True).custom_hooks
    assert hook['loss']['tau'] == 7


def test_factor_without_a_recipe_of_its_own_is_told(with_recipes):
    notes = ' '.join(merged({FACTOR: 30}).switches.notes)
    assert '30' in notes and '50, 100' in notes


def test_resolved_config_holds_no_recipe_to_be_applied_again(with_recipes):
    assert 'recipe_of' not in merged({FACTOR: 50})


def test_length_scales_schedule_but_not_what_an_option_gives(write):
    cfg = merged({LENGTH: 20})
    assert cfg.param_scheduler[0].milestones == [16, 18]
    assert 'learning-rate schedule' in ' '.join(cfg.switches.notes)
    kept = merged({LENGTH: 20, 'param_scheduler.0.milestones': [3]})
    assert kept.param_scheduler[0].milestones == [3]


def test_length_of_a_stage_that_an_option_gives_is_what_it_says(write):
    cfg = merged({LENGTH: 20, 'stages.1.changes.train_cfg.max_epochs': 5})
    assert cfg.stages[1].changes['train_cfg']['max_epochs'] == 5
    assert 'of' not in cfg.stages[1]
    alone = merged({'stages.1.changes.train_cfg.max_epochs': 5})
    assert 'of' not in alone.stages[1]


def test_unknown_schedule_is_told(write):
    write('a.py', 'param_scheduler = [dict(type="StepLR", step_size=30)]')
    notes = ' '.join(merged({LENGTH: 20}, with_files=['a.py']).switches.notes)
    assert 'StepLR stays' in notes


def test_hash_is_that_of_the_result_not_of_the_way_to_it(write):
    write('a.py', 'train_dataloader = dict(batch_size=1)')
    by_file = merged(with_files=['a.py'])
    by_option = merged({'train_dataloader.batch_size': 1})
    assert config_hash(by_file) == config_hash(by_option)
    assert config_hash(by_file) != config_hash(merged())


def test_resolved_config_is_read_back_the_same(write, tmp_path):
    write('a.py', 'custom_hooks = [dict(type="A")]')
    cfg = merged({LENGTH: 20, FACTOR: 50}, with_files=['a.py'], cr=True)
    cfg.dump(tmp_path / 'dumped.py')
    again = merged_config('dumped.py')
    assert cfg.switches.pop('notes')  # said once, by the run that wrote it
    assert again.to_dict() == cfg.to_dict()


def test_run_is_named_after_config_factor_files_and_cr(write):
    write('a.py', 'train_dataloader = dict(batch_size=1)')
    cfg = merged({FACTOR: 50}, with_files=['a.py'], cr=True)
    assert run_name('x/net-if100.py', cfg) == 'net-if50_a_cr'
    assert run_name('x/net-if100.py', merged()) == 'net-if100'


def test_shipped_files_are_found_from_any_folder(write):
    cfg = merged(with_files=['configs/_base_/recipes/cifar_200e.py'])
    assert cfg.param_scheduler[1].gamma == 0.01


CFG = Config(
    dict(
        train_cfg=dict(by_epoch=True, max_epochs=2),
        param_scheduler=[dict(type='LinearLR', end=5)],
        my_own_key=1))


@pytest.mark.parametrize('key', [
    'train_cfg.max_epochs',
    'param_scheduler.0.end',
    'param_scheduler.0.begin',
    'optim_wrapper.clip_grad.max_norm',
    'load_from',
    'find_unused_parameters',
    'my_own_key',
])
def test_option_with_a_place_passes(key):
    check_options(CFG, {key: 1})


@pytest.mark.parametrize('key, message', [
    ('train_cgf.max_epochs', r'neither .* did you mean train_cfg'),
    ('qqq', r"neither the config nor the Runner has 'qqq'$"),
    ('param_scheduler.1.end', r'is a list; expected an index from 0 to 0'),
    ('param_scheduler.end', r"is a list; .* got 'end'"),
    ('my_own_key.deeper', r"my_own_key is 1 and has no part 'deeper'"),
    ('custom_hooks.0.start_epoch', r"has no list 'custom_hooks'"),
])
def test_option_that_leads_nowhere_is_refused(key, message):
    with pytest.raises(UsageError, match=f'--cfg-options {key}: .*{message}'):
        check_options(CFG, {key: 1})


@pytest.mark.parametrize('key, value', [
    ('optim_wrapper.optimizer.lr', float('nan')),
    ('optim_wrapper.optimizer.lr', float('inf')),
    ('train_dataloader.dataset.imbalance_factor', float('nan')),
    ('param_scheduler.0.end', float('nan')),
    ('optim_wrapper.optimizer.betas', (0.9, float('nan'))),
])
def test_number_that_is_none_is_refused(write, key, value):
    config = write(
        'a.py',
        'optim_wrapper = dict(optimizer=dict(lr=0.1, betas=(0.9, 0.99)))\n'
        'param_scheduler = [dict(type="LinearLR", end=5)]\n'
        'train_dataloader = dict(dataset=dict(type="A", imbalance_factor=2))')
    with pytest.raises(UsageError, match=f'{key}.*expected a finite number'):
        merged_config(config, {key: value})


def test_nan_of_a_config_is_refused_and_infinity_where_it_has_a_meaning_not(
        write):
    config = write('a.py', 'optim_wrapper = dict(lr=float("nan"))')
    with pytest.raises(UsageError, match='optim_wrapper.lr: expected a'):
        merged_config(config)
    key = 'optim_wrapper.clip_grad.max_norm'
    config = write('b.py', 'optim_wrapper = dict(lr=0.1)')
    cfg = merged_config(config, {key: float('inf')})
    assert cfg.optim_wrapper.clip_grad.max_norm == float('inf')


def test_data_set_that_would_inherit_the_images_of_another_is_refused():
    with pytest.raises(
            UsageError, match="FashionMini' would.*LongTailed.*its dataset"):
        merged_config(
            'configs/ce/ce_resnet32_cifar100-lt-if100.py',
            with_files=['configs/_base_/bundled.py'])
