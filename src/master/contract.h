/* contract: how a process learns its sockets and how it reports, a row of a table each (docs/HOUSE.md). A row
 * is asked when a service is defined and when a process starts; everything else is the same for all. */
#ifndef REEVE_MASTER_CONTRACT_H
#define REEVE_MASTER_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>

struct outfit;
struct process;
struct service;

#define KIT_FDS 3

/* The child's ends of what one process alone gets: closed as soon as it has them. */
struct kit {
	int theirs[KIT_FDS];
	size_t n;
};

enum kit_result {
	KIT_COMPLETE,
	KIT_IDLE = 1,     /* there is nothing to start a process for */
	KIT_STARVED = -1, /* errno says what is missing */
};

struct contract {
	const char *name;     /* as `contract` says */
	bool wait;            /* of inetd: as `wait` says */
	bool reports;         /* it has a status pipe and a dead pipe */
	bool knows_clients;   /* so that somebody can be idle or busy */
	bool accepts;         /* the master accepts: a process is one client, and ends with it */
	bool blocks;          /* its programs expect listeners that block */
	bool notifies;        /* always has NOTIFY_SOCKET */
	bool short_names;     /* told only the last part of a listener's path */
	bool logs_stdout;     /* its programs may write their log to standard output */
	bool own_session;     /* its processes lead a session: ^C at our terminal is not for them */
	bool takes_its_own;   /* who is left of its group when a process has ended is killed */
	bool drops_by_itself; /* takes its chroot and ids on after exec, as RESTRICT_* say */

	/* what all its processes get: environment, and descriptors */
	void (*environment)(struct service *s, struct outfit *o);
	void (*fds)(struct service *s, const struct outfit *o);
	/* what this one gets; may be NULL */
	enum kit_result (*kit)(struct process *p, struct kit *k);
};

/* NULL: there is no such contract. */
const struct contract *contract_find(const char *name, bool wait);

/* One more fd that is the child's alone. */
void kit_add(struct kit *k, int fd);

#endif
