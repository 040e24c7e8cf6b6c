# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""The hardest images of an audit, ready for the template."""
import os.path as osp
from typing import List

from .thumbnails import thumbnail
from .words import ABSENT, clean, percent

MOST_IMAGES = 60  # thumbnails in one page


def hardest_images(audit: dict) -> List[dict]:
    """The images that the worst classes fail on most, class by class.

    Args:
        audit (dict): Audit record.

    Returns:
        list[dict]: ``name`` of the class and ``images``, each with ``source``
        (a ``data:`` address; None or empty if there is no image at the path)
        and texts.
    """
    groups = {}
    for image in (audit.get('hardest_images') or [])[:MOST_IMAGES]:
        group = groups.setdefault(
            image.get('class'), dict(name=clean(image['name']), images=[]))
        path = str(image.get('path') or '')
        predicted = image.get('predicted_name')
        group['images'].append(
            dict(
                source=path and thumbnail(path),
                path=clean(path or 'path not known', 300),
                file=clean(osp.basename(path), 40),
                predicted=ABSENT if predicted is None else clean(
                    predicted, 60),
                score=percent(image.get('score'))))
    return list(groups.values())
