# The one door. `make help` lists what is behind it.
BUILD ?= build
ASAN  ?= build-asan
TSAN  ?= build-tsan
FUZZ  ?= build-fuzz

.PHONY: all build demo serve test test-fast bench soak fuzz lint asan tsan clean deps help format
all: build

help:
	@echo "make build   the programs, in $(BUILD)/"
	@echo "make demo    installs, builds, starts everything, does the main job on real input, stops"
	@echo "make serve   starts the same and stays"
	@echo "make test    everything that must hold, ends with 'N passed, N failed'"
	@echo "make asan    unit, scenario, contract and fuzz-corpus tests under ASAN and UBSAN, compiled by clang"
	@echo "make tsan    the tests of what has threads, under TSAN"
	@echo "make lint    layers, sizes, purity, globals, symbols, format, clang-tidy"
	@echo "make fuzz    every fuzz harness with libFuzzer, SECONDS_EACH=60 each"
	@echo "make soak    the long runs: simulation, kill -9, chaos, partitions, the model; ONLY=name runs one"
	@echo "make bench   ratios against peers and limits, ONLY=name runs one"

deps:
	@tools/deps.sh build

$(BUILD)/build.ninja:
	@tools/deps.sh build
	@meson setup $(BUILD) >/dev/null

$(ASAN)/build.ninja:
	@tools/deps.sh test
	@CC=clang meson setup $(ASAN) -Db_sanitize=address,undefined -Db_lundef=false >/dev/null

$(TSAN)/build.ninja:
	@tools/deps.sh test
	@meson setup $(TSAN) -Db_sanitize=thread -Db_lundef=false >/dev/null

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

demo: build
	@tools/demo.sh $(BUILD)

serve: build
	@tools/demo.sh $(BUILD) --stay

asan: $(ASAN)/build.ninja
	@ninja -C $(ASAN) --quiet
	@tools/run_meson.sh $(ASAN)

tsan: $(TSAN)/build.ninja
	@ninja -C $(TSAN) --quiet $$(tools/test_targets.py $(TSAN) threads)
	@tools/run_meson.sh $(TSAN) --suite threads

lint: $(BUILD)/build.ninja
	@tools/deps.sh test
	@ninja -C $(BUILD) --quiet
	@tools/lint.sh $(BUILD)

test:
	@tools/deps.sh test
	@tools/test.sh

fuzz:
	@tools/deps.sh test
	@tools/fuzz.sh $(FUZZ)

bench: build
	@tools/deps.sh bench
	@bench/prepare.sh && node bench/run.mjs

soak: build
	@tools/deps.sh test
	@tools/soak.sh $(BUILD)

format:
	@git ls-files 'src/*.[ch]' 'sim/*.[ch]' 'tests/*.[ch]' 'proof/*.[ch]' 'bench/*.[ch]' | xargs clang-format -i

clean:
	@rm -rf $(BUILD) $(ASAN) $(TSAN) $(FUZZ)
