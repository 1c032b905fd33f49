#!/bin/sh
# Runs the tests of a build folder that has been built, prints what failed, and ends with "N passed, N failed".
# One more at once than there are processors: the real programs wait for each other half of the time.
dir=$1
shift
log=$(mktemp)
meson test -C "$dir" --no-rebuild --print-errorlogs --num-processes $(($(nproc) + 1)) "$@" >"$log" 2>&1
status=$?
ok=$(sed -n 's/^Ok: *//p' "$log" | tail -1 | tr -d ' ')
bad=$(awk '/^(Fail|Unexpected Pass|Timeout): /{n+=$NF} END{print n+0}' "$log")
[ "$status" = 0 ] || grep -vE '^ *[0-9]+/[0-9]+ .* OK ' "$log"
[ "$status" = 0 ] || [ "$bad" != 0 ] || bad=1
rm -f "$log"
echo "${ok:-0} passed, $bad failed"
exit "$status"
