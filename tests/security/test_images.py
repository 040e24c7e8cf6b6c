# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""An image that a record names is decoded by Pillow or not at all."""
import pytest
from PIL import EpsImagePlugin, Image

from mmcurv.audit.report.page import thumbnail


def test_image_that_another_program_would_draw_is_no_image(
        tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(EpsImagePlugin, 'Ghostscript',
                        lambda *_, **__: started.append(1))
    Image.new('RGB', (8, 8)).save(tmp_path / 'image.eps')
    (tmp_path / 'image.eps').rename(tmp_path / 'image.png')
    assert thumbnail(str(tmp_path / 'image.png')) is None
    assert started == []


@pytest.mark.parametrize('ending',
                         ['bmp', 'gif', 'jpg', 'png', 'ppm', 'tif', 'webp'])
def test_usual_formats_are_shown(tmp_path, ending):
    path = tmp_path / f'image.{ending}'
    Image.new('RGB', (8, 8)).save(path)
    assert thumbnail(str(path)).startswith('data:image/png;base64,')


def test_image_of_too_many_pixels_is_left_out(tmp_path, monkeypatch):
    Image.new('L', (200, 100)).save(tmp_path / 'image.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 9999)
    assert thumbnail(str(tmp_path / 'image.png')) is None
