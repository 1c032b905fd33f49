#!/bin/sh
# Every rule a machine can turn: lint.sh BUILD. Ends with "N passed, N failed".
cd "$(dirname "$0")/.." || exit 2
build=${1:-build}
passed=0
failed=0
check() {
	name=$1
	shift
	if out=$("$@" 2>&1); then
		passed=$((passed + 1))
		echo "ok   $name: $(printf '%s' "$out" | tail -1)"
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n%s\n' "$name" "$out"
	fi
}
format() {
	git ls-files 'src/*.[ch]' 'sim/*.[ch]' 'tests/*.[ch]' 'proof/*.[ch]' 'bench/*.[ch]' | xargs clang-format --dry-run -Werror && echo "as .clang-format says"
}
spelling() {
	git ls-files README.md 'docs/*.md' 'src/*.[ch]' 'sim/*.[ch]' | grep -v generated | xargs codespell -q 3 -I tools/words.txt && echo "no known misspelling"
}
# The analyzer looks at TIDY_NODES states of a function, a fifth of its default: enough for functions of this size, in a fifth of the time.
tidy() {
	git ls-files 'src/*.c' 'sim/*.c' | xargs -P 2 -n 8 clang-tidy --quiet -p "$build" --extra-arg=-Xclang --extra-arg=-analyzer-config \
		--extra-arg=-Xclang --extra-arg=max-nodes="${TIDY_NODES:-40000}" 2>/dev/null | grep -E 'error:|warning:' && return 1
	echo "clang-tidy has nothing to say"
}
# What systemd itself says of the shipped units: 0 is a perfect sandbox, 100 none.
units() {
	for u in deploy/systemd/*.service; do
		systemd-analyze security --offline=true --threshold=20 "$u" >/dev/null || { systemd-analyze security --offline=true "$u" | tail -1; return 1; }
	done
	echo "exposure at most 2.0 of 10"
}
check units units
check layers tools/check_layers.py
check sizes tools/check_sizes.py
check objects tools/check_objects.py "$build"
check tables tools/check_tables.py
check failpoints tools/check_failpoints.py
check model tools/check_model.sh
check format format
check spelling spelling
[ -n "${NO_TIDY:-}" ] || check clang-tidy tidy
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
