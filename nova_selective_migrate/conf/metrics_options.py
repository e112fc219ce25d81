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
"""Where metrics of this host's live migrations go."""

from oslo_config import cfg

OPTIONS = [
    cfg.StrOpt(
        'metrics_file',
        default='',
        help="""
File for metrics, to be read by the textfile collector of Prometheus's
node_exporter. The whole file is replaced when something changes, and at least
once a minute. It is removed when nova-compute ends normally. This needs the
Python package prometheus_client.

Possible values:

* An absolute path that ends in ``.prom``, in a directory that nova-compute may
  write to and node_exporter reads; empty for no file.

Related options:

* ``metrics_bind``: the same over HTTP.
""",
    ),
    cfg.StrOpt(
        'metrics_bind',
        default='',
        help="""
Address and port at which nova-compute serves metrics over HTTP. There is no
password and no TLS: anybody who can connect can read them. This needs the
Python package prometheus_client.

Possible values:

* ``address:port``, such as ``192.0.2.1:9179`` or ``[2001:db8::1]:9179``. A
  port alone listens on the loopback, 127.0.0.1. ``0.0.0.0:9179`` means every
  IPv4 address. Empty for no HTTP server.

Related options:

* ``metrics_file``: the same in a file.
""",
    ),
]
