/* login: tells the processes of a service of type login that all of them are full, so that they drop their
 * oldest client that has not logged in. The word is the offset of a file that all of them have as fd 4: 0
 * there is room, 1 full. A change is followed by SIGUSR1, at most every 2 s; the offset changes at once. */
#ifndef REEVE_MASTER_LOGIN_H
#define REEVE_MASTER_LOGIN_H

#include "master/kind.h"

#include <event2/event_struct.h>

struct login {
	int fd; /* -1: none */
	bool is_full, is_due;
	uint64_t told; /* when the last signal was sent */
	struct event timer;
};

void login_init(struct service *s);

/* Its fd 4; made when it is asked for first. */
int login_file(struct service *s);

/* A master before this one has told it so far. */
void login_resume(struct service *s);

void login_free(struct service *s);

/* The row of type login. */
void login_counted(struct process *p, uint32_t before);
bool login_ended(struct process *p, bool exited, int status);
void login_full(struct service *s);

#endif
