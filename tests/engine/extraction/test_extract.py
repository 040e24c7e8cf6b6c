# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from PIL import Image

from mmcurv.arguments import UsageError
from mmcurv.audit.feature_bank import is_finished, load_bank
from mmcurv.datasets import split_fingerprint
from mmcurv.engine.extraction import extract
from mmcurv.engine.extraction.extract import bank_folder, extract_banks
from mmcurv.engine.extraction.images import (extract_features,
                                             train_set_as_tested)
from .toy_extraction import (COUNTS, PaintedImages, config_text, loader,
                             toy_model, write_checkpoint, write_config)

LAYERS = ('1/2', 'last')


@pytest.fixture
def toy(tmp_path):
    """Arguments of an extraction."""
    PaintedImages.read, PaintedImages.interrupt_at = 0, None
    config = write_config(tmp_path)
    yield dict(
        config=config,
        checkpoint=write_checkpoint(tmp_path, config),
        out_dir=str(tmp_path / 'features'))
    PaintedImages.interrupt_at = None


def banks_of(folders):
    return {key: load_bank(folder) for key, folder in folders.items()}


def loader_of(config):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return Runner.build_dataloader(config)


def test_train_bank_holds_the_unaugmented_features_in_order(toy):
    bank = banks_of(extract_banks(**toy))['head.fc', 'train']
    cfg = Config.fromfile(toy['config'])
    batches = loader_of(train_set_as_tested(cfg))
    features, labels = extract_features(
        toy_model(toy['config']), batches, 'head.fc')
    assert np.array_equal(bank.features, features.numpy())
    assert bank.labels.tolist() == labels.tolist()
    assert bank.class_names == ['class 0', 'class 1', 'class 2']
    assert bank.train_counts.tolist() == list(COUNTS)
    assert bank.metadata['fingerprint'] == split_fingerprint(batches.dataset)


def test_test_bank_holds_what_the_model_predicts(toy):
    bank = banks_of(extract_banks(**toy))['head.fc', 'test']
    model = toy_model(toy['config'])
    batches = loader_of(Config.fromfile(toy['config']).test_dataloader)
    with torch.no_grad():
        samples = [s for batch in batches for s in model.test_step(batch)]
    scores = torch.stack([sample.pred_score for sample in samples])
    assert bank.predictions.tolist() == scores.argmax(1).tolist()
    assert bank.confidence == pytest.approx(scores.amax(1).numpy())
    assert bank.labels.tolist() == [int(s.gt_label) for s in samples]
    assert bank.train_counts.tolist() == list(COUNTS)
    assert bank.paths is None


def test_metadata_says_where_the_features_are_from(toy):
    extract_banks(layers=LAYERS, **toy)
    bank = load_bank(bank_folder(toy['out_dir'], 'backbone.layer2.0', 'train'))
    expected = dict(
        source='checkpoint',
        config=toy['config'],
        checkpoint=toy['checkpoint'],
        epoch=3,
        iteration=12,
        model='ImageClassifier(mmcurv.CifarResNet, depth=8)',
        layer='backbone.layer2.0',
        side='output',
        pooling='avg',
        split='train')
    assert {name: bank.metadata[name] for name in expected} == expected
    assert len(bank.metadata['checkpoint_sha256']) == 64


def test_map_in_the_middle_is_pooled_as_asked(toy):
    model, maps = toy_model(toy['config']), []
    model.backbone.layer2[0].register_forward_hook(
        lambda module, args, output: maps.append(output))
    batches = loader_of(Config.fromfile(toy['config']).test_dataloader)
    with torch.no_grad():
        for batch in batches:
            model.test_step(batch)
    maps = torch.cat(maps)  # (6, 4, 4, 4)
    expected = dict(
        avg=maps.mean((2, 3)), max=maps.amax((2, 3)), flatten=maps.flatten(1))
    for pooling, rows in expected.items():
        folders = extract_banks(
            layers=['1/2'], splits=['test'], pooling=pooling, **toy)
        bank = load_bank(folders['backbone.layer2.0', 'test'])
        assert bank.features == pytest.approx(rows.numpy(), abs=1e-6)
    assert len(set(folders.values())) == 1


def test_every_layer_of_a_split_is_extracted_in_one_pass(toy):
    folders = extract_banks(layers=LAYERS, **toy)
    assert list(folders) == [('backbone.layer2.0', 'train'),
                             ('head.fc', 'train'),
                             ('backbone.layer2.0', 'test'),
                             ('head.fc', 'test')]
    assert PaintedImages.read == sum(COUNTS) + 6


def interrupt(toy, at, **more):
    PaintedImages.interrupt_at = at
    with pytest.raises(KeyboardInterrupt):
        extract_banks(**toy, **more)
    PaintedImages.interrupt_at, PaintedImages.read = None, 0


def test_interrupted_extraction_goes_on_and_ends_the_same(toy, tmp_path):
    whole = extract_banks(layers=LAYERS, **dict(toy, out_dir=str(tmp_path)))
    interrupt(toy, at=10, layers=LAYERS)
    assert not is_finished(bank_folder(toy['out_dir'], 'head.fc', 'train'))
    said = []
    resumed = extract_banks(layers=LAYERS, say=said.append, **toy)
    assert 'train, head.fc: goes on at image 8 of 15' in said
    assert PaintedImages.read == 15 - 8 + 6
    for key, folder in whole.items():
        a, b = load_bank(folder), load_bank(resumed[key])
        assert np.array_equal(a.features, b.features)
        assert np.array_equal(a.predictions, b.predictions)
        assert np.array_equal(a.confidence, b.confidence)
        assert np.array_equal(a.labels, b.labels)


def test_killed_process_loses_what_was_not_written_down(toy, monkeypatch):
    monkeypatch.setattr(extract, '_keep', lambda banks: None)
    interrupt(toy, at=10)
    monkeypatch.undo()
    extract_banks(splits=['train'], **toy)
    assert PaintedImages.read == 15


def test_finished_extraction_is_not_done_again(toy):
    extract_banks(**toy)
    said, PaintedImages.read = [], 0
    extract_banks(say=said.append, **toy)
    assert PaintedImages.read == 0
    assert said == [
        'last: input of head.fc',
        'train, head.fc: finished before, nothing to do',
        'test, head.fc: finished before, nothing to do'
    ]


def test_layer_asked_for_later_leaves_the_finished_one_alone(toy):
    folder = extract_banks(**toy)['head.fc', 'train']
    before = load_bank(folder).metadata['created']
    extract_banks(layers=LAYERS, splits=['train'], **toy)
    assert load_bank(folder).metadata['created'] == before
    assert PaintedImages.read == 2 * 15 + 6


def change_checkpoint(toy, tmp_path):
    write_checkpoint(tmp_path, toy['config'], seed=1)


def change_model(toy, tmp_path):
    toy['cfg_options'] = {'data_preprocessor.std': [60.]}


def change_pipeline(toy, tmp_path):
    toy['cfg_options'] = {
        'test_dataloader.dataset.pipeline': [
            dict(type='RandomFlip', prob=1., direction='vertical'),
            dict(type='PackInputs')
        ]
    }


def change_images(toy, tmp_path):
    text = config_text()
    changed = text.replace("'PaintedImages'", "'PaintedImages', 'seed': 5", 1)
    (tmp_path / 'toy.py').write_text(changed)


@pytest.mark.parametrize('interrupted', [True, False])
@pytest.mark.parametrize('change, reason', [
    (change_checkpoint, 'the checkpoint'),
    (change_model, 'the model or data set in the config'),
    (change_pipeline, 'the model or data set in the config'),
    (change_images, 'the model or data set in the config, the images or '
     'labels of the data set'),
])
def test_rows_of_something_else_are_never_used(toy, tmp_path, change, reason,
                                               interrupted):
    if interrupted:
        interrupt(toy, at=10, splits=['train'])
    else:
        extract_banks(splits=['train'], **toy)
    change(toy, tmp_path)
    said = []
    folders = extract_banks(splits=['train'], say=said.append, **toy)
    assert f'train, head.fc: starts anew, since {reason} changed' in said
    fresh = extract_banks(
        splits=['train'], **dict(toy, out_dir=str(tmp_path / 'fresh')))
    assert np.array_equal(
        load_bank(folders['head.fc', 'train']).features,
        load_bank(fresh['head.fc', 'train']).features)


def test_features_of_a_diverged_model_are_kept_as_nan(toy, tmp_path):
    state = toy_model(toy['config']).state_dict()
    state['backbone.layer3.0.conv2.weight'].fill_(float('nan'))
    write_checkpoint(tmp_path, toy['config'], state_dict=state)
    bank = banks_of(extract_banks(**toy))['head.fc', 'test']
    assert np.isnan(bank.features).all()
    assert bank.confidence is None


def test_train_counts_are_those_the_checkpoint_was_trained_on(toy, tmp_path):
    split = dict(class_counts=[90, 40, 2], fingerprint='0' * 64, dataset='X')
    write_checkpoint(tmp_path, toy['config'], mmcurv_split=split)
    said = []
    folders = extract_banks(say=said.append, **toy)
    bank = load_bank(folders['head.fc', 'test'])
    assert bank.train_counts.tolist() == [90, 40, 2]
    assert bank.metadata['train_fingerprint'] == '0' * 64
    assert any('not the one that the checkpoint was trained on' in line
               for line in said)


def missing_folder():
    return loader(
        dataset=dict(
            type='CustomDataset',
            data_prefix='no_such_folder',
            pipeline=[dict(type='PackInputs')]))


def test_machine_without_the_train_set_extracts_the_test_set(toy, tmp_path):
    toy['config'] = write_config(tmp_path, train_dataloader=missing_folder())
    said = []
    folders = extract_banks(splits=['test'], say=said.append, **toy)
    assert load_bank(folders['head.fc', 'test']).train_counts is None
    assert any('are not known' in line for line in said)


def test_progress_is_watched_from_where_it_goes_on(toy):
    interrupt(toy, at=10, splits=['train'])
    seen = []
    extract_banks(
        splits=['train'], watch=lambda *step: seen.append(step), **toy)
    assert seen == [('train', 8, 15), ('train', 12, 15), ('train', 15, 15)]


def test_classes_without_names_are_numbered(tmp_path):
    text = config_text().replace("'PaintedImages'",
                                 "'PaintedImages', 'named': False")
    (tmp_path / 'toy.py').write_text(text)
    config = str(tmp_path / 'toy.py')
    folders = extract_banks(
        config,
        write_checkpoint(tmp_path, config),
        splits=['test'],
        out_dir=str(tmp_path / 'out'))
    assert load_bank(folders['head.fc', 'test']).class_names == ['0', '1', '2']


HEAD = 'model.head.num_classes'
TEST_SET = 'test_dataloader.dataset'


@pytest.mark.parametrize('changes, words', [
    (dict(layers=['head.fcc']), "'head.fcc' is no layer.*'head.fc'"),
    (dict(pooling='mean'), "--pooling: expected one of avg, .* got 'mean'"),
    (dict(pooling='cls'), 'ImageClassifier has no class token'),
    (dict(splits=['val']), "--split: expected one of train, test, got 'val'"),
    (dict(device='warp:9'), '--device warp:9: '),
    (dict(checkpoint='gone.pth'), "checkpoint: expected a file.*'gone.pth'"),
    (dict(checkpoint='http://host/a.pth'), 'expected a local file'),
    (dict(config='gone.py'), "config: expected a file.*'gone.py'"),
    (dict(cfg_options={HEAD: 4}), r'does not fit the model.*2 of another '
     r'shape \(head.fc.weight \(3, 8\) there and \(4, 8\) here'),
    (dict(cfg_options={'test_dataloader': None}), 'has no test_dataloader'),
    (dict(cfg_options={f'{TEST_SET}.counts': (0, 0, 0)}), 'test set.*empty'),
    (dict(cfg_options={f'{TEST_SET}.counts': (1, 1, 1, 1)}),
     'the model scores 3 classes, but the data set has 4'),
    (dict(cfg_options={f'{TEST_SET}.color': 'red'}),
     "the test set of the config cannot be read.*'color'"),
    (dict(cfg_options={'model.backbone.depth': 9}),
     'the model of the config cannot be built.*got 9'),
])
def test_mistake_is_explained(toy, changes, words):
    with pytest.raises(UsageError, match='(?s)' + words):
        extract_banks(**dict(dict(toy, splits=['test']), **changes))


def test_folder_that_does_not_exist_is_named(toy, tmp_path):
    toy['config'] = write_config(tmp_path, test_dataloader=missing_folder())
    with pytest.raises(
            UsageError,
            match='(?s)the test set of the config cannot be read.*'
            'no_such_folder.*test_dataloader.dataset.data_root=FOLDER'):
        extract_banks(splits=['test'], **toy)


def test_images_without_labels_are_refused(toy, tmp_path):
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images' / 'a.png').write_bytes(b'')
    unlabelled = missing_folder()
    unlabelled['dataset'].update(
        with_label=False, data_prefix=str(tmp_path / 'images'))
    toy['config'] = write_config(tmp_path, test_dataloader=unlabelled)
    with pytest.raises(UsageError, match='has no usable labels'):
        extract_banks(splits=['test'], **toy)


def test_image_files_that_are_replaced_in_place_are_noticed(tmp_path):
    for name in ('a', 'b', 'c'):
        for i in range(3):
            (tmp_path / 'images' / name).mkdir(parents=True, exist_ok=True)
            image = np.full((8, 8), 20 * i + 90 * (name == 'b'), np.uint8)
            Image.fromarray(image).save(tmp_path / 'images' / name /
                                        f'{i}.png')
    dataset = dict(
        type='CustomDataset',
        data_prefix=str(tmp_path / 'images'),
        pipeline=[
            dict(type='LoadImageFromFile', color_type='grayscale'),
            dict(type='PackInputs')
        ])
    config = write_config(tmp_path, test_dataloader=loader(dataset=dataset))
    checkpoint = write_checkpoint(tmp_path, config)

    def said():
        lines = []
        extract_banks(
            config,
            checkpoint,
            splits=['test'],
            out_dir=str(tmp_path / 'out'),
            say=lines.append)
        return '\n'.join(lines)

    assert 'test, head.fc: 9 images' in said()
    assert 'finished before' in said()
    Image.fromarray(np.zeros(
        (8, 8), np.uint8)).save(tmp_path / 'images' / 'a' / '0.png')
    assert 'starts anew, since an image file' in said()


@pytest.mark.parametrize('order, words', [
    ('021', "first difference is class 1: 'class 2' of.*'class 1' of"),
    ('013', 'only checkpoint .* has class 3; only the .* has class 2'),
    ('01', "has 2 and .* has 3.*class 2: none of.*'class 2' of"),
])
def test_classes_of_the_checkpoint_are_compared_by_name(
        toy, tmp_path, order, words):
    names = [f'class {c}' for c in order]
    path = write_checkpoint(
        tmp_path,
        toy['config'],
        name='named.pth',
        meta=dict(epoch=3, iter=12, dataset_meta=dict(classes=names)))
    with pytest.raises(UsageError, match=words):
        extract_banks(**dict(toy, checkpoint=path, splits=['test']))
