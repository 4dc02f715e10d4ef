/* lockdown: the one place where the engine loses its privileges. Every step that fails dies. */
#include "engine/lockdown.h"

#include "base/err.h"
#include "base/say.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#define MEMORY_MOST ((rlim_t)256 << 20)
#define FILE_LEAST  ((rlim_t)8 << 20) /* the policies' memory is a file, too */

static void check(int result, const char *what)
{
	if (result < 0)
		die(EX_OSERR, "giving up privileges: %s: %s", what, strerror(errno));
}

/* Drops and reads back: what is not gone now never will be. */
static void drop_ids(int64_t uid64, int64_t gid64)
{
	uid_t uid = (uid_t)uid64, ids[3];
	gid_t gid = (gid_t)gid64, gids[3];

	if (uid64 < 0) {
		if (geteuid() == 0)
			die(EX_CONFIG, "the policy engine must not run as root, and no other user was given: "
				       "set engine_user");
		return;
	}
	if (uid == 0 || gid64 < 0)
		die(EX_CONFIG, "the policy engine cannot run as uid %lld, gid %lld: set engine_user",
			(long long)uid64, (long long)gid64);
	check(setgroups(0, NULL), "setgroups");
	check(setresgid(gid, gid, gid), "setresgid");
	check(setresuid(uid, uid, uid), "setresuid");
	check(getresuid(&ids[0], &ids[1], &ids[2]), "getresuid");
	check(getresgid(&gids[0], &gids[1], &gids[2]), "getresgid");
	for (int i = 0; i < 3; i++)
		if (ids[i] != uid || gids[i] != gid)
			die(EX_OSERR, "giving up privileges: uid %u or gid %u is still there", ids[i],
				gids[i]);
	if (getgroups(0, NULL) != 0)
		die(EX_OSERR, "giving up privileges: supplementary groups are still there");
}

static const struct {
	__rlimit_resource_t what;
	rlim_t most;
	const char *name;
	int unless_sanitized;
} limits[] = {
	{RLIMIT_AS, MEMORY_MOST, "RLIMIT_AS", 1}, {RLIMIT_CORE, 0, "RLIMIT_CORE", 0},
	{RLIMIT_NOFILE, 256, "RLIMIT_NOFILE", 0}, {RLIMIT_NPROC, 0, "RLIMIT_NPROC", 1},
	{RLIMIT_FSIZE, FILE_LEAST, "RLIMIT_FSIZE", 0}, /* or what the recording may have */
};

/* A log that is a plain file may grow beyond any limit of ours. */
static int is_needed(size_t i)
{
	struct stat st;

	if (limits[i].unless_sanitized && SANITIZED)
		return 0;
	return limits[i].what != RLIMIT_FSIZE || fstat(STDERR_FILENO, &st) < 0 || !S_ISREG(st.st_mode);
}

static void set_limits(uint64_t file_most)
{
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct rlimit old, new = {limits[i].most, limits[i].most};
		if (limits[i].what == RLIMIT_FSIZE && file_most > FILE_LEAST)
			new.rlim_cur = new.rlim_max = file_most;
		if (!is_needed(i))
			continue;
		check(getrlimit(limits[i].what, &old), limits[i].name);
		if (old.rlim_max < new.rlim_max)
			new.rlim_cur = new.rlim_max = old.rlim_max;
		check(setrlimit(limits[i].what, &new), limits[i].name);
	}
	(void)signal(SIGXFSZ, SIG_IGN);
}

/* The kernel's struct as of ABI 6; older kernels take a prefix of it. */
struct rules {
	uint64_t files, network, scopes;
};

static size_t rules_for(long abi, struct rules *rules)
{
	rules->files = (UINT64_C(1) << (abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13)) - 1;
	rules->network = abi >= 4 ? 3 : 0; /* bind and connect of TCP */
	rules->scopes = abi >= 6 ? 3 : 0;  /* abstract sockets and signals */
	return abi >= 6 ? sizeof *rules : abi >= 4 ? offsetof(struct rules, scopes) : sizeof rules->files;
}

static long landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* Nothing but reading /proc: by landlock, or with root's help by having it for a root directory. Returns
 * whether either is to be had; if the kernel says no half-way, die. */
static int enter_proc(void)
{
	if (landlock_abi() >= 1)
		return 1;
	if (geteuid() != 0)
		return 0;
	check(chroot("/proc"), "chroot to /proc");
	check(chdir("/"), "chroot to /proc");
	return 1;
}

static void restrict_files(void)
{
	struct rules rules;
	struct landlock_path_beneath_attr proc = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR};
	long abi = landlock_abi();
	int set;

	if (abi < 1)
		return;
	set = (int)syscall(SYS_landlock_create_ruleset, &rules, rules_for(abi, &rules), 0U);
	check(set, "landlock");
	proc.parent_fd = open("/proc", O_PATH | O_CLOEXEC);
	if (proc.parent_fd >= 0) {
		check((int)syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &proc, 0U),
			"landlock: /proc");
		(void)close(proc.parent_fd);
	}
	check((int)syscall(SYS_landlock_restrict_self, set, 0U), "landlock");
	(void)close(set);
}

static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(pwritev2),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(accept4),
	SCMP_SYS(getsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(close),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(timer_settime),
	SCMP_SYS(timer_gettime),
	SCMP_SYS(futex),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getrandom),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* asked for by libc in passing; a plain no is enough */
static const struct {
	int call, error;
} refused[] = {
	{SCMP_SYS(ioctl), ENOTTY},
	{SCMP_SYS(open), EACCES},
	{SCMP_SYS(stat), EACCES},
	{SCMP_SYS(access), EACCES},
	{SCMP_SYS(readlink), EACCES},
};

/* mmap and mprotect without PROT_EXEC; tgkill only of ourselves (abort); fstat through newfstatat;
 * files for reading, where landlock says which. */
static int add_conditions(scmp_filter_ctx filter, int files)
{
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp us = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
	const struct scmp_arg_cmp by_fd = SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH);
	const struct scmp_arg_cmp reading =
		SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	const struct scmp_arg_cmp writing = SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY);
	int bad = 0;

	bad |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_code);
	bad |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, &no_code);
	bad |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &us);
	bad |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, &by_fd);
	bad |= seccomp_rule_add_array(
		filter, files ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1, &reading);
	bad |= seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1, &writing);
	return bad;
}

static void restrict_calls(int files)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int bad = filter == NULL;

	for (size_t i = 0; !bad && i < sizeof allowed / sizeof allowed[0]; i++)
		bad = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; !bad && i < sizeof refused / sizeof refused[0]; i++)
		bad = seccomp_rule_add(
			filter, SCMP_ACT_ERRNO((uint32_t)refused[i].error), refused[i].call, 0);
	if (bad || add_conditions(filter, files) || seccomp_load(filter) < 0)
		die(EX_OSERR, "giving up privileges: seccomp: the kernel or libseccomp refused the filter");
	seccomp_release(filter);
}

void lockdown(int64_t uid, int64_t gid, uint64_t file_most)
{
	int files;

	tzset(); /* reads a file */
	files = enter_proc();
	drop_ids(uid, gid);
	check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
	check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable");
	restrict_files();
	set_limits(file_most);
	if (SANITIZED)
		say(SAY_WARNING, "built with a sanitizer: no seccomp filter, no limit of memory");
	else
		restrict_calls(files);
}
