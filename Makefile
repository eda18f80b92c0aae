# The short way in. Meson and Ninja do the building; see README.md.
BUILD ?= build
MESON_FLAGS ?=

.PHONY: all demo check check-quick check-sanitize check-kernel faults figures plans protocols cases uplinks bench fuzz packages clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja: | packages
	@meson setup $(BUILD) $(MESON_FLAGS)

# Debian packages that are missing are installed when root; otherwise they are named.
packages:
	@packaging/install-packages

demo: all
	@tests/demo

check: all
	@tests/check all

check-quick: all
	@tests/check quick

# Everything below the lab under ASan and UBSan, built by clang without a warning (build-sanitize).
# Part of `make check`.
check-sanitize: | packages
	@tests/check sanitize

# Labs on the kernel's own multipoint GRE, in User-Mode Linux: some minutes.
check-kernel: all
	@tests/check kernel

# Every example, every fault, both hubs: hours. Resumable; what held is in build/faults.jsonl.
# FAULTS="--faults kill,uplink examples/ipv6-over-ipv6" narrows it.
faults: all
	@tests/lab/faults $(FAULTS)
	@[ -n "$(FAULTS)" ] || $(MAKE) figures

# What no single fault shows: a hub's return, the control process's death, 64 flaps, false alarms,
# default routes and many prefixes. An hour; build/figures.jsonl, docs/faults.md.
figures: all
	@failed=0; for one in hub_reboot control_death prefixes flaps false_alarms; do tests/lab/figures/$$one || failed=1; done; exit $$failed

# Small networks of `dmvpn plan`, run and broken: no outage is longer than was predicted. Half an hour;
# build/plans.jsonl, docs/plan.md.
plans: all
	@tests/lab/plans

# Whole networks with their routing and IPsec: three of our own, and real ones where ../shared is there; what does
# not reach whom is what `dmvpn check` said. Five minutes; build/cases.jsonl.
cases: all
	@tests/lab/cases

# What a router does beside the tunnels, in the lab: minutes.
protocols: all
	@meson test -C $(BUILD) --no-rebuild --num-processes 1 --suite protocols

# Sites with two uplinks: what is cut, who moves and how fast, what is on the wires. Some minutes.
uplinks: all
	@meson test -C $(BUILD) --no-rebuild --num-processes 1 --suite uplinks

bench: all
	@packaging/install-packages bench
	@bench/bench

# Ten minutes of every fuzz target; clang's libFuzzer.
fuzz: | packages
	@[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzz=true -Dbuildtype=debugoptimized
	@ninja -C build-fuzz
	@for target in build-fuzz/fuzz/*_fuzz; do name=$$(basename $$target _fuzz); \
		mkdir -p build-fuzz/corpus-$$name; $$target -max_total_time=600 -print_final_stats=1 build-fuzz/corpus-$$name fuzz/corpus/$$name || exit 1; done

clean:
	@rm -rf $(BUILD) build-fuzz build-sanitize
