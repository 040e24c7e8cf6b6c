# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Whether the paper and a matrix mean the same by two names."""
import re

# Spellings beyond case and punctuation, of the paper and of common use.
SPELLINGS = {
    'crossentropy': 'ce',
    'focalloss': 'focal',
    'cbloss': 'cb',
    'classbalanced': 'cb',
    'classbalancedloss': 'cb',
    'dectde': 'tde',
    'deconfoundtde': 'tde',
    'ride4experts': 'ride4',
    'ride4cmo': 'ridecmo',
    'ride4expertscmo': 'ridecmo',
    'inat18': 'inaturalist2018',
    'inat2018': 'inaturalist2018',
    'inaturalist18': 'inaturalist2018',
    'imagenet1k': 'imagenet',
}


def canonical(name: str) -> str:
    """A name without what spellings differ in.

    Args:
        name (str): Of a method, a data set or a model.

    Returns:
        str: 'Cross Entropy' and 'CE' give 'ce', 'VGG16' and 'VGG-16' 'vgg16'.
    """
    plain = re.sub('[^a-z0-9]', '', name.lower())
    return SPELLINGS.get(plain, plain)


def same_name(first: str, second: str) -> bool:
    """Whether two names mean the same, see :func:`canonical`."""
    return canonical(first) == canonical(second)
