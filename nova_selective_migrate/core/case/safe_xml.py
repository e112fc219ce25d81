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

"""Parse and print XML with entities, DTDs and the network off."""

from lxml import etree

from nova_selective_migrate import exceptions

# libxml2's names of its errors: ERR_UNDECLARED_ENTITY
_FAULTS = {
    code: name
    for name, code in vars(etree.ErrorTypes).items()
    if isinstance(code, int)
}


def parse(text: str) -> etree._Element:
    """Parse one document.

    :raises InvalidDomain: when the text is not well-formed XML, nests too
        deep, or has a document type (libvirt writes none, attackers do)
    """
    parser = etree.XMLParser(
        encoding='utf-8',
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.encode('utf-8'), parser)
    except etree.XMLSyntaxError as err:
        # libxml2 quotes the text, which may hold a password: neither its
        # message nor the cause is passed on.
        line, column = err.position
        raise exceptions.InvalidDomain(
            f'the domain XML cannot be parsed: {_fault(err)} in line {line}, '
            f'column {column}'
        ) from None
    except (UnicodeError, ValueError) as err:
        raise exceptions.InvalidDomain(
            f'the domain XML cannot be parsed: {err}'
        ) from err
    if root.getroottree().docinfo.internalDTD is not None:
        raise exceptions.InvalidDomain(
            'the domain XML has a document type; remove it'
        )
    return root


def _fault(err: etree.XMLSyntaxError) -> str:
    # lxml-stubs lack the code that a SyntaxError of lxml's has.
    name = str(_FAULTS.get(getattr(err, 'code', 0), 'syntax error'))
    return name.removeprefix('ERR_').replace('_', ' ').lower()


def render(root: etree._Element) -> str:
    """Print an element as text, without a declaration."""
    return str(etree.tostring(root, encoding='unicode'))
