# Reeve's build. `make help` says what there is; everything is left in build/ and runs from there.
#
#   make CC=clang            another compiler (its objects in build/)
#   make SAN=1               ASan and UBSan, in build-san/
#   make WERROR=1            warnings are errors, as in CI

PREFIX  ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
BUILD   ?= $(if $(SAN),build-san,build)

LUA_CFLAGS := $(shell pkg-config --cflags lua5.4 2>/dev/null)
LUA_LIBS   := $(shell pkg-config --libs lua5.4 2>/dev/null)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
        -Wwrite-strings -Wcast-qual -Wvla -Wformat=2 -Wundef -Wimplicit-fallthrough $(if $(WERROR),-Werror)
SANITIZE := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
HARDEN := $(if $(SAN),,-D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE $(CFLAGS) $(WARN) $(HARDEN) $(SANITIZE) -Isrc -MMD -MP \
             -DREEVE_VERSION='"$(VERSION)"' -DREEVE_PREFIX='"$(PREFIX)"' $(LUA_CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANITIZE) $(LDFLAGS)
comma := ,

rooms = $(foreach room,$(1),$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard src/$(room)/*.c)))

FLOOR    := $(call rooms,base wire spec pool)
PROGRAMS := $(foreach p,reeved:master reeve-engine:engine reeve-log:log reeve:cli,\
              $(if $(wildcard src/$(lastword $(subst :, ,$(p)))/*.c),$(BUILD)/$(firstword $(subst :, ,$(p)))))
MODULES  := $(patsubst src/engine/api_%.c,$(BUILD)/lua/reeve/%.so,$(wildcard src/engine/api_pool.c src/engine/api_spec.c))

all: $(PROGRAMS) $(MODULES) worker

$(BUILD)/reeved: $(call rooms,master) $(FLOOR)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -levent_core
$(BUILD)/reeve-engine: $(call rooms,engine) $(FLOOR)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -levent_core -lseccomp $(LUA_LIBS)
$(BUILD)/reeve-log: $(call rooms,log) $(FLOOR)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -levent_core
$(BUILD)/reeve: $(call rooms,cli) $(FLOOR)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -ledit $(LUA_LIBS)

# Lua modules for tests and tools: the same sources that the engine links
$(BUILD)/lua/reeve/%.so: src/engine/api_%.c $(wildcard src/base/*.c src/wire/*.c src/spec/*.c src/pool/*.c)
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP -fPIE,$(ALL_CFLAGS)) -fPIC -shared -o $@ $^

# ---- libreeve, its Lua module and the examples
# One object with only reeve_* visible, so that our names never meet those of the program it is linked into.
WORKER_OBJS := $(patsubst %.c,$(BUILD)/pic/%.o,$(filter-out src/worker/lua_%.c,$(wildcard src/worker/*.c)))
PIC_CFLAGS  = $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -fvisibility=hidden
C_EXAMPLES  := $(patsubst examples/%/,$(BUILD)/examples/%,$(sort $(dir $(wildcard examples/*/*.c))))

worker: $(BUILD)/libreeve.a $(BUILD)/libreeve.so $(BUILD)/lua/reeve/worker.so examples
examples: $(C_EXAMPLES) $(BUILD)/examples/echo
.PHONY: all worker examples

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
$(BUILD)/lua/reeve/worker.so: $(BUILD)/pic/src/worker/lua_reeve.o $(BUILD)/libreeve.a
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

-include $(shell find $(BUILD)/obj $(BUILD)/pic -name '*.d' 2>/dev/null)
