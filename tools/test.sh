#!/bin/sh
# Everything that must hold. Ends with "N passed, N failed"; exit status 0 when nothing failed.
cd "$(dirname "$0")/.." || exit 2
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Runs a step whose last line is "N passed, N failed", and adds up.
sum() {
	echo "--- $1"
	shift
	"$@" 2>&1 | tee "$log"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -1)
	if [ -z "$line" ]; then
		echo "the step ended before its end"
		failed=$((failed + 1))
		return
	fi
	passed=$((passed + $(echo "$line" | cut -d' ' -f1)))
	failed=$((failed + $(echo "$line" | cut -d' ' -f3)))
}

# Runs a step that is one test by itself; its output is shown when it fails.
one() {
	name=$1
	shift
	if "$@" >"$log" 2>&1; then
		passed=$((passed + 1))
		echo "ok   $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		tail -60 "$log"
	fi
}

sum "lint: the rules of the house" make -s lint
sum "ASAN and UBSAN, compiled by clang: units, scenarios, contracts, corpora, the real programs" make -s asan
sum "TSAN: what has threads" make -s tsan
echo "--- the whole"
one "simulation: 2,000 histories, every invariant" build/proof/footplate-sim --seeds 1..2000
one "conformance: unmodified npm clients against steamsim" tests/conformance/run.sh build-asan/sim/steamsim
one "generated documents are what the program says" tools/check_generated.sh build
one "make demo" make -s demo
one "canaries: no secret in what the tests left behind" tools/canary.py build-asan/meson-logs build-tsan/meson-logs
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
