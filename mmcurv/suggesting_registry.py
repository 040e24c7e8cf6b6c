# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""A registry that says which name was probably meant."""
from typing import Any, Optional

from mmengine.registry import Registry

from .files import did_you_mean


class SuggestingRegistry(Registry):
    """Registry whose ``get`` raises an error with the nearest name.

    mmengine's returns None, and whoever builds then says only that there is
    no such name. Every scope asks here for ``type='mmcurv.Name'``; so does
    ``'mmcurv.Name' in MODELS`` of another scope, which raises the error, too.

    Examples:
        >>> MODELS = SuggestingRegistry('model', scope='mmcurv')
        >>> MODELS.register_module('LDAMLoss', module=dict)
        <class 'dict'>
        >>> MODELS.get('LDAMLos')
        Traceback (most recent call last):
        ...
        KeyError: "mmcurv has no model 'LDAMLos': did you mean 'LDAMLoss'?"
    """

    def get(self, key: str) -> Optional[type]:
        """The registered class of a name.

        Args:
            key (str): The name, with or without a scope, or the path of a
                class in its package.

        Returns:
            type | None: None if a path leads nowhere.

        Raises:
            KeyError: If neither this registry nor one above it has the name.
        """
        found = super().get(key)
        if found is None and '.' not in key:
            raise KeyError(f'{self.scope} has no {self.name} {key!r}: '
                           f'{did_you_mean(key, self.module_dict)}')
        return found

    def __contains__(self, key: Any) -> bool:
        return super().get(key) is not None
