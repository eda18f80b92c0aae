# The short way in. Meson and Ninja do the building; see README.md.
BUILD ?= build
MESON_FLAGS ?=

.PHONY: all demo check check-quick check-kernel faults bench fuzz packages clean

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

clean:
	@rm -rf $(BUILD)
