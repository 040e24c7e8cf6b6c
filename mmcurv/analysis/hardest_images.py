# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The images of the worst classes that a model is most wrongly sure of."""
import math
from typing import List

import numpy as np

from .feature_bank import FeatureBank

CLASSES, IMAGES = 8, 6


def hardest_images(bank: FeatureBank, accuracy: np.ndarray) -> List[dict]:
    """Wrongly classified images of the worst classes.

    Args:
        bank (FeatureBank): Test split with paths and predictions; without
            them there are none.
        accuracy (np.ndarray): (C,) fractions or nan.

    Returns:
        list[dict]: Of the 8 worst classes, worst first, up to 6 images each:
        class, name, path, true and predicted class, predicted_name, and
        score, the confidence of the wrong prediction, largest first (nan and
        in the order of the split where it is not known).
    """
    if bank.paths is None or bank.predictions is None:
        return []
    worst = np.argsort(accuracy, kind='stable')  # nan comes last
    worst = worst[~np.isnan(accuracy[worst])][:CLASSES]
    images = []
    for c in worst.tolist():
        wrong = np.flatnonzero((bank.labels == c) & (bank.predictions != c))
        if bank.confidence is not None:
            order = np.argsort(-bank.confidence[wrong], kind='stable')
            wrong = wrong[order]
        for i in wrong[:IMAGES].tolist():
            predicted = int(bank.predictions[i])
            score = math.nan
            if bank.confidence is not None:
                score = float(bank.confidence[i])
            images.append({
                'class': c,
                'name': bank.class_names[c],
                'path': bank.paths[i],
                'true': c,
                'predicted': predicted,
                'predicted_name': bank.class_names[predicted],
                'score': score,
            })
    return images
