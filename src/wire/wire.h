/* wire: messages between master and engine, to bytes and back. The messages are in wire.def.
 *
 * A frame is one or more messages, back to back. A message is {u32 kind, u32 length of it all, u32
 * checksum} and its fields in order, unpadded, in host order: u32, u64, i64, flag (a byte, 0 or 1),
 * str (u32 length with the NUL, bytes, NUL); an fd travels beside the frame and takes no room. */
#ifndef REEVE_WIRE_WIRE_H
#define REEVE_WIRE_WIRE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define WIRE_FRAME_MAX 65536

typedef uint32_t wire_u32;
typedef uint64_t wire_u64;
typedef int64_t wire_i64;
typedef uint8_t wire_flag;
typedef const char *wire_str; /* borrowed from the frame, ends in NUL */
typedef int wire_fd;          /* -1: none */

/* struct wire_retire { wire_u64 process; wire_u64 deadline; }; and so on */
#define F(type, name) wire_##type name;
#define ORDER(name, id, phases, doc, ...) \
	struct wire_##name {              \
		__VA_ARGS__               \
	};
#define REPORT(name, id, doc, ...) \
	struct wire_##name {       \
		__VA_ARGS__        \
	};
#include "wire/wire.def"
#undef F
#undef ORDER
#undef REPORT

enum wire_kind {
#define ORDER(name, id, phases, doc, ...) WIRE_##name = (id),
#define REPORT(name, id, doc, ...)        WIRE_##name = (id),
#include "wire/wire.def"
#undef ORDER
#undef REPORT
};

union wire_any {
#define ORDER(name, id, phases, doc, ...) struct wire_##name name;
#define REPORT(name, id, doc, ...)        struct wire_##name name;
#include "wire/wire.def"
#undef ORDER
#undef REPORT
};

enum wire_phase {
	WIRE_GREETING = 1,
	WIRE_LOADING = 2,
	WIRE_LOCKING = 4,
	WIRE_RUNNING = 8,
};

/* what an operator may want of a service (order service_do) */
enum service_verb {
	SERVICE_START,
	SERVICE_STOP,
	SERVICE_RESTART,
	SERVICE_DRAIN,
	SERVICE_RESET,
	SERVICE_VERBS,
};

/* when a process ended (report exit) */
enum exit_stage {
	EXIT_STARTUP, /* before its first status */
	EXIT_SERVING,
	EXIT_DRAINING, /* it had been told to go */
};

enum wire_type {
	WIRE_T_end,
	WIRE_T_u32,
	WIRE_T_u64,
	WIRE_T_i64,
	WIRE_T_flag,
	WIRE_T_str,
	WIRE_T_fd,
};

struct wire_field {
	const char *name;
	enum wire_type type;
	size_t offset;
};

/* one row of wire.def */
struct wire_info {
	const char *name;
	const char *doc;
	enum wire_kind kind;
	uint32_t phases;                          /* of an order: when it is taken; 0: it is a report */
	const struct wire_field *(*fields)(void); /* a table that ends at WIRE_T_end */
};

extern const struct wire_info wire_table[];
extern const size_t wire_rows;

/* NULL: no such message */
const struct wire_info *wire_by_kind(uint32_t kind);
const struct wire_info *wire_by_name(const char *name);

/* One number for the whole table: two builds never misread each other. */
uint64_t wire_hash(void);

/* Appends `msg` (a struct wire_<name>) at out + *at. Returns 0, or -1: it does not fit in `room`
 * (then nothing was written). */
int wire_put(
	unsigned char *out, size_t room, size_t *at, const struct wire_info *info, const void *msg) MUST_USE;

/* The fd that `msg` carries, or -1. */
int wire_fd_of(const struct wire_info *info, const void *msg);

/* Reads the message at in + *at and steps over it. `*fd` is the one that came with the frame: a
 * message with an fd field takes it and leaves -1. Strings point into `in`. Returns its row, or
 * NULL and a sentence: the bytes break the table. A whole frame is good when every message was,
 * and no fd is left. */
const struct wire_info *wire_get(
	const unsigned char *in, size_t len, size_t *at, int *fd, union wire_any *msg, struct err *e);

#endif
