/* links: worker/environment */
/* What Reeve says in the environment; what it cannot have said. */
#include "test.h"
#include "worker/environment.h"

#include <stdlib.h>
#include <string.h>

static struct reeve_service service;
static struct reeve_error error;

/* A good environment; the cases change one thing of it. */
static int good(void **state)
{
	static const char *const variables[][2] = {
		{"GENERATION", "17"},
		{"SERVICE_NAME", "web"},
		{"CLIENT_LIMIT", "200"},
		{"SERVICE_COUNT", "1000"},
		{"PROCESS_LIMIT", "8"},
		{"PROCESS_MIN_AVAIL", "2"},
		{"IDLE_KILL", "4294967295"},
		{"SOCKET_COUNT", "2"},
		{"SOCKET0_SETTINGS", "http"},
		{"SOCKET1_SETTINGS", "http\001ts\tssl\thaproxy"},
	};

	(void)state;
	if (clearenv() != 0)
		return -1;
	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
		if (setenv(variables[i][0], variables[i][1], 1) < 0)
			return -1;
	return 0;
}

static void everything_said_is_understood(void **state)
{
	(void)state;
	assert_true(environment_present());
	assert_int_equal(environment_read(&service, &error), 0);
	assert_string_equal(service.name, "web");
	assert_int_equal(service.id, 17);
	assert_int_equal(service.client_limit, 200);
	assert_int_equal(service.service_count, 1000);
	assert_int_equal(service.process_limit, 8);
	assert_int_equal(service.process_min_avail, 2);
	assert_true(service.idle_kill_secs == REEVE_NEVER);
	assert_int_equal(service.n_listeners, 2);
	assert_string_equal(service.listeners[0].name, "http");
	assert_int_equal(service.listeners[0].fd, 7);
	assert_false(service.listeners[0].ssl || service.listeners[0].haproxy);
	assert_string_equal(service.listeners[1].name, "http\ts");
	assert_int_equal(service.listeners[1].fd, 8);
	assert_true(service.listeners[1].ssl && service.listeners[1].haproxy);
	environment_free(&service);
	assert_null(service.name);
}

static void service_count_unset_is_no_end(void **state)
{
	(void)state;
	unsetenv("SERVICE_COUNT");
	assert_int_equal(environment_read(&service, &error), 0);
	assert_int_equal(service.service_count, 0);
	environment_free(&service);
}

static void a_service_may_have_no_socket(void **state)
{
	(void)state;
	setenv("SOCKET_COUNT", "0", 1);
	assert_int_equal(environment_read(&service, &error), 0);
	assert_int_equal(service.n_listeners, 0);
	environment_free(&service);
}

static const struct bad {
	const char *name, *value, *sentence;
} bads[] = {
	{"CLIENT_LIMIT", "0", "CLIENT_LIMIT is '0': it must be a whole number from 1 to 4294967295"},
	{"CLIENT_LIMIT", "", "CLIENT_LIMIT is '': it must be a whole number from 1 to 4294967295"},
	{"CLIENT_LIMIT", "-1", "CLIENT_LIMIT is '-1': it must be a whole number from 1 to 4294967295"},
	{"CLIENT_LIMIT", "+1", "CLIENT_LIMIT is '+1': it must be a whole number from 1 to 4294967295"},
	{"CLIENT_LIMIT", " 1", "CLIENT_LIMIT is ' 1': it must be a whole number from 1 to 4294967295"},
	{"CLIENT_LIMIT", "1x", "CLIENT_LIMIT is '1x': it must be a whole number from 1 to 4294967295"},
	{"CLIENT_LIMIT", NULL,
		"CLIENT_LIMIT is not set: whoever starts this worker must set it (reeve-worker(3))"},
	{"GENERATION", "4294967296",
		"GENERATION is '4294967296': it must be a whole number from 0 to 4294967295"},
	{"GENERATION", "99999999999999999999999",
		"GENERATION is '99999999999999999999999': it must be a whole number from 0 to 4294967295"},
	{"SERVICE_COUNT", "many", "SERVICE_COUNT is 'many': it must be a whole number from 0 to 4294967295"},
	{"PROCESS_LIMIT", "1.5", "PROCESS_LIMIT is '1.5': it must be a whole number from 0 to 4294967295"},
	{"PROCESS_MIN_AVAIL", "-",
		"PROCESS_MIN_AVAIL is '-': it must be a whole number from 0 to 4294967295"},
	{"IDLE_KILL", "60s", "IDLE_KILL is '60s': it must be a whole number from 0 to 4294967295"},
	{"SOCKET_COUNT", "4097", "SOCKET_COUNT is '4097': it must be a whole number from 0 to 4096"},
	{"SOCKET_COUNT", NULL,
		"SOCKET_COUNT is not set: whoever starts this worker must set it (reeve-worker(3))"},
	{"SOCKET_COUNT", "3",
		"SOCKET2_SETTINGS is not set, though SOCKET_COUNT says that there are more sockets"},
	{"SOCKET1_SETTINGS", "a\001x",
		"SOCKET1_SETTINGS is 'a\001x': it must be a name, escaped with bytes 001, and words, "
		"separated by tabs"},
	{"SERVICE_NAME", "",
		"SERVICE_NAME is not set: whoever starts this worker must set it (reeve-worker(3))"},
};

static void what_cannot_be_gets_a_sentence(void **state)
{
	for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
		assert_int_equal(good(state), 0);
		if (bads[i].value != NULL)
			setenv(bads[i].name, bads[i].value, 1);
		else
			unsetenv(bads[i].name);
		assert_int_equal(environment_read(&service, &error), -1);
		assert_string_equal(error.text, bads[i].sentence);
		assert_null(service.listeners);
	}
}

static void a_long_bad_value_is_cut(void **state)
{
	char value[2000];

	(void)state;
	memset(value, 'x', sizeof value);
	value[sizeof value - 1] = '\0';
	setenv("IDLE_KILL", value, 1);
	assert_int_equal(environment_read(&service, &error), -1);
	assert_true(strlen(error.text) < 200);
	assert_non_null(strstr(error.text, "it must be a whole number"));
}

static const struct settings {
	const char *text, *name; /* NULL: refused */
	bool ssl, haproxy;
} settings[] = {
	{"", "", false, false},
	{"a", "a", false, false},
	{"a\tssl", "a", true, false},
	{"a\thaproxy", "a", false, true},
	{"a\thaproxy\tssl", "a", true, true},
	{"ssl", "ssl", false, false},
	{"a\tssly\txssl\t\tSSL\t", "a", false, false},
	{"a\tlater-word\tssl", "a", true, false},
	{"\tssl", "", true, false},
	{"login/imap", "login/imap", false, false},
	{"\001t\0011\001n\001r", "\t\001\n\r", false, false},
	{"x\0010y", "x", false, false},
	{"a\001", NULL, false, false},
	{"a\001\tssl", NULL, false, false},
	{"a\001T", NULL, false, false},
};

static void listener_settings_are_unescaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		const struct settings *want = &settings[i];
		struct reeve_listener listener = {0};

		assert_int_equal(environment_listener(&listener, want->text), want->name != NULL ? 0 : -1);
		if (want->name == NULL)
			continue;
		assert_string_equal(listener.name, want->name);
		assert_int_equal(listener.ssl, want->ssl);
		assert_int_equal(listener.haproxy, want->haproxy);
		free((void *)(uintptr_t)listener.name);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, good)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_said_is_understood),
		TEST(service_count_unset_is_no_end),
		TEST(a_service_may_have_no_socket),
		TEST(what_cannot_be_gets_a_sentence),
		TEST(a_long_bad_value_is_cut),
		TEST(listener_settings_are_unescaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
