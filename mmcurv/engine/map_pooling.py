# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""One row per image from the maps or tokens of a hidden layer."""
from torch import Tensor, nn

POOLINGS = ('avg', 'max', 'flatten', 'cls')


def pool_map(output: Tensor, pooling: str = 'avg') -> Tensor:
    """Pool what a layer gives for B images to B rows.

    Args:
        output (Tensor): (B, p) rows, which pass unchanged; (B, T, p) tokens
            of a transformer; or (B, p, ...) maps of any number of
            dimensions.
        pooling (str): 'avg' and 'max' over all places of a map or over all
            tokens, a class token among them; 'flatten' keeps every place;
            'cls' takes the first token. Defaults to 'avg'.

    Returns:
        Tensor: (B, p), or (B, p * places) for 'flatten'; at least float32.

    Raises:
        ValueError: If the pooling is unknown, or the output has no rows, or
            'cls' meets a map.
    """
    if pooling not in POOLINGS:
        raise ValueError(f'pooling: expected one of {", ".join(POOLINGS)}, '
                         f'got {pooling!r}.')
    if output.dim() < 2:
        raise ValueError('expected rows (B, p), tokens (B, T, p) or maps '
                         f'(B, p, H, W), got shape {tuple(output.shape)}; '
                         'choose another layer.')
    output = output.to(output.new_zeros(()).float().dtype)
    if output.dim() == 2 or pooling == 'flatten':
        return output.flatten(1)
    if output.dim() == 3:
        places = output.transpose(1, 2)  # (B, p, T)
    elif pooling == 'cls':
        raise ValueError('pooling=\'cls\' takes the first of the tokens (B, '
                         f'T, p), got a map of shape {tuple(output.shape)}; '
                         'choose avg, max or flatten.')
    else:
        places = output.flatten(2)  # (B, p, places)
    if pooling == 'cls':
        return places[:, :, 0]
    return places.mean(2) if pooling == 'avg' else places.amax(2)


def has_class_token(model: nn.Module) -> bool:
    """Whether a model has a parameter named 'cls_token' somewhere."""
    return any(
        name.rpartition('.')[2] == 'cls_token'
        for name, _ in model.named_parameters())
