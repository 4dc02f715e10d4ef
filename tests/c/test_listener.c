/* links: master/listener master/directory master/remote */
/* listener: what is made, what is kept and what is never touched; who waits. Real sockets in a directory of
 * the test's own. */
#include "base/fd.h"
#include "master/directory.h"
#include "master/listener.h"
#include "master/remote.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

static char base[32];

static int make_base(void **state)
{
	(void)state;
	(void)snprintf(base, sizeof base, "/tmp/reeve-listener.XXXXXX");
	return mkdtemp(base) == NULL ? -1 : 0;
}

static int remove_base(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf %s %s-other", base, base);
	return system(command);
}

/* `name` behind the test's directory. The text is good until the next call. */
static char *path(const char *name)
{
	static char text[128];

	(void)snprintf(text, sizeof text, "%s%s", base, name);
	return text;
}

static struct listener_definition at(enum listener_kind kind, char *address)
{
	static char name[] = "l";

	return (struct listener_definition){.kind = kind,
		.name = name,
		.address = address,
		.mode = 0640,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1};
}

static void assert_opens(struct listener *l, const struct listener_definition *d)
{
	struct err e = {""};

	if (listener_open(l, d, BACKLOG, base, &e) < 0)
		fail_msg("%s", e.text);
}

static int connect_to(const char *address)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", address);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		fd_close(&fd);
	return fd;
}

static void a_path_is_below_a_directory_or_it_is_not(void **state)
{
	static const struct {
		const char *path, *inside;
	} rows[] = {
		{"/run/reeve/a", "a"},
		{"/run/reeve/a/b", "a/b"},
		{"/run/reeve/..a/b..", "..a/b.."},
		{"/run/reeve", NULL},
		{"/run/reeve/", NULL},
		{"/run/reeve-other/a", NULL},
		{"/run/a", NULL},
		{"/run/reeve/../a", NULL},
		{"/run/reeve/a/..", NULL},
		{"/run/reeve/.", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *inside = directory_below("/run/reeve", rows[i].path);
		if (rows[i].inside == NULL)
			assert_null(inside);
		else
			assert_string_equal(inside, rows[i].inside);
	}
}

static void file_systems_that_may_not_answer_are_known_by_their_type(void **state)
{
	struct remote r = {0};

	(void)state;
	remote_load(&r); /* whatever there is */
	remote_parse(&r, "22 1 0:21 / /proc rw - proc proc rw\n"
			 "36 35 98:0 / /mnt/a\\040b rw,noatime shared:1 master:2 - nfs4 server:/x rw\n"
			 "37 35 98:1 / /home rw - fuse.sshfs host: rw\n"
			 "38 35 98:2 / /data rw - ext4 /dev/sda rw\n"
			 "1 1 0:2 / / rw - 9p root rw\n"
			 "39 35 - nfs short\n"
			 "no mount\n");
	assert_int_equal(r.n, 2);
	assert_true(remote_has(&r, "/mnt/a b"));
	assert_true(remote_has(&r, "/mnt/a b/bin/x"));
	assert_true(remote_has(&r, "/home/me/x"));
	assert_false(remote_has(&r, "/homes/x"));
	assert_false(remote_has(&r, "/data/x"));
	assert_false(remote_has(&r, ""));
	remote_free(&r);
	assert_false(remote_has(&r, "/home/me/x"));
}

static void directories_are_made_below_base_dir_only(void **state)
{
	struct listener l;
	struct listener_definition inside = at(LISTENER_UNIX, path("/deep/er/socket")), beside;
	struct err e = {""};

	(void)state;
	assert_opens(&l, &inside);
	listener_close(&l);
	beside = at(LISTENER_UNIX, path("-other/socket"));
	assert_int_equal(listener_open(&l, &beside, BACKLOG, base, &e), -1);
	assert_non_null(strstr(e.text, "No such file or directory"));
	assert_int_equal(access(path("-other"), F_OK), -1);
}

static void a_file_has_its_mode_and_goes_with_its_listener(void **state)
{
	static const enum listener_kind kinds[] = {LISTENER_UNIX, LISTENER_FIFO};
	struct stat st;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		struct listener_definition d = at(kinds[i], path("/l"));
		struct listener l;
		assert_opens(&l, &d);
		assert_int_equal(stat(d.address, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0640);
		assert_true(listener_is_there(&l));
		listener_close(&l);
		assert_int_equal(stat(d.address, &st), -1);
	}
}

static void what_somebody_else_put_there_stays(void **state)
{
	struct listener_definition d = at(LISTENER_UNIX, path("/l"));
	struct listener l;
	int file;

	(void)state;
	assert_opens(&l, &d);
	assert_int_equal(unlink(d.address), 0);
	file = open(d.address, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	assert_false(listener_is_there(&l));
	listener_close(&l);
	assert_int_equal(access(d.address, F_OK), 0);
	fd_close(&file);
}

static void a_socket_that_nobody_answers_at_is_replaced(void **state)
{
	struct listener_definition d = at(LISTENER_UNIX, path("/l"));
	struct listener dead, l, third;
	struct err e = {""};

	(void)state;
	assert_opens(&dead, &d);
	fd_close(&dead.fd); /* as after kill -9 */
	assert_opens(&l, &d);
	assert_int_equal(listener_open(&third, &d, BACKLOG, base, &e), -1);
	assert_non_null(strstr(e.text, "another program answers there"));
	assert_true(listener_is_there(&l));
	listener_close(&l);
}

static void who_waits_is_counted_and_can_be_dropped(void **state)
{
	struct listener_definition d = at(LISTENER_UNIX, path("/l"));
	struct listener l;
	int diag = listener_diag_open(), clients[3];

	(void)state;
	assert_opens(&l, &d);
	assert_int_equal(listener_waiting(&l, diag), 0);
	for (size_t i = 0; i < 3; i++) {
		clients[i] = connect_to(d.address);
		assert_true(clients[i] >= 0);
		assert_int_equal(listener_waiting(&l, diag), i + 1);
		assert_int_equal(listener_waiting(&l, -1), 1); /* nobody to ask: somebody waits */
	}
	assert_int_equal(listener_drop(&l), 3);
	assert_int_equal(listener_waiting(&l, diag), 0);
	for (size_t i = 0; i < 3; i++)
		fd_close(&clients[i]);
	listener_close(&l);
	fd_close(&diag);
}

static void a_directory_that_others_can_change_is_not_ours(void **state)
{
	struct err e = {""};
	int fd = directory_open_own("base_dir", base, &e);

	(void)state;
	assert_true(fd >= 0);
	fd_close(&fd);
	assert_int_equal(chmod(base, 0770), 0);
	assert_int_equal(directory_open_own("base_dir", base, &e), -1);
	assert_non_null(strstr(e.text, "can be written by others"));
	assert_int_equal(symlink(base, path("-other")), 0);
	assert_int_equal(directory_open_own("base_dir", path("-other"), &e), -1);
	assert_non_null(strstr(e.text, "goes through a symbolic link"));
}

#define IN_BASE(test) cmocka_unit_test_setup_teardown(test, make_base, remove_base)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_below_a_directory_or_it_is_not),
		cmocka_unit_test(file_systems_that_may_not_answer_are_known_by_their_type),
		IN_BASE(directories_are_made_below_base_dir_only),
		IN_BASE(a_file_has_its_mode_and_goes_with_its_listener),
		IN_BASE(what_somebody_else_put_there_stays),
		IN_BASE(a_socket_that_nobody_answers_at_is_replaced),
		IN_BASE(who_waits_is_counted_and_can_be_dropped),
		IN_BASE(a_directory_that_others_can_change_is_not_ours),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
