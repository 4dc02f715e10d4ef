/* spawn: starting a program, the one way for services and the engine. Everything is prepared when
 * it is defined; the start itself is a vfork-class clone whose child walks a table of steps (signals,
 * fds, limits, groups, chroot, ids, ...) with raw system calls only, then execs.
 *
 * The caller's process stands still until the child has exec'd or failed (about 50 us), so a child
 * can leave its failure in the caller's memory: the step and its errno. Where it may wait for a file system
 * (remote.h) it is started by plain fork instead: nobody stands still, and the failure is known at its end.
 */
#ifndef REEVE_MASTER_SPAWN_H
#define REEVE_MASTER_SPAWN_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SPAWN_FDS      12000 /* most of a child: 7 and the listeners of one service, or the log pipes of all */
#define SPAWN_EXIT     84    /* status of a child that failed before its program ran */
#define SPAWN_GROUPS   64
#define SPAWN_LIMITS   16
#define SPAWN_PID_ROOM 12   /* of a pid as text, with its end */
#define SPAWN_NULL     (-1) /* /dev/null */
#define SPAWN_CLOSED   (-2)

/* One of setrlimit(2)'s, soft and hard. */
struct spawn_limit {
	int which;
	uint64_t most;
};

/* A failure as the child leaves it. */
struct spawn_note {
	uint32_t step; /* from 1, of the table; 0: none */
	int error;
};

struct spawn {
	char **argv; /* argv[0] is shown; `program` is what runs */
	char **envp;
	const char *program;
	const char *directory; /* after the chroot; NULL: stay, or / of the chroot */
	const char *chroot;    /* NULL: none */
	int *fds;              /* the child's fd i is a copy of fds[i], or one of the two below */
	size_t fds_n;
	uid_t uid; /* (uid_t)-1: unchanged, gid and groups too */
	gid_t gid;
	gid_t groups[SPAWN_GROUPS];
	size_t groups_n;
	uint64_t address_space; /* RLIMIT_AS and RLIMIT_DATA; 0: none */
	uint64_t open_files;    /* RLIMIT_NOFILE's soft limit as the child gets it; 0: unchanged */
	struct spawn_limit limits[SPAWN_LIMITS];
	size_t limits_n;
	const char *limits_text; /* for people */
	mode_t umask;
	int nice, oom_score_adj;        /* 0: as ours */
	bool no_new_privs, own_session; /* own_session: ^C at our terminal is not for it */
	struct spawn_note *apart; /* not NULL: by plain fork; here, in memory that all share, a child leaves
				     its failure */
	char *pid_text[2]; /* in envp: where the child writes its own pid, SPAWN_PID_ROOM bytes; NULL: nowhere
			    */
};

/* Where a child failed. */
struct spawn_failure {
	const char *step; /* NULL: it did not; "fork": there was no child */
	const char *what; /* the path or id that was refused, or "" */
	int error;
};

/* Memory for `apart`, or NULL: there is none. */
struct spawn_note *spawn_share(void);
void spawn_unshare(struct spawn_note **note);

/* Starts it; one with more than SPAWN_FDS descriptors fails with EMFILE. Returns the pid and gives the pidfd
 * (CLOEXEC), or -1 and the failure. */
pid_t spawn_run(const struct spawn *sp, int *pidfd, struct spawn_failure *failure);

/* Where the last child that was started by plain fork failed. False: it did not. */
bool spawn_failed_apart(const struct spawn *sp, struct spawn_failure *failure);

/* "chroot /srv/web: No such file or directory" */
void spawn_explain(const struct spawn_failure *failure, char *out, size_t room);

/* Opens what all spawns share (/dev/null, the child's stack). Once, at start. -1: errno. */
int spawn_prepare(void) MUST_USE;

#endif
