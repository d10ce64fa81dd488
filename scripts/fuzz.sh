#!/bin/sh
# Runs every fuzz target of the module for the time given, one after another,
# since `go test -fuzz` takes a single target. Inputs are hardly minimized: of
# code with goroutines the coverage varies, and all the time would go into that.
set -eu
time=${1:-10s}
grep -rn --include='*_test.go' '^func Fuzz' . | sed 's/^\(.*\)\/[^/]*_test.go:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\).*/\1 \2/' |
while read -r dir name; do
	echo "== $dir $name"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 5x "$dir"
done
