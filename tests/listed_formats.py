# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tiny data sets in the files of ImageNet-LT, iNaturalist and SVHN."""
import json

import cv2
import numpy as np
from scipy.io import savemat

WNIDS = ('n01440764', 'n01443537', 'n01484850')
SPECIES = ('Insecta/0', 'Plantae/1', 'Aves/2')


def write_image(path, value=0):
    """An image of 4 x 4 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # PNG whatever the name says: decoders go by the content.
    data = cv2.imencode('.png', np.full((4, 4, 3), value, np.uint8))[1]
    path.write_bytes(data.tobytes())


def write_lines(path, pairs):
    """A list of ``path label``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{name} {label}\n' for name, label in pairs))


def imagenet_lt_pairs(counts=(4, 2, 1), split='train', flat=True):
    """Paths and labels of a split, as its published list names them."""
    pairs, number = [], 0
    for label, count in enumerate(counts):
        for i in range(count):
            number += 1
            wnid = WNIDS[label]
            if split == 'test':
                folder = 'val' if flat else f'val/{wnid}'
                name = f'{folder}/ILSVRC2012_val_{number:08d}.JPEG'
            else:
                offset = 100 if split == 'val' else 0
                name = f'train/{wnid}/{wnid}_{i + offset}.JPEG'
            pairs.append((name, label))
    return pairs


def write_imagenet_lt(root, counts=(4, 2, 1), flat_list=True, flat_disk=True):
    """ILSVRC with three lists; two validation and test images a class."""
    even = (2, ) * len(counts)
    for split, size in (('train', counts), ('val', even), ('test', even)):
        write_lines(root / f'ImageNet_LT_{split}.txt',
                    imagenet_lt_pairs(size, split, flat_list))
        for value, (name,
                    _) in enumerate(imagenet_lt_pairs(size, split, flat_disk)):
            write_image(root / name, value)


def inaturalist_pairs(counts=(3, 2, 1), split='train'):
    """Paths and labels of a split."""
    return [(f'train_val2018/{SPECIES[label]}/{split}{i}.jpg', label)
            for label, count in enumerate(counts) for i in range(count)]


def inaturalist_json(pairs, year=2018):
    """The record of a competition's JSON."""
    return dict(
        info=dict(year=year, version='1'),
        images=[
            dict(id=i + 50, file_name=name, width=4, height=4)
            for i, (name, _) in enumerate(pairs)
        ],
        categories=[
            dict(id=i, name=f'obfuscated {i}', supercategory=x.split('/')[0])
            for i, x in enumerate(SPECIES)
        ],
        annotations=[
            dict(id=i, image_id=i + 50, category_id=label)
            for i, (_, label) in enumerate(pairs)
        ],
        licenses=[])


def write_inaturalist(root, counts=(3, 2, 1), form='json'):
    """Images with the annotations of train and val, as JSON or as lists."""
    for split in ('train', 'val'):
        pairs = inaturalist_pairs(counts if split == 'train' else (1, ) * 3,
                                  split)
        for value, (name, _) in enumerate(pairs):
            write_image(root / name, value)
        if form == 'json':
            (root / f'{split}2018.json').write_text(
                json.dumps(inaturalist_json(pairs)))
        else:
            write_lines(root / f'iNaturalist18_{split}.txt', pairs)


def write_svhn(root, split='train', labels=(1, 2, 10), seed=0):
    """The MATLAB file of a split; images (N, 32, 32, 3) are returned."""
    root.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (len(labels), 32, 32, 3), np.uint8)
    savemat(root / f'{split}_32x32.mat',
            dict(X=images.transpose(1, 2, 3, 0), y=np.c_[labels].astype('u1')))
    return images
