#!/bin/sh
# Runs docs/protocol/lease.pml through spin: what must hold holds, and each planted fault is found. FAULTS=n: with so many kills and
# cuts (1; `make soak` takes more). LIVE=n: the same for "the task ends at last", which costs more (0).
cd "$(dirname "$0")/.." || exit 2
model=$PWD/docs/protocol/lease.pml
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2

# build WHAT-TO-COMPILE-IT-WITH -DMODEL...
build() {
	how=$1
	shift
	spin -a "$@" "$model" >spin.out 2>&1 && gcc $how -w -DMEMLIM=6000 -o pan pan.c && return
	echo "the model does not compile ($*)"
	cat spin.out
	exit 1
}
figures() { sed -n 's/.*depth reached \([0-9]*\).*/depth \1/p; s/ *\([0-9]*\) states, stored.*/\1 states/p; s/pan: elapsed time \([0-9.]*\).*/\1 s/p' pan.out | tr '\n' ' '; }
holds() {
	grep -q 'errors: 0' pan.out && ! grep -q 'Search not completed' pan.out && { echo "$1: $(figures)"; return; }
	echo "$1 does not hold:"
	cat pan.out
	exit 1
}

for class in ONCE GUARDED; do
	build '-O1 -DSAFETY -DNOCLAIM' -D$class -DFAULTS="${FAULTS:-1}"
	./pan -m1000000 >pan.out 2>&1
	holds "$class, ${FAULTS:-1} faults"
	build '-O1 -DNFAIR=3' -D$class -DFAULTS="${LIVE:-0}"
	./pan -a -f -m1000000 >pan.out 2>&1
	holds "$class ends at last, ${LIVE:-0} faults"
done
planted=0
for fault in NO_FENCE NO_MARGIN LATE_START LATE_INTENT NO_INTENT NO_SEQ NO_PROBE; do
	build '-O0 -DSAFETY -DNOCLAIM' -DGUARDED -DFAULTS=1 -D$fault
	./pan -m1000000 >pan.out 2>&1
	grep -q 'assertion violated' pan.out || { echo "the planted fault $fault is not found"; cat pan.out; exit 1; }
	planted=$((planted + 1))
done
echo "the model holds, $planted planted faults are found"
