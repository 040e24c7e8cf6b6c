# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Tiny datasets of known labels.

Not serialized unless asked: mmengine collects garbage each time it does.
"""
import numpy as np
from mmpretrain.datasets import BaseDataset


class ToyImages(BaseDataset):
    """2 x 2 images whose every pixel is the item's index, with labels."""

    def __init__(self,
                 labels,
                 split='train',
                 offset=0,
                 serialize_data=False,
                 **kwargs):
        self.toy_labels = labels
        self.split = split
        self.offset = offset
        super().__init__(ann_file='', serialize_data=serialize_data, **kwargs)

    def load_data_list(self):
        return [
            dict(
                img=np.full((2, 2, 1), i + self.offset, np.uint8),
                gt_label=label) for i, label in enumerate(self.toy_labels)
        ]


class ToyFiles(BaseDataset):
    """Items known by a file name under ``data_root``; no file exists."""

    def __init__(self, labels, serialize_data=False, **kwargs):
        self.toy_labels = labels
        super().__init__(ann_file='', serialize_data=serialize_data, **kwargs)

    def load_data_list(self):
        return [
            dict(img_path=f'{self.img_prefix}/{i}.png', gt_label=label)
            for i, label in enumerate(self.toy_labels)
        ]
