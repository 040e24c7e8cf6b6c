# Copyright (c) mmcurv contributors. Licensed under Apache-2.0.
"""Reads a page as a browser does, as far as the tests ask."""
import json
import re
from html.parser import HTMLParser

VOID = {'meta', 'link', 'img', 'input', 'br', 'hr', 'base'}
LINKS = ('src', 'href', 'xlink:href', 'data', 'action', 'poster', 'srcset')


class Page(HTMLParser):
    """Elements of a page, their texts and what they point at."""

    def __init__(self, text: str):
        super().__init__()
        self.tags = []  # (tag, attributes) in the order of the page
        self.ids = []
        self.targets = []  # of every link and source
        self.texts = []  # (path of open tags, text)
        self.scripts = []
        self.styles = []
        self._open = []
        self.feed(text)
        self.close()
        assert self._open == [], f'not closed: {self._open}'

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if 'id' in attributes:
            self.ids.append(attributes['id'])
        self.targets += [attributes[k] for k in LINKS if k in attributes]
        for value in attributes.values():
            self.targets += re.findall(r'url\(([^)]*)\)', value or '')
        if tag == 'script':
            self.scripts.append([attributes, ''])
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        assert self._open and self._open[-1] == tag, (tag, self._open)
        self._open.pop()

    def handle_data(self, data):
        if self._open and self._open[-1] == 'script':
            self.scripts[-1][1] += data
        elif self._open and self._open[-1] == 'style':
            self.styles.append(data)
        elif self._open:
            self.texts.append((tuple(self._open), data))

    @property
    def text(self) -> str:
        """All that is read on the page, with single blanks."""
        return ' '.join(' '.join(text for _, text in self.texts).split())

    @property
    def data(self) -> dict:
        """What the page hands to its script."""
        (_, text), = [
            script for script in self.scripts
            if script[0].get('type') == 'application/json'
        ]
        return json.loads(text)

    def text_in(self, tag: str) -> str:
        """Texts inside one kind of element."""
        return ' '.join(text for path, text in self.texts if tag in path)
