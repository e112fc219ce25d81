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

"""What runs inside a host, with the interpreter of a nova environment.

Real are the compute manager, its resource tracker, the virt driver, the
conductor's live migration task, the RPC interface with its versions and
serialisation, the objects and the (SQLite) database. Not real are the
message bus (`bus`), Cinder (`cinder`), Glance (`glance`), Neutron (`neutron`)
and Placement (`placement`); there are no periodic tasks and no cells.
"""
