/* links: cli/histfile; histfile: lines come back oldest first, from a file for its owner alone that never
 * grows for ever. */
#include "cli/histfile.h"
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64], file[128];

static int make_top(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/reeve-histfile-XXXXXX");
	(void)umask(0);
	if (mkdtemp(top) == NULL || setenv("XDG_STATE_HOME", top, 1) < 0)
		return -1;
	(void)snprintf(file, sizeof file, "%s/reeve/history", top);
	return 0;
}

static int remove_top(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof command, "rm -rf '%s'", top);
	return system(command);
}

struct seen {
	char first[32], last[32];
	size_t n;
};

static void see(const char *line, void *arg)
{
	struct seen *seen = arg;

	if (seen->n++ == 0)
		(void)snprintf(seen->first, sizeof seen->first, "%s", line);
	(void)snprintf(seen->last, sizeof seen->last, "%s", line);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void it_lies_in_the_state_directory(void **state)
{
	char *path = histfile_path();
	char home[96];

	(void)state;
	assert_string_equal(path, file);
	*strrchr(path, '/') = '\0';
	assert_int_equal(mode_of(path), 0700);
	free(path);
	assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
	(void)snprintf(home, sizeof home, "%s/home", top);
	assert_int_equal(setenv("HOME", home, 1), 0);
	path = histfile_path();
	assert_non_null(strstr(path, "/home/.local/state/reeve/history"));
	free(path);
	assert_int_equal(unsetenv("HOME"), 0);
	assert_null(histfile_path());
	assert_int_equal(setenv("XDG_STATE_HOME", top, 1), 0);
}

static void lines_come_back_but_not_secret_ones(void **state)
{
	struct seen seen = {0};

	(void)state;
	histfile_each(file, see, &seen);
	assert_int_equal(seen.n, 0);
	histfile_add(file, "one");
	histfile_add(file, " secret");
	histfile_add(file, "\tsecret");
	histfile_add(file, "");
	histfile_add(file, "two");
	assert_int_equal(mode_of(file), 0600);
	histfile_each(file, see, &seen);
	assert_int_equal(seen.n, 2);
	assert_string_equal(seen.first, "one");
	assert_string_equal(seen.last, "two");
}

static void it_is_cut(void **state)
{
	struct seen seen = {0};
	char line[32];
	struct stat st;

	(void)state;
	for (int i = 0; i < 2 * HISTFILE_MOST; i++) {
		(void)snprintf(line, sizeof line, "line %d", i);
		histfile_add(file, line);
	}
	histfile_each(file, see, &seen);
	assert_int_equal(seen.n, HISTFILE_MOST);
	assert_string_equal(seen.first, "line 2000");
	assert_string_equal(seen.last, "line 3999");
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, HISTFILE_MOST * 10);
	assert_int_equal(st.st_mode & 07777, 0600);
	memset(&seen, 0, sizeof seen);
	histfile_each(file, see, &seen);
	assert_int_equal(seen.n, HISTFILE_MOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_lies_in_the_state_directory),
		cmocka_unit_test(lines_come_back_but_not_secret_ones),
		cmocka_unit_test(it_is_cut),
	};

	return cmocka_run_group_tests(tests, make_top, remove_top);
}
