/* log_handshake: how Dovecot's log process learns whose a pipe is: by a handshake, the first that it reads
 * from it. */
#ifndef REEVE_MASTER_LOG_HANDSHAKE_H
#define REEVE_MASTER_LOG_HANDSHAKE_H

struct master;

/* Before it is started: a handshake into each pipe, before the lines that wait there. */
void log_handshake(const struct master *m);

/* It is ready, and has read its handshakes or is about to: soon it gets a word more. */
void log_handshake_up(struct master *m);

/* Once a second. */
void log_handshake_second(struct master *m);

#endif
