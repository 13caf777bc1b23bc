#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check.sh PROTOCOL-DOC: does docs/protocol.md say what the field lists say?
"$1" tools/protocol-doc/protocol.md.in | diff -u docs/protocol.md - && exit 0
echo "docs/protocol.md is out of date; in the source root:"
echo "  $1 tools/protocol-doc/protocol.md.in > docs/protocol.md"
exit 1
