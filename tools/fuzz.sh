#!/bin/sh
# Every fuzz harness with libFuzzer for SECONDS each, from the corpus in tests/corpus: fuzz.sh BUILD
set -eu
cd "$(dirname "$0")/.."
build=${1:-build-fuzz}
seconds=${SECONDS_EACH:-60}
[ -f "$build/build.ninja" ] ||
	CC=clang meson setup "$build" -Dfuzzing=true -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
ninja -C "$build" --quiet
for f in "$build"/tests/fuzz/*_fuzz; do
	name=$(basename "$f" _fuzz)
	new=$(mktemp -d)
	printf '%-16s ' "$name"
	if ! "$f" -max_total_time="$seconds" -max_len=65536 -artifact_prefix="$new/" -print_final_stats=1 "$new" "tests/corpus/$name" >"$new.log" 2>&1; then
		echo "FOUND"
		tail -30 "$new.log"
		echo "the input is in $new"
		exit 1
	fi
	sed -n 's/^stat::number_of_executed_units: *\([0-9]*\)/\1 runs, nothing found/p' "$new.log"
	rm -rf "$new" "$new.log"
done
