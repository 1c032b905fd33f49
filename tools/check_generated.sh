#!/bin/sh
# What the program says of itself stands in docs/generated: check_generated.sh BUILD compares, with --write it is written anew.
cd "$(dirname "$0")/.." || exit 2
build=${1:-build}
bad=0
for what in actions config errors events metrics openapi cli; do
	case $what in openapi) file=docs/generated/openapi.json ;; *) file=docs/generated/$what.md ;; esac
	if [ "${2:-}" = --write ]; then
		mkdir -p docs/generated
		"$build/footplate" server dump "$what" >"$file" || bad=1
	elif ! "$build/footplate" server dump "$what" | diff -u "$file" - >&2; then
		echo "$file is not what the program says: tools/check_generated.sh $build --write" >&2
		bad=1
	fi
done
[ "$bad" = 0 ] && echo "docs/generated is true"
exit "$bad"
