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

"""Sphinx configuration of the documentation."""

import importlib.metadata
import os
import sys

sys.path.insert(0, os.path.abspath('../ext'))

project = 'nova-selective-migrate'
copyright = 'nova-selective-migrate contributors'
release = importlib.metadata.version('nova-selective-migrate')
version = release

extensions = [
    'openstackdocstheme',
    'oslo_config.sphinxext',
    'sphinx.ext.graphviz',
    'command_options',
    'known_bad_releases',
    'packages',
    'pictures',
    'reason_codes',
]

html_theme = 'openstackdocs'
openstackdocs_auto_name = False
openstackdocs_auto_version = False
openstackdocs_pdf_link = False
openstackdocs_use_storyboard = False

# Options begin with two hyphens: no dashes must be made of them.
smartquotes = False
highlight_language = 'console'
pygments_style = 'native'
nitpicky = True

# Drawn by dot; without it doc/ext/packages.py writes text in its place.
graphviz_output_format = 'svg'

# A picture or a table that is wider than the screen scrolls by itself.
html_static_path = ['_static']
html_css_files = ['narrow.css']

man_pages = [
    (
        'cli/man',
        'nova-selective-migrate',
        'live-migrate guests copying exactly their local disks',
        '',
        1,
    ),
    (
        'cli/man-status',
        'nova-selective-migrate-status',
        'tell whether a host is fit for the driver of nova-compute',
        '',
        1,
    ),
]
man_show_urls = False
