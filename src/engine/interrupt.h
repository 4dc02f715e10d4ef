/* interrupt: ^C from afar.
 *
 * The engine has one thread, and while it evaluates a chunk nobody reads the control socket. So the
 * kernel is asked to send SIGIO when bytes come from the client whose chunk it is (O_ASYNC, only
 * meanwhile); the handler looks at them without taking them (MSG_PEEK) and calls deadline_cancel. */
#ifndef REEVE_ENGINE_INTERRUPT_H
#define REEVE_ENGINE_INTERRUPT_H

#include <stddef.h>
#include <stdint.h>

/* More bytes than this that a client has sent ahead of its `cancel` hide it until the evaluation ends. */
#define INTERRUPT_LOOK 65536

/* Takes the signal. Once; dies when the kernel refuses. */
void interrupt_init(void);

/* From now on `fd` is listened to for a cancel of job `id`. `have`: what was read of it already and not
 * taken yet. */
void interrupt_attend(int fd, const char *have, size_t have_n, uint32_t id);
void interrupt_ignore(void);

/* How many whole frames `cancel` about job `id` stand in these bytes, a stream of frames. */
unsigned interrupt_count(const char *bytes, size_t n, uint32_t id);

#endif
