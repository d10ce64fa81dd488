#!/bin/sh
# Says in one line what a fresh machine lacks, before anything else fails in
# a longer way.
missing=
have() { command -v "$1" >/dev/null 2>&1; }

have go || missing="$missing; Go 1.26 or later (https://go.dev/dl)"
if ! have python3; then
	missing="$missing; Python 3 with pip (apt-get install python3-pip)"
elif ! python3 -m pip --version >/dev/null 2>&1; then
	missing="$missing; pip for Python 3 (apt-get install python3-pip)"
fi
have "${CC:-cc}" || have gcc || have clang || missing="$missing; a C compiler (apt-get install gcc libc6-dev)"

if [ -n "$missing" ]; then
	echo "abigen needs:${missing#;}" >&2
	exit 1
fi
