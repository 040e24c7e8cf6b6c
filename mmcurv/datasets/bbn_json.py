# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Image lists in the JSON format of the code of BBN."""
from mmcurv.registry import DATASETS
from .image_list import ImageList
from .image_list_json import read_bbn_json
from .listed_images import ListedImages


@DATASETS.register_module()
class BBNJson(ListedImages):
    """Images listed in a JSON file as BBN (Zhou et al., CVPR 2020), Bag of
    Tricks and others keep them.

    Args:
        ann_file (str): The file, relative to ``data_root``.
        data_root (str): Folder that the paths of the file start from; an
            absolute path stays as it is. Defaults to ''.
        strip (str): What every path begins with and is to lose, such as
            ``'/data/iNat18/'`` for a file with the absolute paths of another
            machine. Defaults to ''.
        **kwargs: Other arguments of :class:`ListedImages`.

    Raises:
        FileNotFoundError: If the root, the file or images are missing.
        ValueError: If the file is of another format, or wrong.
    """

    def __init__(self,
                 ann_file: str,
                 data_root: str = '',
                 strip: str = '',
                 **kwargs):
        self.strip = strip
        super().__init__(ann_file=ann_file, data_root=data_root, **kwargs)

    def read_images(self, path: str) -> ImageList:
        """Read a JSON file.

        Args:
            path (str): The file.

        Returns:
            ImageList: Its images.
        """
        return read_bbn_json(path, self.strip)
