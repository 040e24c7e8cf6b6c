# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Small copies of images, as text inside a page."""
import base64
import io
import os.path as osp
from typing import Optional

LARGEST_FILE = 32 * 2**20  # bytes; a test image is smaller
# Formats that Pillow decodes itself: for EPS it would start another program.
FORMATS = ('BMP', 'GIF', 'JPEG', 'PNG', 'PPM', 'TIFF', 'WEBP')
SIDE = 112  # pixels, twice what the page shows for dense screens


def thumbnail(path: str) -> Optional[str]:
    """Read an image and shrink it.

    Args:
        path (str): Of an image file; seen from the working directory if it
            is relative.

    Returns:
        str or None: A ``data:`` address with a PNG of at most ``SIDE`` pixels
        a side, without the file's metadata; None if there is no such file or
        it is no image of the usual formats.
    """
    from PIL import Image  # comes with Matplotlib, slow to import
    try:
        if not osp.isfile(path) or osp.getsize(path) > LARGEST_FILE:
            return None
        with Image.open(path, formats=FORMATS) as image:
            small = image.convert('RGB')
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # Pillow's ways to say that it is no image
    small.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    small.save(buffer, format='PNG', optimize=True)
    text = base64.b64encode(buffer.getvalue()).decode('ascii')
    return f'data:image/png;base64,{text}'
