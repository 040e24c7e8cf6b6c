#!/usr/bin/env python
# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Write ``docs/recipes.md``: every constant of every recipe, from its config.

Give it in the root of the repository, after a change of a config. With
``--check`` it writes nothing and ends with 1 if the document is out of date.
Numbers come from the resolved configs and from the defaults of the losses;
what stands in ``SOURCES``, ``AT_TEST`` and ``DIFFERS`` comes from reading the
codes of the methods.
"""
import argparse
import inspect
import re
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.registry import HOOKS, MODELS

from mmcurv.engine.config_options import merged_config
from mmcurv.engine.stages.config import stage_config

ROOT = Path(__file__).parents[1]
DOCUMENT = 'docs/recipes.md'
CIFAR10 = 'configs/_base_/datasets/cifar10_lt.py'
LDAM, BAGS = 'LDAM code', 'Bag of Tricks code'
PAPER = 'paper of CR'
# What the recipe of a config is that of, and the epoch that the code reports.
SOURCES = dict(
    ce=LDAM,
    focal=LDAM,
    cb_focal='LDAM code, loss of the CB code',
    ldam=LDAM,
    ldam_drw=LDAM,
    balanced_softmax='Balanced Meta-Softmax code',
    lade='LADE code',
    tde='TDE code',
    bbn='BBN code',
    mbj='LDAM code, our reading of MBJ',
    ce_cmo='CMO code',
    ldam_drw_cmo='CMO code',
    ride='RIDE code',
    ride_cmo='RIDE and CMO code',
    ride_ea='RIDE code',
    gcl='GCL code',
    gcl_stage2='GCL code',
    crt='LDAM code, then decoupling code',
    lws='LDAM code, then decoupling code',
    tau_norm='LDAM code, then decoupling code',
    disalign='LDAM code, then DisAlign code',
    mislas='MiSLAS code',
    paco='PaCo code',
    dive=BAGS,
    ofa='LDAM code, then an unofficial code')
LARGE_SOURCES = dict(
    ce='decoupling code', ldam_drw="a survey's code", disalign='DisAlign code')
AT_TEST = dict(
    ldam='cosines, no margin',
    ldam_drw='cosines, no margin',
    ldam_drw_cmo='cosines, no margin',
    balanced_softmax='z, no prior',
    lade='z, no prior',
    tde='z less the part along the moving feature',
    bbn='one image in both branches, alpha = 1/2',
    ride='mean of the experts',
    ride_cmo='mean of the experts',
    ride_ea='mean of the experts that the gates ask for',
    gcl='cosines, no noise',
    gcl_stage2='cosines, no noise, no margin',
    lws='s z',
    tau_norm='w / norm^tau, no bias, tau the best on the test images',
    disalign='calibrated z',
    mislas='s z',
    paco='linear head, no prior',
    dive="the student's z, no prior")
BEST = 'The code reports the epoch that is best on the test images.'
BEST_VAL = 'The code keeps the epoch that is best on other validation images.'
SUBSET = 'The code does not fix the long-tailed subset.'
STAGE = 'No recipe for CIFAR: epochs are the share that its code has of 90.'
TUNED = 'No recipe for CIFAR-10-LT: constants of CIFAR-100-LT.'
AUTO = ("AutoAugment is mmpretrain's: colours take RGB for BGR, rotations go "
        'both ways.')
NO_CODE = 'No code for these data; recipe of the paper of CR.'
QUEUE = 'Keys are not shuffled among processes; the queue starts empty.'
ONE_GPU = 'The bound of a class is estimated from the images of one GPU.'
THREE = 'The code has three experts without a teacher.'
OF_MISLAS = [
    'An epoch of stage 2 has a batch more in the code.',
    'Its Head, Middle and Tail are other classes.'
]
# Numbered below each table. A key of a file wins over that of its method.
DIFFERS: Dict[str, List[str]] = dict(
    ce=[BEST],
    focal=[BEST],
    cb_focal=[
        'Batch and schedule of the LDAM code; that of the CB code is the '
        'same in TensorFlow, with another shortcut in the network.'
    ],
    ldam=[BEST],
    ldam_drw=[BEST],
    balanced_softmax=[
        AUTO, SUBSET,
        'The code has imbalance 200 only; the others follow its rule.'
    ],
    lade=[TUNED, SUBSET],
    tde=[SUBSET],
    bbn=[BEST],
    mbj=['No code is public: memory, start and weights are our reading.'],
    ce_cmo=[BEST],
    ldam_drw_cmo=[BEST],
    ride=[
        BEST, 'The code has CIFAR-100-LT at imbalance 100 only, with three '
        'experts.'
    ],
    ride_distill_resnet32=[
        'The teacher evaluates; that of the code is left in training mode.',
        'The code has three experts.'
    ],
    ride_cmo=['No code of the combination; each half has its constants.'],
    ride_ea=[
        'Images of a class are drawn with replacement, in the code in turn.'
    ],
    gcl=[BEST],
    gcl_stage2=[BEST],
    crt=[STAGE],
    lws=[STAGE],
    tau_norm=[
        'tau is chosen on the test images, in the code on validation images.'
    ],
    disalign=[STAGE],
    mislas=[
        BEST, *OF_MISLAS,
        'Nothing is known for imbalance 200, which has the constants of 100.'
    ],
    paco=[
        BEST, AUTO, TUNED,
        'The last layer of the queries starts as PyTorch has it, in the code '
        'normal with sqrt(2 / fan in).', QUEUE
    ],
    dive=['The teacher is that of the last epoch, as in the code.'],
    ofa=[
        'No official code; the unofficial one gives all tail images of a '
        'batch the first label, ours does not.'
    ])
LARGE_DIFFERS: Dict[str, List[str]] = dict(
    ce_resnext50=[BEST_VAL],
    ce=[BEST],
    ldam_drw=[
        'The code has a linear classifier and subtracts 30 m from its '
        'scores; ours is the cosine classifier of LDAM.'
    ],
    bbn=[BEST],
    lade_resnext50=[BEST_VAL, ONE_GPU],
    lade=[BEST, ONE_GPU],
    ride_resnext50=[BEST_VAL, THREE],
    ride=[BEST, THREE],
    ride_cmo=['No code of the combination; each half has its constants.'],
    disalign=[
        'The classifier of its framework is taken to start as that of '
        'Detectron2 does; that code was not read.'
    ],
    mislas_resnext50=[BEST, 'ResNeXt-50, in the code ResNet-50.', *OF_MISLAS],
    mislas=[BEST, *OF_MISLAS],
    paco=[
        BEST, "Images move by OpenCV, half a pixel off the code's Pillow.",
        QUEUE
    ])
# Arguments that are said elsewhere or of no weight.
SKIPPED = ('in_channels', 'num_classes', 'loss_weight', 'cal_acc', 'teacher')
COLUMNS = ('method', 'source', 'network', 'loss and constants', 'optimizer',
           'rate', 'epochs', 'batch', 'weight decay', 'images', 'sampler',
           'initialization', 'at test', 'differs')
HEAD = '''\
# Recipes, constant by constant

What each config trains, and what still differs from the code of its method.
The tables are made of the resolved configs by `.dev_scripts/recipes.py`; do
not edit them. One row is a method on a data set; `1:` and `2:` are its stages,
and a second stage says what it changes. Epochs count from 1.

All runs report the network after the last epoch. The common recipe on CIFAR is
the one of cross-entropy, and `--with configs/_base_/recipes/...` brings it, or
the paper's on the large sets, into the others: see
[configs/README.md](../configs/README.md). The configs for the bundled images
are ours, the common recipe at a tenth of its length, and not below.

Pixels are normalised by the mean and deviation of the column *images*, on
CIFAR by (0.4914, 0.4822, 0.4465) and (0.2023, 0.1994, 0.2010). Test images of
224 pixels: the shorter side 256, then the central crop. `d` is the length of
the feature, `z` are its scores. Under *initialization* a root is a standard
deviation of normal numbers, and *last norms* is the scale of the last batch
norm of each block.
'''


def main(argv: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--check', action='store_true')
    check = parser.parse_args(argv).check
    path, text = ROOT / DOCUMENT, document()
    if path.is_file() and path.read_text(encoding='utf-8') == text:
        return 0
    if check:
        print(f'{DOCUMENT} is out of date; give "python '
              '.dev_scripts/recipes.py"')
        return 1
    path.write_text(text, encoding='utf-8')
    print(f'written: {DOCUMENT}')
    return 0


def document() -> str:
    """Text of the document, from the configs as they are."""
    init_default_scope('mmpretrain')
    found = sorted(
        path for path in (ROOT / 'configs').glob('*/*.py')
        if not path.stem.endswith('_cr') and path.parent.name != '_base_')
    parts = [HEAD, '\n## CIFAR-10-LT and CIFAR-100-LT, imbalance 100\n']
    cifar = [path for path in found if 'cifar100-lt' in path.stem]
    parts.append(table(cifar, DIFFERS, SOURCES, both_cifar_sets))
    parts.append(by_imbalance(cifar))
    for title, word in (('ImageNet-LT', 'imagenet-lt'), ('iNaturalist 2018',
                                                         'inaturalist2018')):
        parts.append(f'\n## {title}\n')
        large = [path for path in found if word in path.stem]
        parts.append(
            table(large, LARGE_DIFFERS, dict(SOURCES, **LARGE_SOURCES),
                  lambda path: row(merged_config(str(path)))))
    return '\n'.join(parts)


def table(paths: List[Path], differs: Dict[str, List[str]],
          sources: Dict[str, str], cells_of: Callable[[Path],
                                                      Dict[str, str]]) -> str:
    lines = [f'| {" | ".join(COLUMNS)} |', '|' + '---|' * len(COLUMNS)]
    notes: List[str] = []
    for path in paths:
        method = path.parent.name
        paper = path.stem.endswith('_paper')
        sentences = [NO_CODE] if paper else differs.get(
            path.stem.rpartition('_')[0], differs.get(method, []))
        for one in sentences:
            if one not in notes:
                notes.append(one)
        marks = ', '.join(str(notes.index(one) + 1) for one in sentences)
        link = path.relative_to(ROOT).as_posix()
        cells = dict(
            cells_of(path),
            method=f'[{path.stem.partition("_res")[0]}](../{link})',
            source=PAPER if paper else sources[method],
            differs=marks)
        cells['at test'] = AT_TEST.get(method, 'z')
        lines.append(f'| {" | ".join(cells[key] for key in COLUMNS)} |')
    lines.append('')
    lines += [f'{i}. {one}' for i, one in enumerate(notes, 1)]
    return '\n'.join(lines)


def both_cifar_sets(path: Path) -> Dict[str, str]:
    hundred = row(merged_config(str(path)))
    ten = row(merged_config(str(path), with_files=[CIFAR10]))
    for key, value in hundred.items():
        known = pieces(value)
        other = [one for one in pieces(ten[key]) if one not in known]
        if other:
            hundred[key] += f'<br>CIFAR-10-LT: {", ".join(other)}'
    return hundred


def pieces(text: str) -> List[str]:
    """What stands between commas, semicolons and the ends of lines, once."""
    # The brackets of arguments, not those of a formula.
    text = re.sub(r'\b[A-Z]\w+\(([^()]*)\)', r'\1', text)
    parts = re.split(r'<br>|; |, ', text)
    return [*dict.fromkeys(re.sub(r'^\d: ', '', one) for one in parts)]


def by_imbalance(paths: List[Path]) -> str:
    lines = [
        '\n### What other imbalances change\n',
        '| method | data | imbalance | changes |', '|---|---|---|---|'
    ]
    for path in paths:
        for one in Config.fromfile(path).get('recipe_of', []):
            if 'imbalance_factor' in one:
                said = ', '.join(f'`{key}={value}`'
                                 for key, value in leaves(one.changes))
                lines.append(f'| {path.parent.name} | CIFAR-{one.classes}-LT '
                             f'| {one.imbalance_factor} | {said} |')
    return '\n'.join(lines + [''])


def leaves(value: Any, key: str = '') -> List[tuple]:
    if not isinstance(value, dict):
        return [(key, value)]
    return [
        leaf for inner, one in value.items()
        for leaf in leaves(one, f'{key}.{inner}' if key else inner)
    ]


def row(cfg: Config) -> Dict[str, str]:
    """Cells of a config, of each of its stages."""
    stages = [
        stage_config(cfg, i) for i in range(len(cfg.get('stages') or []))
    ]
    cells = [cells_of_stage(stage) for stage in stages or [cfg]]
    first = cells[0]
    for i, later in enumerate(cells[1:], 2):
        for key, value in later.items():
            if value != cells[0][key]:
                mark = '' if first[key].startswith('1: ') else '1: '
                first = dict(first,
                             **{key: f'{mark}{first[key]}<br>{i}: {value}'})
    if stages and cfg.stages[1].get('freeze'):
        frozen = ', '.join(cfg.stages[1]['freeze'])
        norm = dict(train='go on', eval='stay')[cfg.stages[1]['norm']]
        first['network'] += f'<br>2: {frozen} frozen, statistics {norm}'
    return first


def cells_of_stage(cfg: Config) -> Dict[str, str]:
    if cfg.train_cfg.get('max_epochs') is None:  # nothing is trained
        none = dict.fromkeys(
            ('optimizer', 'rate', 'epochs', 'batch', 'weight decay', 'images',
             'sampler', 'initialization'), '–')
        return dict(
            none, **{'loss and constants': model(cfg)}, network=network(cfg))
    optimizer = cfg.optim_wrapper.optimizer
    name = optimizer.type
    if optimizer.get('momentum'):
        name += f' {optimizer.momentum:g}'
    if optimizer.get('nesterov'):
        name += ' Nesterov'
    scaled = paramwise(cfg, 'lr_mult', '{} at {:g} of it')
    unlike = paramwise(cfg, 'decay_mult', '{} times {:g}')
    loader = cfg.train_dataloader
    batch = f'{cfg.auto_scale_lr.base_batch_size}'
    if loader.get('drop_last'):
        batch += ', whole ones only'
    return {
        'network':
        network(cfg),
        'loss and constants':
        model(cfg),
        'optimizer':
        name,
        'rate':
        '; '.join([f'{optimizer.lr:g}', *schedule(cfg)] + scaled),
        'epochs':
        f'{cfg.train_cfg.max_epochs}',
        'batch':
        batch,
        'weight decay':
        ', '.join([f'{optimizer.weight_decay:g}'] +
                  unlike) if optimizer.get('weight_decay') else '0',
        'images':
        images(cfg),
        'sampler':
        sampler(loader.sampler, cfg),
        'initialization':
        initialization(cfg),
    }


def paramwise(cfg: Config, key: str, words: str) -> List[str]:
    keys = (cfg.optim_wrapper.get('paramwise_cfg')
            or {}).get('custom_keys', {})
    return [
        words.format(name, one[key]) for name, one in keys.items()
        if key in one
    ]


def schedule(cfg: Config) -> List[str]:
    """Words for the parameter schedulers, with the closed form of waves."""
    words, drops = [], []
    for one in cfg.param_scheduler:
        if one.type == 'LinearLR' and one.get('end_factor', 1) == 0:
            words.append('linear to 0, step by step')
        elif one.type == 'LinearLR':
            words.append(f'warm-up from {one.start_factor:.4g} of it to all '
                         f'of it in epochs 1 to {one.end}')
        elif one.type == 'MultiStepLR':
            drops += [(m, one.get('gamma', 0.1)) for m in one.milestones]
        elif one.type == 'CosineAnnealingLR':
            words.append(wave(one))
        else:
            raise ValueError(f'no words for the scheduler {one.type}')
    factor = 1.
    for milestone, gamma in sorted(drops):
        factor *= gamma
        words.append(f'x {factor:.4g} from epoch {milestone + 1}')
    return words


def wave(one: Config) -> str:
    """A cosine in epoch e, which counts from 1."""
    shift = 1 + one.get('begin', 0) - (one.get('last_step', -1) + 1)
    inner = f'(e - {shift})' if shift else 'e'
    text = f'1/2 (1 + cos(pi {inner} / {one.T_max}))'
    return text + (f' from epoch {one.begin + 1}' if one.get('begin') else '')


def short(kind: str) -> str:
    return kind.rpartition('.')[2].rpartition('/')[2]


def constants(config: Dict[str, Any], kind: type, skip=()) -> str:
    """Arguments of a class that are numbers or words, defaults included."""
    said = []
    for name, one in inspect.signature(kind).parameters.items():
        value = config.get(name, one.default)
        if name not in skip and isinstance(value, (bool, int, float, str)):
            number = type(value) in (int, float)
            said.append(f'{name}={value:.4g}' if number else f'{name}={value}')
    return kind.__name__ + (f'({", ".join(said)})' if said else '')


def network(cfg: Config) -> str:
    body = cfg.model.backbone
    said = ', '.join(f'{name}={body[name]}'
                     for name in ('depth', 'num_experts') if name in body)
    return f'{short(body.type)}({said})'


def model(cfg: Config) -> str:
    """Loss, head and classifier, each with its constants."""
    head = cfg.model.head
    parts = [head.loss] + [head] * (head.type != 'LinearClsHead')
    parts += [cfg.model] * (cfg.model.type != 'ImageClassifier')
    words = [
        'CrossEntropyLoss' if one.type == 'CrossEntropyLoss' else constants(
            one, MODELS.get(one.type), SKIPPED) for one in parts
    ]
    hook = cfg.default_hooks.get('reweighting')
    if hook:
        words.append(constants(hook, HOOKS.get(hook.type)))
    return ', '.join(words)


def images(cfg: Config) -> str:
    data = cfg.train_dataloader.dataset
    words = transforms(data.get('pipeline') or data.dataset.pipeline)
    for name, hook in sorted(cfg.default_hooks.items()):
        if hook and name == 'mixup':
            words.append(f'mixup of Beta({hook.alpha:g}, {hook.alpha:g})')
        if hook and name == 'cmo':
            words.append(constants(hook, HOOKS.get(hook.type)))
    if 'imagenet' in str(data.get('type')).lower() or 'INat' in data.type:
        pixels = cfg.data_preprocessor
        words.append('mean {}, deviation {}'.format(*(', '.join(
            f'{one / 255:.3f}'
            for one in values) for values in (pixels.mean, pixels.std))))
    return '; '.join(words)


def transforms(pipeline: List[Any]) -> List[str]:
    words: List[str] = []
    for one in pipeline:
        kind = short(one.type)
        if kind == 'MultiView':
            words += [
                f'view {i}: ' + ', '.join(transforms(view))
                for i, view in enumerate(one.transforms, 1)
            ]
        elif kind == 'RandomApply':
            words.append(f'{", ".join(transforms(one.transforms))} with '
                         f'{one.prob:g}')
        elif kind in WORDS:
            words += [word for word in [WORDS[kind](one)] if word]
        else:
            raise ValueError(f'no words for the transform {one.type}')
    return words


def crop(one: Config) -> str:
    low, high = one.get('scale') if isinstance(
        one.get('scale'), (tuple, list)) else (0.08, 1)
    size = one.get('size', one.get('scale'))
    return f'crop of {low:g} to {high:g} resized to {size}'


def jitter(one: Config) -> str:
    values = ', '.join(f'{one.get(name, 0):g}'
                       for name in ('brightness', 'contrast', 'saturation',
                                    'hue'))
    return f'colours {values}'


def span(one: Config) -> str:
    low, high = one.magnitude_range
    return f'{low:g} to {high:g}'


WORDS: Dict[str, Callable[[Config], str]] = dict(
    LoadImageFromFile=lambda one: '',
    PackInputs=lambda one: '',
    NumpyToPIL=lambda one: '',
    PILToNumpy=lambda one: '',
    RandomCrop=lambda one: f'padded by {one.padding}, crop {one.crop_size}',
    RandomFlip=lambda one: f'flip {one.prob:g}',
    RandomHorizontalFlip=lambda one: 'flip 0.5',
    RandomResizedCrop=crop,
    ColorJitter=jitter,
    RandomGrayscale=lambda one: f'gray {one.p:g}',
    GaussianBlur=lambda one: f'blur {span(one)} with {one.prob:g}',
    Rotate=lambda one: f'turned by up to {one.magnitude_range[1]} degrees',
    AutoAugment=lambda one: f'AutoAugment, {len(one.policies)} pairs',
    ClippedCutout=lambda one: f'Cutout {one.length}, cut off at the border',
    RandAugment=lambda one:
    f'RandAugment, {one.num_policies} of {len(one.policies) // 2} ops at '
    f'{one.magnitude_level} ± {one.magnitude_std:g}')


def sampler(one: Config, cfg: Config) -> str:
    kind = short(one.type)
    words = dict(
        DefaultSampler='each image once',
        ClassAwareSampler='classes in turn, four of each',
        TailPartnerSampler='tail images with partners').get(kind)
    if kind == 'WeightedSampler':
        words = f'by class, {one.weights}'
    if words is None:
        raise ValueError(f'no words for the sampler {one.type}')
    second = cfg.default_hooks.get('second_batch')
    return words + (f', and a second batch, {second.weights}'
                    if second else '')


def initialization(cfg: Config) -> str:
    body, head = cfg.model.backbone, cfg.model.head
    if body.get('init_cfg', 0) is None:
        start = 'all as PyTorch has it'
    elif body.type.startswith('mmcurv') and 'ImageNet' not in body.type and (
            body.type.rpartition('.')[2]
            not in ('MultiExpertResNet', 'MultiExpertResNeXt')):
        start = 'convolutions sqrt(2 / fan in)'
    else:
        start = 'convolutions sqrt(2 / fan out)'
        start += f', last norms {int(not body.get("zero_init_residual"))}'
    return f'{start}, classifier {classifier_start(head)}'


def classifier_start(head: Config) -> str:
    init = head.get('init_cfg')
    kind = short(head.type)
    if kind == 'ExpertAssignmentHead':
        return 'as trained, gates sqrt(2 / fan in)'
    if kind in ('NormedLinearHead', 'MultiExpertHead'):
        return 'uniform, of norm 1'
    if init is None:
        return 'U(±1/sqrt(d))'
    if init.type == 'Normal':
        return f'normal {init.std:g}'
    if init.type.endswith(('KaimingWeight', 'Kaiming')):
        bias = init.get('bias_prob')
        return 'sqrt(2 / d)' + (f', bias of p = {bias:g}' if bias else '')
    raise ValueError(f'no words for the start {init}')


if __name__ == '__main__':
    sys.exit(main())
