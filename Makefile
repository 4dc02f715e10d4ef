# Reeve's build. `make help` says what there is; everything is left in build/ and runs from there.
#
#   make                     build into build/
#                            also build/man and build/completion, from docs/*.[1-8] and the tables
#   make run                 install what is missing (root), build, start conf/reeve.lua in the foreground
#   make test                install what is missing (root), build, run every test
#   make check               the same without installing: unit, and e2e when root
#   make unit | e2e | faults one part: no root needed | the whole program | its slow scenarios
#   make lint | format       the rules of docs/STYLE.md and docs/HOUSE.md | clang-format
#   make docs                docs/CONFORMANCE.md: which test shows which rule
#   make mutants             each settings row without its effect: its tests must fail (root, some minutes)
#   make fuzz                libFuzzer, FUZZ_SECONDS=60 for each target
#   make fuzz-policies       FUZZ_WORLDS=100000 random worlds for the library, alone and in every pair
#   make e2e-dovecot         Dovecot's own programs and doveadm with real mail clients (MASTER=dovecot: the same under
#                            Dovecot's master)
#   make e2e-systemd         under a real systemd, in namespaces of its own (root, systemd, overlayfs)
#   make bench-dovecot       a burst of clients and dispatch, beside Dovecot's master
#   make live-against-sim    the simulator beside a real daemon with real clients (root, ROUNDS=1)
#   make simulated-day       a day of 3.5 million clients: how long it takes
#   make compare             the library over the six traces, SEEDS=20: docs/COMPARISON.md and its plots
#   make bench               what engine and sampling cost; connections a second, beside Dovecot's master
#   make bench-cancel        how long ^C takes to reach a chunk that computes
#   make bench-console       what chunks that compute or flood cost clients and policies, SECONDS=12
#   make install             DESTDIR= PREFIX=/usr/local
#   make deps                the Debian packages that are missing
#   make clean
#   make CC=clang            another compiler (use BUILD=build-clang beside gcc's)
#   make SAN=1 test          with ASan and UBSan, in build-san/
#   make WERROR=1            warnings are errors, as in CI

comma := ,
PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
BUILD   ?= $(if $(SAN),build-san,build)

# the fallbacks are Debian's, for the first run on a machine where pkg-config is yet to be installed
LUA_CFLAGS := $(or $(shell pkg-config --cflags lua5.4 2>/dev/null),-I/usr/include/lua5.4)
LUA_LIBS   := $(or $(shell pkg-config --libs lua5.4 2>/dev/null),-llua5.4)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wwrite-strings -Wcast-qual -Wvla -Wformat=2 -Wundef -Wimplicit-fallthrough $(if $(WERROR),-Werror)
SANITIZE := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
HARDEN := $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(CFLAGS) $(WARN) $(HARDEN) $(SANITIZE) -Isrc -MMD -MP \
             -DREEVE_VERSION='"$(VERSION)"' -DREEVE_PREFIX='"$(PREFIX)"' $(LUA_CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS)

rooms = $(foreach room,$(1),$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard src/$(room)/*.c)))

FLOOR    := $(call rooms,base wire spec pool)
PROGRAMS := $(foreach p,reeved:master reeve-engine:engine reeve-log:log reeve-tls:tls reeve:cli,\
              $(if $(wildcard src/$(lastword $(subst :, ,$(p)))/*.c),$(BUILD)/$(firstword $(subst :, ,$(p)))))
MODULES  := $(patsubst src/engine/api_%.c,$(BUILD)/lua/reeve/%.so,$(wildcard src/engine/api_pool.c src/engine/api_recorder.c src/engine/api_sim.c src/engine/api_spec.c))

all: $(PROGRAMS) $(MODULES) worker $(BUILD)/man/.made

$(BUILD)/reeved: $(call rooms,master) $(FLOOR)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -levent_core
$(BUILD)/reeve-engine: $(call rooms,engine sim) $(FLOOR)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -levent_core -lseccomp $(LUA_LIBS) -lm
$(BUILD)/reeve-log: $(call rooms,log) $(FLOOR)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -levent_core
$(BUILD)/reeve-tls: $(call rooms,tls) $(BUILD)/libreeve.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lssl -lcrypto
$(BUILD)/reeve: $(call rooms,cli) $(FLOOR)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lncursesw -ledit $(LUA_LIBS)

# Lua modules for tests and tools: the same sources that the engine links
$(BUILD)/lua/reeve/%.so: src/engine/api_%.c src/engine/numbers.c \
                       $(wildcard $(foreach f,base wire spec pool sim,src/$(f)/*.[ch] src/$(f)/*.def))
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP -fPIE,$(ALL_CFLAGS)) -fPIC -shared -o $@ $(filter %.c,$^) -lm

$(BUILD)/lua/reeve/recorder.so: src/engine/ring.c src/engine/deltas.c
$(BUILD)/lua/reeve/sim.so: src/engine/sim_fields.c

# ---- libreeve, its Lua module and the examples
# One object with only reeve_* visible, so that our names never meet those of the program it is linked into.
WORKER_OBJS := $(patsubst %.c,$(BUILD)/pic/%.o,$(filter-out src/worker/lua_%.c,$(wildcard src/worker/*.c)))
PIC_CFLAGS  = $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -fvisibility=hidden
C_EXAMPLES  := $(patsubst examples/%/,$(BUILD)/examples/%,$(sort $(dir $(wildcard examples/*/*.c))))

worker: $(BUILD)/libreeve.a $(BUILD)/libreeve.so $(BUILD)/lua/reeve/worker.so examples
examples: $(C_EXAMPLES) $(BUILD)/examples/echo
.PHONY: docs mutants all worker examples

$(BUILD)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(PIC_CFLAGS) -c -o $@ $<
$(BUILD)/libreeve.o: $(WORKER_OBJS)
	$(LD) -r -o $@ $^
	$(or $(OBJCOPY),objcopy) --localize-hidden $@
$(BUILD)/libreeve.a: $(BUILD)/libreeve.o
	rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/libreeve.so: $(WORKER_OBJS)
	$(CC) -shared -Wl,-soname,libreeve.so.0 -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS) -o $@ $^
$(BUILD)/lua/reeve/worker.so: $(patsubst %.c,$(BUILD)/pic/%.o,$(wildcard src/worker/lua_*.c)) $(BUILD)/libreeve.a
	@mkdir -p $(@D)
	$(CC) -shared $(SANITIZE) $(LDFLAGS) -o $@ $^

# examples/NAME/*.c -> build/examples/NAME. greet is static: a process that lives for one greeting should
# not spend its life in the dynamic linker.
$(BUILD)/examples/greet: EXAMPLE_LDFLAGS = $(if $(SAN),,-static)
$(C_EXAMPLES): $(BUILD)/examples/%: $(wildcard examples/*/*.c examples/*/*.h) src/worker/reeve.h $(BUILD)/libreeve.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP -fPIE -Isrc,$(ALL_CFLAGS)) -Isrc/worker -o $@ $(filter examples/$*/%.c %.a,$^) \
		$(SANITIZE) $(LDFLAGS) $(EXAMPLE_LDFLAGS)
$(BUILD)/examples/echo: examples/echo-per-connection/echo.lua
	@mkdir -p $(@D)
	install -m 755 $< $@

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# ---- manual pages and completions: docs/*.[1-8] with the tables of this build filled in
MANUALS := $(wildcard docs/*.[1-8])
$(BUILD)/man/.made: $(MANUALS) $(BUILD)/reeve-engine $(MODULES) $(wildcard tests/docs/*.lua src/*/*.def policies/*.lua \
                    lua/reeve/*.lua lua/reeve/*/*.lua)
	@mkdir -p $(BUILD)/man $(BUILD)/completion
	$(TEST_ENV) $(BUILD)/reeve-engine here --script tests/docs/main.lua $(BUILD)
	@touch $@

# ---- deps: the one list of Debian packages. `make deps` installs what is missing (root), or says how
DEPS_RUN   := libevent-core-2.1-7 libevent-2.1-7 liblua5.4-0 libseccomp2 libncursesw6 libedit2 libssl3 lua-dkjson
DEPS_BUILD := gcc make pkg-config libc6-dev libevent-dev liblua5.4-dev libseccomp-dev libncurses-dev libedit-dev libssl-dev
DEPS_TEST  := lua5.4 lua-busted lua-socket lua-filesystem lua-check libcmocka-dev clang clang-tidy clang-format \
              libclang-rt-14-dev cppcheck mandoc procps util-linux tmux zsh fish curl socat openssl python3 git haproxy \
              nodejs gunicorn php8.2-fpm redis-server redis-tools openssh-server openssh-client isync dovecot-core \
              dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-submissiond dovecot-managesieved dovecot-sieve
missing = $(shell dpkg-query -W -f='$${db:Status-Abbrev} $${Package}\n' $(1) 2>/dev/null | \
            awk -v want='$(1)' '$$1 == "ii" { have[$$2] } \
              END { n = split(want, w, " "); for (i = 1; i <= n; i++) if (!(w[i] in have)) print w[i] }')

deps: need = $(call missing,$(DEPS_RUN) $(DEPS_BUILD) $(DEPS_TEST))
deps:
	@tests/deps $(need)

# ---- run and install
run:
	@tests/deps $(call missing,$(DEPS_RUN) $(DEPS_BUILD))
	+@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) exec conf/reach conf/run

share := $(DESTDIR)$(PREFIX)/share/reeve
notify_reload = $(shell systemctl --version 2>/dev/null | awk 'NR == 1 && $$2 >= 253 { print "yes" }')
STARTER := $(shell find conf/starter -type f)
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/reeve $(share)
	install -m 755 $(BUILD)/reeve $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(filter-out $(BUILD)/reeve,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/libexec/reeve/
	for f in $$(find lua policies -name '*.lua'); do install -D -m 644 $$f $(share)/$$f || exit 1; done
	install -m 755 $(C_EXAMPLES) $(BUILD)/examples/echo $(DESTDIR)$(PREFIX)/libexec/reeve/
	install -D -m 644 src/worker/reeve.h $(DESTDIR)$(PREFIX)/include/reeve.h
	install -D -m 644 $(BUILD)/libreeve.a $(DESTDIR)$(PREFIX)/lib/libreeve.a
	install -D -m 644 $(BUILD)/libreeve.so $(DESTDIR)$(PREFIX)/lib/libreeve.so.0
	ln -sf libreeve.so.0 $(DESTDIR)$(PREFIX)/lib/libreeve.so
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig
	sed 's,@PREFIX@,$(PREFIX),; s,@VERSION@,$(VERSION),' src/worker/reeve.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/libreeve.pc
	install -D -m 644 $(BUILD)/lua/reeve/worker.so $(DESTDIR)$(PREFIX)/lib/lua/5.4/reeve/worker.so
	for f in $(MANUALS:docs/%=$(BUILD)/man/%); do \
	  install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/} || exit 1; done
	install -D -m 644 $(BUILD)/completion/reeve.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/reeve
	install -D -m 644 $(BUILD)/completion/_reeve $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_reeve
	install -D -m 644 $(BUILD)/completion/reeve.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/reeve.fish
	for f in $(wildcard conf/*.lua conf/*/*.lua); do install -D -m 644 $$f $(share)/$$f || exit 1; done
	for f in $(STARTER); do install -D -m 644 $$f $(share)/$$f || exit 1; done
	for f in $(MODULES); do install -D -m 755 $$f $(DESTDIR)$(PREFIX)/lib/lua/5.4/reeve/$${f##*/} || exit 1; done
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed -e 's,@PREFIX@,$(PREFIX),' $(if $(notify_reload),-e 's/^Type=notify$$/Type=notify-reload/' -e '/^ExecReload=/d') \
		conf/reeve.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/reeve.service
	sed 's,@PREFIX@,$(PREFIX),' conf/reeve-dovecot.service >$(DESTDIR)$(PREFIX)/lib/systemd/system/reeve-dovecot.service

# ---- tests: tests/c/test_X.c -> build/tests/test_X; its first line names what it needs besides the floors:
#      /* links: master/spawn worker/; wrap: fork waitid */
C_TESTS   := $(patsubst tests/c/%.c,%,$(wildcard tests/c/test_*.c))
first_line = $(shell sed -n '1s,.*$(2): *\([^;*]*\).*,\1,p' tests/c/$(1).c)
files_of   = $(filter-out %/main.c,$(foreach w,$(1),$(wildcard src/$(if $(filter %/,$(w)),$(w)*.c,$(w).c))))
links      = $(call files_of,$(call first_line,$(1),links))
wraps      = $(patsubst %,-Wl$(comma)--wrap=%,$(call first_line,$(1),wrap))
TEST_LIBS := -lcmocka -Wl,--as-needed -levent_core -lseccomp $(LUA_LIBS) -lm -ldl
BUSTED    := busted --lua=/usr/bin/lua5.4 -o TAP
TEST_ENV   = BUILD=$(BUILD) LUA_PATH='lua/?.lua;tests/e2e/?.lua;;' LUA_CPATH='$(BUILD)/lua/?.so;;' \
             ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 UBSAN_OPTIONS=print_stacktrace=1 \
             $(if $(SAN),SAN=1 PRELOAD=$(shell $(CC) -print-file-name=libasan.so))
E2E_TAGS  ?= --exclude-tags=slow

define C_TEST
$(BUILD)/tests/$(1): $(BUILD)/obj/tests/c/$(1).o $(patsubst %.c,$(BUILD)/obj/%.o,$(call links,$(1))) $(FLOOR)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_LDFLAGS) $(call wraps,$(1)) -o $$@ $$^ $(TEST_LIBS)
endef
$(foreach t,$(C_TESTS),$(eval $(call C_TEST,$(t))))

# the worker is static, so that it runs alone in a chroot
$(BUILD)/tests/e2e-worker: E2E_LDFLAGS = $(if $(SAN),,-static-pie)
$(BUILD)/tests/e2e-worker $(BUILD)/tests/load $(BUILD)/tests/subreaper $(BUILD)/tests/swarm: $(BUILD)/tests/%: $(BUILD)/obj/%.o
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $(E2E_LDFLAGS) -o $@ $^
$(BUILD)/tests/player: tests/bench/player.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $<
$(BUILD)/tests/stayer: tests/bench/stayer.c $(BUILD)/libreeve.a
	@mkdir -p $(@D)
	$(CC) $(filter-out -Isrc,$(ALL_CFLAGS)) -Isrc/worker $(ALL_LDFLAGS) -o $@ $^
$(BUILD)/tests/rogue: $(BUILD)/obj/tests/e2e/rogue.o $(FLOOR)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^
$(BUILD)/tests/shake: $(BUILD)/obj/tests/e2e/shake.o
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lssl -lcrypto
$(BUILD)/obj/e2e-worker.o: tests/e2e/worker.c
$(BUILD)/obj/load.o: tests/e2e/load.c
$(BUILD)/obj/subreaper.o: tests/e2e/subreaper.c
$(BUILD)/obj/swarm.o: tests/bench/swarm.c
$(BUILD)/obj/e2e-worker.o $(BUILD)/obj/load.o $(BUILD)/obj/subreaper.o $(BUILD)/obj/swarm.o:
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

test: deps
	+@$(MAKE) --no-print-directory check
check:
	@rm -rf $(BUILD)/tap
	+@good=true; $(MAKE) --no-print-directory -k unit $(if $(filter 0,$(shell id -u)),e2e) || good=false; \
	  tests/total $(BUILD)/tap && $$good

unit: all $(addprefix $(BUILD)/tests/,$(C_TESTS))
	@mkdir -p $(BUILD)/tap
	@$(TEST_ENV) TAP_AGAIN=1 conf/reach tests/tap $(BUILD)/tap $(foreach t,$(C_TESTS),'$(t): CMOCKA_MESSAGE_OUTPUT=TAP $(BUILD)/tests/$(t)') \
	  $(foreach t,$(wildcard tests/lua/*_spec.lua),'$(notdir $(t)): $(BUSTED) $(t)')
E2E_PROGRAMS := $(addprefix $(BUILD)/tests/,e2e-worker load subreaper rogue shake)
test-programs: all $(addprefix $(BUILD)/tests/,$(C_TESTS)) $(E2E_PROGRAMS)
.PHONY: test-programs
e2e faults: all $(E2E_PROGRAMS)
	@mkdir -p $(BUILD)/tap
	@$(TEST_ENV) TAP_AGAIN=1 conf/reach tests/tap $(BUILD)/tap $(foreach t,$(E2E_SPECS),'$(notdir $(t)): $(BUSTED) $(E2E_TAGS) $(t)')
E2E_SPECS = $(wildcard tests/e2e/*_spec.lua)
faults: E2E_SPECS = $(shell grep -l '.slow",' tests/e2e/*_spec.lua)
faults: E2E_TAGS = --tags=slow

# ---- Dovecot's programs in a private mail world (root). CHECKS: names, or parts of them before the dot
MASTER ?= reeve
.PHONY: e2e-dovecot bench-dovecot
e2e-dovecot: all
	@tests/dovecot/run --master $(MASTER) --build $(BUILD) $(CHECKS)
bench-dovecot: all
	@tests/dovecot/bench --build $(BUILD)

# ---- under a real systemd (root). CHECKS: names of functions in tests/systemd/run
.PHONY: e2e-systemd
e2e-systemd: all
	@tests/deps $(call missing,systemd iproute2 util-linux python3)
	@tests/systemd/run --build $(BUILD) $(CHECKS)

# ---- conformance: each row of spec.def and each rule has its test; a row without its effect fails it
docs:
	lua5.4 tests/conformance.lua >docs/CONFORMANCE.md
mutants:
	+@$(MAKE) --no-print-directory BUILD=build-mutants CFLAGS='-O1 -DREEVE_MUTANTS' all build-mutants/tests/e2e-worker build-mutants/tests/shake
	@conf/reach tests/mutants build-mutants $(ROWS)

# ---- fuzz: libFuzzer on what reads foreign bytes
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz_links = $(call files_of,$(shell sed -n '1s,.*links: *\([^;*]*\).*,\1,p' $(1)))
build-fuzz/%: tests/fuzz/%.c $(wildcard src/base/*.[ch] src/wire/* src/spec/* src/pool/* src/log/*.[ch] src/worker/*.[ch] src/master/*.[ch])
	@mkdir -p $(@D)
	clang -std=c11 -D_GNU_SOURCE -O1 -g -Isrc -DREEVE_VERSION='"0"' $(LUA_CFLAGS) -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	  -o $@ $(filter tests/% src/base/%.c src/wire/%.c src/spec/%.c src/pool/%.c,$^) $(call fuzz_links,$<) \
	  -Wl,--as-needed -levent_core
# FUZZ_FLAGS=-seed=1: the same inputs in each run
fuzz: $(addprefix build-fuzz/,$(FUZZERS))
	@printf '%s\n' $(FUZZERS) | xargs -P2 -I{} sh -c 'mkdir -p build-fuzz/corpus/{}; \
	  build-fuzz/{} -max_total_time=$(FUZZ_SECONDS) $(FUZZ_FLAGS) -max_len=4096 -artifact_prefix=build-fuzz/{}- \
	    build-fuzz/corpus/{} >build-fuzz/{}.log 2>&1 || { tail -40 build-fuzz/{}.log; exit 255; }; \
	  echo "{}: $$(sed -n "s/^Done //p" build-fuzz/{}.log), nothing found"'

# FUZZ_WORLDS random worlds for the policies of the library, alone and in every pair; seeds from FUZZ_SEED on
FUZZ_WORLDS ?= 100000
FUZZ_SEED   ?= 1
fuzz-policies: all
	@$(TEST_ENV) FUZZ_WORLDS=$(FUZZ_WORLDS) FUZZ_SEED=$(FUZZ_SEED) lua5.4 tests/fuzz/policies.lua

# ---- lint, format, bench
C_FILES  := $(wildcard src/*/*.[ch] src/*/*/*.[ch] tests/*/*.[ch] examples/*/*.[ch])
LUA_DIRS := $(wildcard lua policies conf examples tests)
lint: all
	@tests/lint/run $(BUILD) $(LUA_CFLAGS)
format:
	clang-format -i $(C_FILES)
bench: all $(BUILD)/tests/swarm $(BUILD)/tests/e2e-worker
	@$(BUILD)/reeve-engine here --script tests/bench/engine.lua
	@$(BUILD)/reeve-engine here --script tests/bench/sampling.lua
	@$(BUILD)/reeve-engine here --script tests/bench/recording.lua
	@BUILD=$(BUILD) LUA_PATH='lua/?.lua;tests/e2e/?.lua;;' lua5.4 tests/bench/cost.lua
	@BUILD=$(BUILD) LUA_PATH='lua/?.lua;tests/e2e/?.lua;;' lua5.4 tests/bench/connections.lua
# ---- the simulator: beside a live daemon (root), its speed, the library over the traces
live-against-sim: all $(BUILD)/tests/player $(BUILD)/tests/stayer $(BUILD)/tests/e2e-worker
	@$(TEST_ENV) lua5.4 tests/bench/live_against_sim.lua
simulated-day: all
	@$(BUILD)/reeve-engine here --script tests/bench/simulated_day.lua
compare: all
	@$(BUILD)/reeve-engine here --script tests/bench/compare.lua docs
bench-cancel: all $(BUILD)/tests/e2e-worker
	@BUILD=$(BUILD) LUA_PATH='lua/?.lua;tests/e2e/?.lua;;' lua5.4 tests/bench/cancel.lua
bench-console: all $(BUILD)/tests/e2e-worker $(BUILD)/tests/load
	@BUILD=$(BUILD) LUA_PATH='lua/?.lua;tests/e2e/?.lua;;' lua5.4 tests/bench/console.lua $(SECONDS)
clean:
	rm -rf build build-san build-clang build-fuzz build-mutants
help:
	@sed -n 's/^#   \(.*\)/\1/p' Makefile

.PHONY: fuzz-policies all run install deps test check unit e2e faults fuzz lint format bench bench-cancel bench-console clean help live-against-sim \
        simulated-day compare
.DELETE_ON_ERROR:

-include $(shell find $(BUILD)/obj $(BUILD)/pic -name '*.d' 2>/dev/null)
