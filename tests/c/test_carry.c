/* links: master/ */
/* carry: what a master hands to the next one comes back as it was, and anything else is refused. */
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "master/carry.h"
#include "master/process.h"
#include "master/process_table.h"
#include "test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A small world as lines: what a master writes, by hand. '\n' stands for the NUL of each. */
static const char world[] =
	"+reeve=0.0.9\n"
	"+master=\n"
	"generation=7\nnext_id=40\nbase_dir=/run/r\nlock=10\ncontrol.fd=11\ncontrol.at.address=/run/r/"
	"control\n"
	"state=12\nbundle=13\nlog.given=a\nupgrade.id=4.5\n"
	"+manager=@boss\n"
	"+passed=web\nfd=14\nis_used=1\n"
	"+settings=\nbase_dir=/run/r\n~no_setting_of_ours=1\n"
	"+define=web\nuser=0\nclient_limit=1\ncontract=systemd\nfd_store=3\nprocess_limit=9\n"
	"+argument=/bin/web\n+argument=--port\n+environment=A=b=c\n"
	"+inet=http\naddress=127.0.0.1\nport=80\nssl=1\n"
	"+path=/run/r/a\nkind=1\nmode=432\nuid=4294967295\ngid=0\n"
	"+file=key\n+at=/etc/key\nfd=15\nino=99\n"
	"+define=old\nuser=0\nclient_limit=1\nprocess_limit=1\n+argument=/bin/old\n"
	"+running=\n"
	"+service=web\nnumber=1\ngeneration=3\npool.crashes=5\npool.throttled_until=77\nstanding.at_most="
	"6\nlog.fds[0]=16\n"
	"+watched=0\nlistener.fd=17\nlistener.ino=5\n+watched=1\nlistener.fd=18\n"
	"+stored=one\nfd=19\nstays=1\n"
	"+process=12\n+contract=systemd\npool.state=1\npool.reported=1\npool.limit=1\npool.available=1\npid="
	"100\npidfd=20\n"
	"+process=9\n+contract-wait=inetd\npool.state=4\npool.clients=2\npid=101\npidfd=21\nstep=4\ndue="
	"500\nnotice.said=busy\n"
	"+service=old\nnumber=0\n"
	"+end=\n";

static struct master the;

static int prepare(void **state)
{
	(void)state;
	memset(&the, 0, sizeof the);
	the.is_root = true;
	the.manager.sock = the.state = the.tail = the.ready = the.handed = -1;
	master_prepare(&the);
	return 0;
}

/* The lines with NULs; to be freed. */
static char *lines_of(const char *text, size_t *len)
{
	char *lines = mem_text(text);

	*len = strlen(text);
	for (size_t i = 0; i < *len; i++)
		if (lines[i] == '\n')
			lines[i] = '\0';
	return lines;
}

static int parse(const char *text, struct err *e)
{
	size_t len;
	char *lines = lines_of(text, &len);
	int done = carry_parse_lines(&the, lines, len, e);

	mem_free(&lines);
	return done;
}

/* The world with `old` replaced. */
static char *with(const char *old, const char *new)
{
	const char *at = strstr(world, old);
	struct buf b = {0};
	char *text;

	assert_non_null(at);
	buf_add(&b, world, (size_t)(at - world));
	buf_print(&b, "%s%s", new, at + strlen(old));
	text = mem_text(buf_text(&b));
	buf_free(&b);
	return text;
}

static void refuses(const char *old, const char *new, const char *sentence)
{
	char *text = with(old, new);
	struct err e = {""};

	assert_int_equal(parse(text, &e), -1);
	if (strstr(e.text, sentence) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, sentence);
	carry_forget(&the);
	mem_free(&text);
}

static void reads_a_world(void **state)
{
	struct err e = {""};
	const struct service *web;
	const struct process *p;

	(void)state;
	if (parse(world, &e) < 0)
		fail_msg("%s", e.text);
	web = service_find(&the, "web");
	assert_int_equal(the.generation, 7);
	assert_string_equal(the.upgrade.from, "0.0.9");
	assert_string_equal(the.manager.passed[0].name, "web");
	assert_int_equal(the.services_n, 1);
	assert_ptr_equal(the.by_number[0], web);
	assert_string_equal(web->definition->arguments.text[1], "--port");
	assert_string_equal(web->definition->environment.text[0], "A=b=c");
	assert_int_equal(web->definition->listeners[0].port, 80);
	assert_string_equal(web->definition->listeners[1].name, "a");
	assert_true(web->definition->listeners[1].uid == (uid_t)-1);
	assert_int_equal(web->definition->files[0].fd, 15);
	assert_int_equal(web->watched[1].listener.fd, 18);
	assert_string_equal(web->watched[0].listener.at.address, "127.0.0.1");
	assert_int_equal(web->store.slots[0].fd, 19);
	assert_int_equal(web->pool.process_limit, 9);
	assert_int_equal(web->pool.crashes, 5);
	assert_int_equal(web->standing.at_most, 6);
	assert_int_equal(web->standing.burst, POOL_NO_LIMIT);
	assert_int_equal(web->pool.in[POOL_IDLE].count, 1);
	assert_int_equal(web->pool.in[POOL_DRAINING].count, 1);
	assert_int_equal(web->pool.available, 1);
	assert_int_equal(web->pool.clients, 2);
	p = process_find(&the, 9);
	assert_true(p->contract->wait);
	assert_int_equal(p->step, STEP_FINISH);
	assert_int_equal(p->due, 500);
	assert_string_equal(p->notice.said, "busy");
	assert_int_equal(p->status_fd, -1);
	assert_int_equal(the.alive, 2);
	carry_forget(&the);
	assert_int_equal(the.alive, 0);
	assert_int_equal(the.services.count, 0);
}

/* Everything that is handed over, as the file has it; to be freed. */
static char *written(size_t *len)
{
	struct stat st;
	struct err e;
	char *bytes;
	int fd = carry_write(&the, &e);

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	bytes = mem_new((size_t)st.st_size, 1);
	*len = (size_t)st.st_size;
	assert_int_equal(fd_read_at(fd, bytes, *len, 0), 0);
	fd_close(&fd);
	return bytes;
}

static void another_version_is_refused(void **state)
{
	struct carry_head head = {CARRY_MAGIC, CARRY_VERSION + 1, 0, 0};
	struct err e;

	(void)state;
	assert_int_equal(carry_parse(&the, &head, sizeof head, &e), -1);
	assert_string_equal(e.text, "it is of version 2, and this reeved reads version 1");
	head.magic++;
	assert_int_equal(carry_parse(&the, &head, sizeof head, &e), -1);
	assert_string_equal(e.text, "it is not the state of a master");
}

static void comes_back_as_it_was(void **state)
{
	size_t len, again;
	struct err e = {""};
	char *first, *second;

	(void)state;
	assert_int_equal(parse(world, &e), 0);
	first = written(&len);
	carry_forget(&the);
	if (carry_parse(&the, first, len, &e) < 0)
		fail_msg("%s", e.text);
	second = written(&again);
	assert_int_equal(len, again);
	assert_memory_equal(first, second, len);
	carry_forget(&the);
	mem_free(&first);
	mem_free(&second);
}

static void a_cut_or_flipped_byte_is_refused(void **state)
{
	size_t len;
	struct err e = {""};
	char *bytes;

	(void)state;
	assert_int_equal(parse(world, &e), 0);
	bytes = written(&len);
	carry_forget(&the);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(carry_parse(&the, bytes, n, &e), -1);
	for (size_t n = 0; n < len; n++) {
		bytes[n] ^= (char)(1 << n % 8);
		assert_int_equal(carry_parse(&the, bytes, len, &e), -1);
		bytes[n] ^= (char)(1 << n % 8);
	}
	if (carry_parse(&the, bytes, len, &e) < 0)
		fail_msg("%s", e.text);
	carry_forget(&the);
	mem_free(&bytes);
}

/* Behind the checksum, too: whatever a line says, it is taken or refused. */
static void no_line_breaks_the_reader(void **state)
{
	size_t len, taken = 0;
	struct err e = {""};
	char *lines = lines_of(world, &len);

	(void)state;
	for (size_t n = 0; n < 8 * len; n++) {
		lines[n / 8] ^= (char)(1 << n % 8);
		taken += carry_parse_lines(&the, lines, len, &e) == 0;
		carry_forget(&the);
		lines[n / 8] ^= (char)(1 << n % 8);
	}
	assert_true(taken > 0 && taken < 8 * len);
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(carry_parse_lines(&the, lines, n, &e), -1);
		carry_forget(&the);
	}
	mem_free(&lines);
}

static void what_it_does_not_know_is_refused_by_name(void **state)
{
	(void)state;
	refuses("+manager=", "+cloud=", "there is nothing named 'cloud'");
	refuses("generation=7", "generations=7", "there is nothing named 'generations'");
	refuses("~no_setting_of_ours=1", "no_setting_of_ours=1",
		"there is no global setting 'no_setting_of_ours'");
	refuses("process_limit=9", "proces_limit=9", "there is no setting 'proces_limit'");
	refuses("contract=systemd\nfd_store", "contract=dbus\nfd_store", "dbus");
	refuses("process_limit=9", "process_limit=0", "process_limit");
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	refuses("pool.state=4", "pool.state=5", "'5' is not a value of pool.state");
	refuses("step=4", "step=77", "step");
	refuses("ssl=1", "ssl=2", "ssl");
	refuses("port=80", "port=65536", "port");
	refuses("pidfd=20", "pidfd=-1", "pidfd");
	refuses("pidfd=20", "asked=0", "a process is not whole");
	refuses("+process=9", "+process=12", "is not the id of a process");
	refuses("+process=9", "+process=41", "a process is not whole");
	refuses("+watched=1", "+watched=2", "has no listener 2");
	refuses("listener.fd=18", "listener.dev=1", "a listener is missing");
	refuses("+service=old\nnumber=0", "+service=old\nnumber=1", "1 is not its number");
	refuses("+service=old", "+service=new", "there is no service 'new'");
	refuses("fd_store=3", "fd_store=0", "more descriptors than fd_store allows");
	refuses("lock=10\n", "", "the master is not whole");
	refuses("+running=\n", "", "is not where it should be");
	refuses("+end=\n", "", "it has no end");
	refuses("+end=\n", "+end=\n+running=\n", "is not where it should be");
	refuses("address=127.0.0.1", "address=localhost", "'localhost' is not an IP address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_world),
		cmocka_unit_test(another_version_is_refused),
		cmocka_unit_test(comes_back_as_it_was),
		cmocka_unit_test(a_cut_or_flipped_byte_is_refused),
		cmocka_unit_test(no_line_breaks_the_reader),
		cmocka_unit_test(what_it_does_not_know_is_refused_by_name),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests_name("carry", tests, prepare, NULL);
}
