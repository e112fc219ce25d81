# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Mask what may be secret in any text that leaves the host.

A case needs none of this: it has only what is known to be no secret.
"""

import re
import typing

_HIDDEN_NAMES = (
    r'(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|private|'
    r'api[_-]?key|access[_-]?key|auth[_-]?key|keyring|cookie)'
)
_SECRET_NAME = re.compile(_HIDDEN_NAMES, re.I)
_ANY_USERINFO = re.compile(r'(//)[^\s"\'<>]*@')
_NAMED_SECRET = re.compile(
    rf'([\w-]*{_HIDDEN_NAMES}[\w-]*["\']?\s*[:=>]\s*)'
    r'("(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[^\s,;&}}<\]]+)',
    re.I,
)
_SECRET_OPTION = re.compile(rf'(--[\w-]*{_HIDDEN_NAMES}[\w-]*\s+)[^\s]+', re.I)
_SECRET_ELEMENT = re.compile(
    rf'(<[\w:-]*{_HIDDEN_NAMES}[\w:-]*\s[^>]*>)[^<]+', re.I
)
_RBD_KEY = re.compile(r'(:key=)[^\s:]+')
_BEARER = re.compile(r'\b((?:Bearer|Basic)\s+)[\w.~+/=-]+', re.I)


def line(text: str) -> str:
    """Drop what may be secret of a line that leaves the host.

    More than :func:`redaction.anywhere` does: all of a URI up to its last @,
    whatever a password has in it, and what stands behind a name such as
    password, secret or token. Rather too much than too little.
    """
    without = _ANY_USERINFO.sub(r'\1', text)
    for secret in (_BEARER, _NAMED_SECRET, _SECRET_OPTION, _SECRET_ELEMENT):
        without = secret.sub(r'\1***', without)
    return _RBD_KEY.sub(r'\1***', without)


def leaves(tree: typing.Any) -> typing.Any:
    """Return JSON's types with :func:`line` of each text, also of names."""
    if isinstance(tree, str):
        return line(tree)
    if isinstance(tree, dict):
        return {
            line(str(name)): '***'
            if isinstance(value, str) and _SECRET_NAME.search(str(name))
            else leaves(value)
            for name, value in tree.items()
        }
    if isinstance(tree, list):
        return [leaves(value) for value in tree]
    return tree
