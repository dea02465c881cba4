# shunt: see README.md to use it, CONTRIBUTING.md to work on it. `make help` lists the targets.
#
#   V=1          show the commands
#   B=DIR        build there (default: build)
#   CC, CFLAGS, LDFLAGS, PREFIX, SBINDIR, SYSCONFDIR, DESTDIR    as usual
#   LTO=         no link-time optimisation of the shim, for compilers without it
#   J=N          test programs at a time (default: 2)
#   WERROR=-Werror    warnings are errors, as in check, asan, tsan and CI

B ?= build
CFLAGS ?= -O2 -g
LTO ?= -flto
WERROR ?=
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/shunt
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
SYSCONFDIR ?= /etc

PATHS := B PREFIX BINDIR SBINDIR LIBEXECDIR MANDIR DOCDIR UNITDIR SYSUSERSDIR BASHDIR ZSHDIR SYSCONFDIR DESTDIR
$(foreach path,$(PATHS),$(if $(word 2,$($(path))),$(error $(path) may not have a space in it: '$($(path))')))

# What the dynamic loader substitutes for $LIB: lib/x86_64-linux-gnu on Debian, lib64 without
# multiarch.
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
LIB := $(if $(MULTIARCH),lib/$(MULTIARCH),lib64)
# The same for 32-bit programs, if the compiler supports them (Debian: gcc-multilib); otherwise
# empty, and only one width is built. Debian has two such loaders: that of the i386 architecture,
# and that of libc6-i386, which comes with gcc-multilib.
HAS_32 := $(findstring /32/,$(shell $(CC) -m32 -print-file-name=libgcc.a 2>/dev/null))
LIB32 := $(if $(HAS_32),$(if $(MULTIARCH),lib/i386-linux-gnu lib32,lib))

# SAN is set by the asan and tsan targets: a -fsanitize= list for everything except the shim that
# foreign programs load.
SAN ?=
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
# Text from outside is truncated to its buffer on purpose (gcc warns about that), and table rows
# omit default values (clang).
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(findstring clang,$(CC)),-Wno-missing-field-initializers,-Wno-format-truncation) $(WERROR)
# Whether the door for programs that no library can be preloaded into can be built: clang compiles its
# program for the kernel, libbpf loads it. linux/types.h needs asm/, which clang looks for in the folder
# of the machine that it compiles for.
BPF_CC := clang -target bpf -ffreestanding $(if $(MULTIARCH),-isystem /usr/include/$(MULTIARCH))
HAS_DOOR := $(shell pkg-config --exists libbpf 2>/dev/null && \
	printf '\043include <linux/bpf.h>\n\043include <bpf/bpf_helpers.h>\n' | $(BPF_CC) -x c -c -o /dev/null - 2>/dev/null && echo 1 || echo 0)
BASE := -std=gnu11 -D_GNU_SOURCE -Iinclude -DSHUNT_HAS_DOOR=$(HAS_DOOR) $(WARNINGS) -MMD -MP
HARDEN := $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE

# The include paths of each part are relative to its root. Never use -I: a folder must not shadow a
# system header.
ROOTS := -iquote daemon -iquote cli -iquote shim -iquote helper

# No FORTIFY in the shim: musl has no *_chk functions, and a program that uses musl may load it. A
# lookup is an eighth shorter without a PLT and with -O3 if it is optimised as usual. Flags that
# packages add to CFLAGS must not re-enable what is left out. gcc would also move half of a lookup's last
# steps to the pages of the cold functions, because a list that fails is given up there.
ONE_PIECE := $(if $(findstring clang,$(CC)),,-fno-reorder-blocks-and-partition)
SHIM_FLAGS := $(BASE) -iquote shim -U_FORTIFY_SOURCE -fno-stack-protector -fPIC -fno-plt -fvisibility=hidden -ftls-model=initial-exec $(ONE_PIECE)
SHIM_CFLAGS = $(patsubst -O2,-O3,$(filter-out -fstack-protector%,$(CFLAGS)))
# libunistring, on which libidn2 is built, has no file for pkg-config.
DAEMON_PKGS := libevent_core libcurl libcares libidn2 libconfig libmicrohttpd jansson openssl
CLI_PKGS := jansson
HELPER_PKGS := libconfig
TEST_PKGS := cmocka
# Evaluated only when a recipe needs them, so that `make deps` works before the libraries are
# installed.
cflags = $(shell pkg-config --cflags $(1))
libs = $(shell pkg-config --libs $(1)) $(if $(filter libidn2,$(1)),-lunistring)
exist = $(if $(shell pkg-config --exists $(1) 2>/dev/null && echo yes),,$(error libraries are missing: run 'make deps'))

objects = $(patsubst %.c,$(B)/%.o,$(shell find $(1) -name '*.c'))
# Two libraries share one lookup: the purpose of each file of the shim decides which of them it is
# part of.
SHIM_PARTS := $(patsubst shim/%.c,%,$(shell find shim -name '*.c'))
PRELOAD_PARTS := $(filter-out nss,$(SHIM_PARTS))
NSS_PARTS := $(filter-out getaddrinfo gethostbyname connect connection/% answer/addrinfo answer/canonical answer/nodes,$(SHIM_PARTS))
DAEMON_OBJECTS := $(call objects,daemon) $(B)/daemon/control/page_data.o
CLI_OBJECTS := $(call objects,cli)
# The parts of daemon/base that the command uses.
SHARED_OBJECTS := $(B)/daemon/base/near.o
# A privileged program for each folder of helper/ besides serve/, which they share, as they share
# these parts of the daemon.
HELPER_PARTS := $(filter-out $(if $(filter 0,$(HAS_DOOR)),door),$(patsubst helper/%/main.c,%,$(wildcard helper/*/main.c)))
HELPERS := $(HELPER_PARTS:%=shunt-%)
HELPER_OBJECTS = $(call objects,$(addprefix helper/,$(HELPER_PARTS) serve))
HELPER_SHARED := $(patsubst %,$(B)/daemon/%.o,base/address base/arena base/duration base/log base/log_journal \
	base/memory base/usage config/cgroup config/error config/file config/name config/parse config/scan config/text net/folder net/listener)
UNIT_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/test_*.c))
PRELOAD_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/preload/test_*.c))
# The programs that the tests in tests/preload run under the shim. Instrumented ones are built only
# in the machine's own width.
CLIENTS_32 := $(if $(LIB32),$(if $(SAN),,$(patsubst tests/preload/%.c,$(B)/tests/preload32/%,$(wildcard tests/preload/client_*.c))))
PRELOAD_CLIENTS := $(patsubst %.c,$(B)/%,$(wildcard tests/preload/client_*.c)) $(CLIENTS_32)
SYSTEM_TESTS := $(wildcard tests/system/test_*.py) tests/soak/test_model.py tests/fleet/test_short.py
# Three of them are libraries for the daemon: they shift its wall clock, make its allocations fail,
# replace its paths by links.
SUPPORT_LIBRARIES := tests/support/clockstep.c tests/support/failalloc.c tests/support/swap.c
SUPPORT_SOURCES := $(filter-out $(SUPPORT_LIBRARIES),$(wildcard tests/support/*.c))
SUPPORT_PROGRAMS := $(patsubst %.c,$(B)/%,$(SUPPORT_SOURCES)) $(patsubst %.c,$(B)/%.so,$(SUPPORT_LIBRARIES)) \
	$(if $(LIB32),$(patsubst tests/support/%.c,$(B)/tests/support32/%,$(SUPPORT_SOURCES)))
BENCHES := $(patsubst %.c,$(B)/%,$(filter-out $(if $(filter 0,$(HAS_DOOR)),bench/door.c),$(wildcard bench/*.c)))
LIBRARIES := libshunt.so libnss_shunt.so.2
PRODUCTS := $(foreach width,$(LIB) $(LIB32),$(addprefix $(B)/$(width)/,$(LIBRARIES))) $(addprefix $(B)/,$(LIBRARIES)) $(B)/shuntd $(B)/shunt $(addprefix $(B)/,$(HELPERS))

# Test programs at a time: most of them are waiting most of the time.
J ?= 2
# All processors for targets that are usually run alone, unless -j was given.
JOBS = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(patsubst $(B)/%,%,$@)')

.DELETE_ON_ERROR:
.PHONY: all libraries test-libraries help deps demo check check-unit check-preload check-system asan tsan lint bench bench-scale bench-connection bench-door bench-failover bench-fleet bench-probe bench-reload bench-sockets bench-status install uninstall clean

# The empty recipe keeps make from printing that there is nothing to do.
all: libraries $(PRODUCTS)
	@:

libraries:
	$(call exist,$(DAEMON_PKGS) $(CLI_PKGS))

test-libraries:
	$(call exist,$(TEST_PKGS))

help:
	@sed -n 's/^## //p' Makefile
	@echo && sed -n '/^#   V=1/,/^$$/s/^#   //p' Makefile

## all          the daemon, the command and the library, in build/
## deps         install the Debian packages to build, demo, test and lint (as root or by sudo)
## demo         watch an unmodified curl leave a dead web server and return to it (30 s, no root)
## demo-fleet   three daemons and an etcd: they fail over together, when most of them see the primary down (30 s, no root)
## check        every test
## check-unit   only the unit tests
## asan, tsan   the tests under the address, undefined-behaviour and thread sanitizers
## fuzz         fuzz every parser of external input (FUZZ_TIME=60 seconds)
## soak         random faults and operations while clients look up names (SOAK_TIME=60 SEED=n)
## check-fleet  20 hosts, three members of etcd, and a network that falls apart (FLEET_TIME=600 SEED=n; as root)
## kills        operators' orders must survive kill -9 (KILLS=1000)
## inject       each allocation and system call of the daemon fails once, in turn (30 min)
## suites       Python's and GLib's own tests, without the shim and under it (ten minutes)
## lint         format, clang-tidy, cppcheck, shellcheck, and which part may include which library
## bench        the cost of a lookup: a managed name compared with the alternatives
## bench-scale  20,000 endpoints: whether they are probed on time, and at what cost; how that grows (8 min)
## bench-probe  the cost of a probe, beside HAProxy, gdnsd and a bare libcurl loop (6 min)
## bench-connection  what a client notices of a primary's end, beside HAProxy in front (10 min)
## bench-door   what a door costs a connect() (as root; seconds)
## bench-failover    time from a kill or a black hole to the first right answer (3 min)
## bench-fleet      what 20 to 2,000 hosts ask of etcd, and how long they take to agree (3 min)
## bench-reload     10,000 records of which one has changed: what a reload costs, and whether probes stay on time (3 min)
## bench-reset      find and reset 10 connections among 20,000 sockets, filtered by the kernel or not (as root)
## bench-status     how long `shunt status` takes with 1,000 records (1 min)
## bench-sockets    whether misbehaving connections delay a probe (4 min)
## install, uninstall    below PREFIX (/usr/local) and DESTDIR
## deb          build Debian packages in build/deb and check them with lintian
## check-deb    test the packages in a Debian 12 that is booted for this (as root; some minutes)
## check-releases    build and test on Debian 12, 13, sid (as root; RELEASES="sid" STEPS="demo")
## check-clients    real programs that are reached, for docs/clients.md (as root, 15 min; RELEASE=trixie)
## clean        remove build/

deps:
	$(Q)tests/support/deps build demo check lint

# --- compiling -----------------------------------------------------------------------------------

$(B)/shim/%.o: shim/%.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SHIM_FLAGS) $(LTO) $(SHIM_CFLAGS) -c -o $@ $<

$(B)/shim32/%.o: shim/%.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 $(SHIM_FLAGS) $(LTO) $(SHIM_CFLAGS) -c -o $@ $<

$(B)/daemon/%.o: daemon/%.c Makefile | libraries
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -iquote daemon $(HARDEN) $(SANFLAGS) $(call cflags,$(DAEMON_PKGS)) $(CFLAGS) -c -o $@ $<

# The status page as an array.
$(B)/daemon/control/page_data.c: $(wildcard daemon/control/page/*)
	$(call say,PAGE)
	@mkdir -p $(@D)
	$(Q)daemon/control/page/build >$@

$(B)/daemon/control/page_data.o: $(B)/daemon/control/page_data.c Makefile
	$(call say,CC)
	$(Q)$(CC) $(BASE) -iquote daemon $(HARDEN) $(SANFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/cli/%.o: cli/%.c Makefile | libraries
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -iquote cli -iquote daemon $(HARDEN) $(SANFLAGS) -DSHUNT_LIB='"$(LIB)"' $(call cflags,$(CLI_PKGS)) $(CFLAGS) -c -o $@ $<

$(B)/helper/%.o: helper/%.c Makefile | libraries
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) -iquote helper -iquote daemon $(HARDEN) $(SANFLAGS) -DSHUNT_DOOR_OBJECT='"$(DOOR_OBJECT)"' $(CFLAGS) -c -o $@ $<

# The door's program for the kernel. It becomes part of the helper that loads it.
DOOR_OBJECT := $(B)/bpf/door.bpf.o
$(DOOR_OBJECT): bpf/door.bpf.c include/shunt/door.h Makefile
	$(call say,BPF)
	@mkdir -p $(@D)
	$(Q)$(BPF_CC) -O2 -g -Wall -Wextra $(WERROR) -Iinclude -c -o $@ $<

$(B)/helper/door/kernel.o: $(DOOR_OBJECT)

# nodelete: a program that closes the library may have threads in it, and would map a new table each
# time it opens it. noseparate-code and no start files, whose functions have nothing to do here: every
# process that starts maps two segments less, and looks up four symbols less.
shared = $(CC) -shared -fPIC $(LTO) $(SHIM_CFLAGS) $(LDFLAGS) -nostartfiles -Wl,-z,defs -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete -Wl,-z,noseparate-code

# $(1): the folder of a width, $(2): the folder of its objects, $(3): the compiler option for it
define width
$(B)/$(1)/libshunt.so: $(PRELOAD_PARTS:%=$(B)/$(2)/%.o) shim/shim.map
	$$(call say,LD)
	@mkdir -p $$(@D)
	$$(Q)$$(shared) $(3) -Wl,--version-script=shim/shim.map -Wl,-soname,$$(@F) -o $$@ $$(filter %.o,$$^)

$(B)/$(1)/libnss_shunt.so.2: $(NSS_PARTS:%=$(B)/$(2)/%.o) shim/nss.map
	$$(call say,LD)
	@mkdir -p $$(@D)
	$$(Q)$$(shared) $(3) -Wl,--version-script=shim/nss.map -Wl,-soname,$$(@F) -o $$@ $$(filter %.o,$$^)
endef
$(eval $(call width,$(LIB),shim,))
$(foreach width32,$(LIB32),$(eval $(call width,$(width32),shim32,-m32)))

$(addprefix $(B)/,$(LIBRARIES)): $(B)/%: $(B)/$(LIB)/%
	$(Q)ln -sf $(LIB)/$(@F) $@

$(B)/shuntd: $(DAEMON_OBJECTS)
	$(call say,LD)
	$(Q)$(CC) -pie -pthread $(SANFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,-z,now -Wl,-z,relro -o $@ $^ $(call libs,$(DAEMON_PKGS))

$(B)/shunt: $(CLI_OBJECTS) $(SHARED_OBJECTS)
	$(call say,LD)
	$(Q)$(CC) -pie $(SANFLAGS) $(CFLAGS) $(LDFLAGS) -Wl,-z,now -Wl,-z,relro -o $@ $^ $(call libs,$(CLI_PKGS))

define helper
$(B)/shunt-$(1): $(call objects,helper/$(1) helper/serve) $(HELPER_SHARED)
	$$(call say,LD)
	$$(Q)$$(CC) -pie $$(SANFLAGS) $$(CFLAGS) $$(LDFLAGS) -Wl,-z,now -Wl,-z,relro -o $$@ $$^ $$(call libs,$$(HELPER_PKGS))
endef
$(foreach name,$(HELPER_PARTS),$(eval $(call helper,$(name))))
$(B)/shunt-door: private HELPER_PKGS += libbpf
$(B)/shunt-door: $(patsubst %,$(B)/daemon/door/%.o,cgroup place refusal)

# --- tests ---------------------------------------------------------------------------------------

# Tests link what they need from these; main is not included. The shim's entry points are left out:
# no test may interpose itself. In a sanitizer build they use separate, instrumented objects of the
# shim.
$(B)/tests/daemon.a: $(filter-out $(B)/daemon/main.o,$(DAEMON_OBJECTS))
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tests/cli.a: $(filter-out $(B)/cli/main.o,$(CLI_OBJECTS))
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# answers.o needs nothing of the kernel, and is tested where no door is built, too.
$(B)/tests/helper.a: $(filter-out %/main.o,$(HELPER_OBJECTS)) $(B)/helper/door/answers.o
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tests/shim/%.o: shim/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC) $(SHIM_FLAGS) $(SANFLAGS) $(CFLAGS) -c -o $@ $<

SHIM_TEST_OBJECTS := $(PRELOAD_PARTS:%=$(B)/tests/shim/%.o)
$(B)/tests/shim.a: $(filter-out %/shim/getaddrinfo.o %/shim/gethostbyname.o %/shim/connect.o,$(SHIM_TEST_OBJECTS)) $(B)/tests/shim/nss.o
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/tests/libshunt.so: $(SHIM_TEST_OBJECTS) shim/shim.map
	$(Q)$(CC) -shared $(SANFLAGS) $(CFLAGS) -Wl,--version-script=shim/shim.map -Wl,-z,now -o $@ $(SHIM_TEST_OBJECTS)

$(B)/tests/%: tests/%.c $(B)/tests/daemon.a $(B)/tests/shim.a $(B)/tests/cli.a $(B)/tests/helper.a | test-libraries
	$(call say,TEST)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(SANFLAGS) -I. $(ROOTS) -DSHUNT_LIB='"$(LIB)"' $(CLIENT_FLAGS) $(call cflags,$(DAEMON_PKGS) $(TEST_PKGS)) $(CFLAGS) -pthread -o $@ $< \
		$(B)/tests/cli.a $(B)/tests/helper.a $(B)/tests/daemon.a $(B)/tests/shim.a $(call libs,$(DAEMON_PKGS) $(TEST_PKGS) $(if $(filter 1,$(HAS_DOOR)),libbpf))

# Plain programs like those of users: without our code, and never instrumented, so that the shim can
# be loaded into them.
$(B)/tests/support/%: tests/support/%.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CFLAGS) -pthread -o $@ $<

$(B)/tests/support/%.so: tests/support/%.c Makefile
	$(call say,LD)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -fPIC $(BASE) $(CFLAGS) -o $@ $<

$(B)/tests/support32/%: tests/support/%.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 $(BASE) $(CFLAGS) -pthread -o $@ $<

$(B)/tests/soak/client: tests/soak/client.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CFLAGS) -pthread -o $@ $<

$(B)/tests/preload/client_%: tests/preload/client_%.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(SANFLAGS) $(CFLAGS) -pthread -o $@ $<

$(B)/tests/preload32/client_%: tests/preload/client_%.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 $(BASE) $(CFLAGS) -pthread -o $@ $<

$(PRELOAD_TESTS): CLIENT_FLAGS := $(if $(CLIENTS_32),-DCLIENTS_32)
$(PRELOAD_TESTS): $(PRELOAD_CLIENTS) $(B)/tests/preload/fake $(if $(SAN),$(B)/tests/libshunt.so,$(PRODUCTS))

check-unit: $(UNIT_TESTS)
	$(Q)B=$(B) tests/run $(UNIT_TESTS)

check-preload: $(PRELOAD_TESTS)
	$(Q)B=$(B) tests/run $(PRELOAD_TESTS)

check-system: $(PRODUCTS) $(SUPPORT_PROGRAMS) $(B)/bench/crowd
	$(Q)B=$(B) tests/run $(SYSTEM_TESTS)

TESTED := $(PRODUCTS) $(SUPPORT_PROGRAMS) $(B)/bench/crowd $(UNIT_TESTS) $(PRELOAD_TESTS)
.PHONY: tested support check-deps
support: $(SUPPORT_PROGRAMS)
	@:

tested: libraries test-libraries $(TESTED)
	@:

check-deps:
	$(Q)tests/support/deps build check

# In a second make, so that pkg-config is not run before the packages are installed.
check: check-deps
	$(Q)$(MAKE) $(JOBS) --no-print-directory WERROR=-Werror tested
	$(Q)J=$(J) B=$(B) tests/run $(SYSTEM_TESTS) $(UNIT_TESTS) $(PRELOAD_TESTS)

asan: check-deps
	$(Q)$(MAKE) $(JOBS) --no-print-directory B=$(B)/asan SAN=address,undefined WERROR=-Werror CFLAGS='-O1 -g' tested
	$(Q)B=$(B)/asan SAN=asan J=$(J) tests/run $(SYSTEM_TESTS) $(patsubst $(B)/%,$(B)/asan/%,$(UNIT_TESTS) $(PRELOAD_TESTS))

# -Wno-tsan: gcc warns that it does not model fences; the words that they order are atomics, so no
# race is hidden.
# Without test_async: ThreadSanitizer crashes in the threads that libc makes for getaddrinfo_a().
tsan: check-deps
	$(Q)$(MAKE) $(JOBS) --no-print-directory B=$(B)/tsan SAN=thread WERROR=-Werror CFLAGS='-O1 -g -Wno-tsan' tested
	$(Q)B=$(B)/tsan SAN=tsan J=$(J) tests/run $(patsubst $(B)/%,$(B)/tsan/%,$(filter-out %/test_async,$(UNIT_TESTS) $(PRELOAD_TESTS)))

# Seconds; all targets run at the same time. Findings are kept in $(B)/fuzz. A target of the shim
# includes its source files; the others link the daemon's and the command's from an archive that is
# instrumented like the target.
FUZZ_TIME ?= 60
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS := $(BASE) -Wno-unknown-warning-option -Wno-missing-field-initializers -Wno-format-truncation -O1 -g -fno-sanitize-recover=all
FUZZ_OBJECTS := $(patsubst $(B)/%,$(B)/fuzz/objects/%,$(filter-out %/main.o %/page_data.o,$(DAEMON_OBJECTS) $(CLI_OBJECTS) $(filter-out %/door/kernel.o,$(HELPER_OBJECTS))))

$(B)/fuzz/objects/%.o: %.c Makefile | libraries
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,address,undefined $(ROOTS) -DSHUNT_LIB='"$(LIB)"' $(call cflags,$(DAEMON_PKGS)) -c -o $@ $<

$(B)/fuzz/all.a: $(FUZZ_OBJECTS) $(B)/daemon/control/page_data.o
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/fuzz/%: tests/fuzz/%.c $(B)/fuzz/all.a $(shell find shim -name '*.[ch]') $(wildcard include/shunt/*.h tests/fuzz/*.h) Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -I. $(ROOTS) $(call cflags,$(DAEMON_PKGS)) -o $@ $< $(B)/fuzz/all.a \
		$(call libs,$(DAEMON_PKGS))

# Seconds, and the seed that repeats the decisions of a run; see tests/soak/soak.py and kills.py.
SOAK_TIME ?= 60
KILLS ?= 1000
SEED ?=
.PHONY: soak kills
soak:
	$(Q)tests/support/deps build check
	$(Q)$(MAKE) $(JOBS) --no-print-directory all $(B)/tests/soak/client
	$(Q)B=$(B) SOAK_TIME=$(SOAK_TIME) SEED=$(SEED) tests/soak/soak.py

.PHONY: check-fleet
FLEET_TIME ?= 600
check-fleet:
	$(Q)tests/support/deps build check
	$(Q)$(MAKE) $(JOBS) --no-print-directory all support
	$(Q)B=$(B) FLEET_TIME=$(FLEET_TIME) SEED=$(SEED) TEST_TIMEOUT=86400 V=1 tests/run tests/fleet/partitions.py

kills:
	$(Q)tests/support/deps build check
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)B=$(B) KILLS=$(KILLS) SEED=$(SEED) tests/soak/kills.py

# Every single allocation and system call: half an hour.
.PHONY: inject
inject:
	$(Q)tests/support/deps build check
	$(Q)$(MAKE) $(JOBS) --no-print-directory all support
	$(Q)B=$(B) INJECT=1 V=1 TEST_TIMEOUT=14400 tests/run tests/system/test_injection.py

.PHONY: fuzz fuzzers
fuzzers: $(FUZZERS)
	@:

fuzz:
	$(Q)tests/support/deps build fuzz
	$(Q)$(MAKE) $(JOBS) --no-print-directory fuzzers
	$(Q)FUZZ_TIME=$(FUZZ_TIME) tests/fuzz/run $(FUZZERS)

.PHONY: suites
suites:
	$(Q)tests/support/deps build suites
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)B=$(B) tests/suites

lint:
	$(Q)tests/support/deps build check lint
	$(Q)tests/support/lint

demo:
	$(Q)tests/support/deps build demo
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)conf/examples/demo $(B)

.PHONY: demo-fleet
demo-fleet:
	$(Q)tests/support/deps build demo
	$(Q)$(MAKE) $(JOBS) --no-print-directory all
	$(Q)conf/examples/demo-fleet $(B)

$(B)/bench/%: bench/%.c Makefile
	$(call say,CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(if $(BENCH_PKGS),$(call cflags,$(BENCH_PKGS))) $(CFLAGS) -I. $(ROOTS) -pthread -o $@ $< \
		$(filter %.a,$^) $(if $(BENCH_PKGS),$(call libs,$(BENCH_PKGS)))

$(B)/bench/reset: private BENCH_PKGS := $(HELPER_PKGS)
$(B)/bench/reset: $(B)/tests/helper.a $(B)/tests/daemon.a
$(B)/bench/fleet_hosts: private BENCH_PKGS := libevent_core
$(B)/bench/bare: private BENCH_PKGS := libcurl libevent_core
$(B)/bench/scale: private BENCH_PKGS := $(DAEMON_PKGS)
$(B)/bench/scale: $(B)/tests/daemon.a
$(B)/bench/door: private BENCH_PKGS := libbpf
$(B)/bench/door: $(B)/tests/helper.a $(B)/tests/daemon.a

.PHONY: benches
benches: all $(BENCHES)
	@:

bench:
	$(Q)tests/support/deps build bench
	$(Q)$(MAKE) $(JOBS) --no-print-directory benches
	$(Q)bench/run $(B)
	@echo 'more: make bench-scale, make bench-connection, make bench-door, make bench-failover, make bench-fleet, make bench-probe, make bench-reload, make bench-reset, make bench-sockets, make bench-status'

bench-scale bench-probe bench-reload bench-connection bench-failover bench-fleet bench-sockets bench-status:
	$(Q)tests/support/deps build bench
	$(Q)$(MAKE) $(JOBS) --no-print-directory benches
	$(Q)bench/$(@:bench-%=%) $(B)

# What a door costs is of the same table as bench-connection, and needs root.
bench-door:
	$(Q)tests/support/deps build bench
	$(Q)$(MAKE) $(JOBS) --no-print-directory benches
	$(Q)$(if $(filter 0,$(HAS_DOOR)),echo 'this build has no doors: it needs clang and libbpf' >&2; exit 1,$(B)/bench/door)

# As root, in a network namespace of its own.
.PHONY: bench-reset
bench-reset:
	$(Q)tests/support/deps build bench
	$(Q)$(MAKE) $(JOBS) --no-print-directory benches
	$(Q)unshare -n $(B)/bench/reset

# --- installing ----------------------------------------------------------------------------------

MAN_PAGES := $(filter-out $(if $(filter 0,$(HAS_DOOR)),shunt-door.8),$(notdir $(wildcard man/*.[1-9])))
EXAMPLES := conf/shunt.conf $(wildcard conf/examples/*.conf conf/examples/*.yaml)
EXAMPLE_PROGRAMS := $(wildcard conf/examples/notify-*)
# Alert rules and a dashboard, in separate folders of the examples.
MONITORING := $(patsubst conf/%,%,$(wildcard conf/prometheus/*.yml conf/grafana/*.json))
EXAMPLES_DIR = $(DOCDIR)/examples
MONITORING_DIRS = $(addprefix $(EXAMPLES_DIR)/,$(sort $(dir $(MONITORING))))
# Those of the helpers that have been built; the manual of one that was not stays out, too.
HELPER_UNITS := $(foreach helper,$(HELPERS),$(notdir $(wildcard conf/systemd/$(helper).* conf/systemd/$(helper)@.*)))
FOLDERS := $(BINDIR) $(SBINDIR) $(LIBEXECDIR) $(addprefix $(PREFIX)/,$(LIB) $(LIB32)) $(EXAMPLES_DIR) $(MONITORING_DIRS:/=) $(UNITDIR) $(SYSUSERSDIR) $(BASHDIR) $(ZSHDIR) $(addprefix $(MANDIR)/man,$(sort $(subst .,,$(suffix $(MAN_PAGES)))))
CONFIG := $(DESTDIR)$(SYSCONFDIR)/shunt

# A file gets its name once it is complete: programs that start meanwhile find the old library or
# the new one, never a partial file.
put = install -m $(1) $(2) $(DESTDIR)$(3).new && mv -f $(DESTDIR)$(3).new $(DESTDIR)$(3)

# The same for a file that contains the paths of others.
fill = sed 's,@PREFIX@,$(PREFIX),; s,@BINDIR@,$(BINDIR),; s,@SBINDIR@,$(SBINDIR),; s,@LIBEXECDIR@,$(LIBEXECDIR),' $(1) >$(DESTDIR)$(2) && chmod 644 $(DESTDIR)$(2)

# Folders first, so that a lack of write permission is found before anything is replaced.
install: all
	@umask 022; for folder in $(CONFIG) $(addprefix $(DESTDIR),$(FOLDERS)); do \
		mkdir -p $$folder && [ -w $$folder ] || { \
			echo "no file was installed: cannot write to $$folder; be root, or give a PREFIX and SYSCONFDIR of your own" >&2; \
			exit 1; }; done
	$(foreach width,$(LIB) $(LIB32),$(foreach library,$(LIBRARIES),$(call put,644,$(B)/$(width)/$(library),$(PREFIX)/$(width)/$(library)) && )) :
	$(call put,755,$(B)/shuntd,$(SBINDIR)/shuntd)
	$(call put,755,$(B)/shunt,$(BINDIR)/shunt)
	$(foreach helper,$(HELPERS),$(call put,755,$(B)/$(helper),$(LIBEXECDIR)/$(helper)) && ) :
	install -m 644 $(EXAMPLES) $(DESTDIR)$(EXAMPLES_DIR)
	install -m 644 docs/openapi.yaml $(DESTDIR)$(DOCDIR)/openapi.yaml
	install -m 755 $(EXAMPLE_PROGRAMS) $(DESTDIR)$(EXAMPLES_DIR)
	$(foreach file,$(MONITORING),install -m 644 conf/$(file) $(DESTDIR)$(EXAMPLES_DIR)/$(file) && ) :
	$(call fill,conf/systemd/preload.conf,$(EXAMPLES_DIR)/preload.conf)
	$(call fill,conf/systemd/shuntd.service,$(UNITDIR)/shuntd.service)
	$(foreach unit,$(HELPER_UNITS),$(call fill,conf/systemd/$(unit),$(UNITDIR)/$(unit)) && ) :
	install -m 644 conf/systemd/shunt.sysusers $(DESTDIR)$(SYSUSERSDIR)/shunt.conf
	install -m 644 conf/completion/shunt.bash $(DESTDIR)$(BASHDIR)/shunt
	ln -sf shunt $(DESTDIR)$(BASHDIR)/shuntd
	install -m 644 conf/completion/_shunt $(DESTDIR)$(ZSHDIR)/_shunt
	for page in $(MAN_PAGES); do install -m 644 man/$$page $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page || exit 1; done

# Empty folders are removed if PREFIX is a separate tree; those of /usr and /usr/local belong to the
# system.
OWN_TREE = $(DESTDIR)$(filter-out / /usr /usr/local,$(PREFIX))

uninstall:
	rm -f $(DESTDIR)$(BINDIR)/shunt $(DESTDIR)$(SBINDIR)/shuntd $(DESTDIR)$(UNITDIR)/shuntd.service $(DESTDIR)$(SYSUSERSDIR)/shunt.conf
	rm -f $(addprefix $(DESTDIR)$(BASHDIR)/,shunt shuntd) $(DESTDIR)$(ZSHDIR)/_shunt
	rm -f $(addprefix $(DESTDIR)$(LIBEXECDIR)/,$(HELPERS)) $(addprefix $(DESTDIR)$(UNITDIR)/,$(HELPER_UNITS))
	rm -f $(foreach width,$(LIB) $(LIB32),$(addprefix $(DESTDIR)$(PREFIX)/$(width)/,$(LIBRARIES)))
	rm -f $(DESTDIR)$(DOCDIR)/openapi.yaml $(addprefix $(DESTDIR)$(EXAMPLES_DIR)/,$(notdir $(EXAMPLES) $(EXAMPLE_PROGRAMS)) preload.conf $(MONITORING))
	for page in $(MAN_PAGES); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$$page; done
	@$(if $(OWN_TREE),cd $(DESTDIR)$(PREFIX) 2>/dev/null && rmdir -p $(patsubst $(PREFIX)/%,%,$(filter $(PREFIX)/%,$(FOLDERS))) 2>/dev/null || :)
	@rmdir $(addprefix $(DESTDIR),$(MONITORING_DIRS) $(EXAMPLES_DIR) $(DOCDIR)) 2>/dev/null || :
	@rmdir $(CONFIG) 2>/dev/null || [ ! -d $(CONFIG) ] || echo "$(CONFIG) is kept: it holds your configuration"

.PHONY: deb check-deb
deb:
	$(Q)tests/support/deps build deb
	$(Q)debian/build $(B)/deb

check-deb: deb
	$(Q)tests/support/deps build check deb
	$(Q)$(MAKE) $(JOBS) --no-print-directory support
	$(Q)tests/packages/older $(B)/older
	$(Q)tests/packages/root $(B)/root $(B)/deb/*shunt_*.deb
	$(Q)J=$(J) B=$(B) tests/run $(wildcard tests/packages/test_*.py)

# As root. RELEASES and STEPS: see tests/packages/releases.
.PHONY: check-releases
check-releases:
	$(Q)tests/support/deps releases
	$(Q)B=$(B) $(if $(RELEASES),RELEASES='$(RELEASES)') $(if $(STEPS),STEPS='$(STEPS)') tests/packages/releases $(B)/releases

# As root: on this machine, or with RELEASE in a root of that Debian release.
.PHONY: check-clients
check-clients:
ifdef RELEASE
	$(Q)$(MAKE) --no-print-directory check-releases RELEASES='$(RELEASE)' STEPS=clients
else
	$(Q)tests/support/deps build check clients
	$(Q)$(MAKE) $(JOBS) --no-print-directory all support
	$(Q)tests/clients/install $(B)/clients
	$(Q)B=$(B) tests/clients/run
endif

clean:
	rm -rf $(B)

-include $(shell find $(addprefix $(B)/,shim shim32 daemon cli helper tests bench fuzz) -name '*.d' 2>/dev/null)
