# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""What tells one file from another, whatever its name."""
import hashlib


def file_sha256(path: str) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
