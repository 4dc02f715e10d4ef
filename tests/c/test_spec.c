/* spec: every setting with good and bad values, in both written forms; defaults, differences. */
#include "base/mem.h"
#include "spec/spec.h"
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ONE_MIN  INT64_C(60000)
#define ANY_TEXT INT64_C(-7) /* a text kind: taken as it is */
#define BAD      INT64_C(-8) /* refused with the sentence */

/* The users's form of a value and what it means. Every setting must stand here (checked below). */
static const struct sample {
	enum spec_scope scope;
	const char *name, *text;
	int64_t n;
	const char *sentence; /* of a BAD one */
} samples[] = {
	{SPEC_global, "base_dir", "/run/reeve", ANY_TEXT, NULL},
	{SPEC_global, "libexec_dir", "/usr/libexec", ANY_TEXT, NULL},
	{SPEC_global, "protocols", "imap lmtp", ANY_TEXT, NULL},
	{SPEC_global, "listen", "* ::", ANY_TEXT, NULL},
	{SPEC_global, "default_client_limit", "1", 1, NULL},
	{SPEC_global, "default_client_limit", "1000000", 1000000, NULL},
	{SPEC_global, "default_client_limit", "0", BAD, "'0' is too small; the least is \"1\""},
	{SPEC_global, "default_client_limit", "1000001", BAD,
		"'1000001' is too large; the most is \"1000000\""},
	{SPEC_global, "default_client_limit", "unlimited", BAD,
		"'unlimited' is too large; the most is \"1000000\""},
	{SPEC_global, "default_process_limit", "100", 100, NULL},
	{SPEC_global, "default_process_limit", "0", BAD, "'0' is too small; the least is \"1\""},
	{SPEC_global, "default_process_limit", "100001", BAD,
		"'100001' is too large; the most is \"100000\""},
	{SPEC_global, "default_idle_kill", "60s", ONE_MIN, NULL},
	{SPEC_global, "default_idle_kill", "never", TEXT_UNLIMITED, NULL},
	{SPEC_global, "default_idle_kill", "0", BAD, "'0' is too small; the least is \"1ms\""},
	{SPEC_global, "default_idle_kill", "60", BAD,
		"'60' has no unit: 60 what? Write \"60s\", \"60min\" or \"60h\""},
	{SPEC_global, "default_vsz_limit", "256M", INT64_C(1) << 28, NULL},
	{SPEC_global, "default_vsz_limit", "unlimited", TEXT_UNLIMITED, NULL},
	{SPEC_global, "default_vsz_limit", "256MB", BAD,
		"'256MB' is not clear: 1000 or 1024? Write \"256M\" (powers of 1024)"},
	{SPEC_global, "default_internal_user", "nobody", ANY_TEXT, NULL},
	{SPEC_global, "default_login_user", "#1000", ANY_TEXT, NULL},
	{SPEC_global, "default_internal_group", "mail", ANY_TEXT, NULL},
	{SPEC_global, "import_environment", "TZ LANG=C", ANY_TEXT, NULL},
	{SPEC_global, "engine_user", "reeve", ANY_TEXT, NULL},
	{SPEC_global, "engine_timeout", "100ms", 100, NULL},
	{SPEC_global, "engine_timeout", "1h", 3600000, NULL},
	{SPEC_global, "engine_timeout", "99ms", BAD, "'99ms' is too small; the least is \"100ms\""},
	{SPEC_global, "engine_timeout", "2h", BAD, "'2h' is too large; the most is \"1h\""},
	{SPEC_global, "engine_timeout", "never", BAD, "'never' is too large; the most is \"1h\""},
	{SPEC_global, "ssl", "required", ANY_TEXT, NULL},
	{SPEC_global, "ssl", "yes", BAD, "'yes' is none of \"false\", \"true\", \"required\""},
	{SPEC_global, "ssl_cert", "/etc/ssl/a.pem /etc/ssl/b.pem", ANY_TEXT, NULL},
	{SPEC_global, "ssl_key", "/etc/ssl/a.key", ANY_TEXT, NULL},
	{SPEC_global, "ssl_min_protocol", "TLSv1.3", ANY_TEXT, NULL},
	{SPEC_global, "ssl_min_protocol", "TLSv1", BAD, "'TLSv1' is none of \"TLSv1.2\", \"TLSv1.3\""},
	{SPEC_global, "ssl_cipher_list", "ECDHE+AESGCM", ANY_TEXT, NULL},
	{SPEC_global, "ssl_ca", "/etc/ssl/ca.pem", ANY_TEXT, NULL},
	{SPEC_global, "ssl_verify_client_cert", "required", ANY_TEXT, NULL},
	{SPEC_global, "ssl_verify_client_cert", "yes", BAD,
		"'yes' is none of \"false\", \"true\", \"required\""},
	{SPEC_global, "haproxy_trusted_networks", "192.0.2.0/24 ::1", ANY_TEXT, NULL},
	{SPEC_global, "haproxy_timeout", "3s", 3000, NULL},
	{SPEC_global, "haproxy_timeout", "0", BAD, "'0' is too small; the least is \"1ms\""},
	{SPEC_global, "shutdown_clients", "false", 0, NULL},
	{SPEC_global, "shutdown_clients", "no", BAD, "'no' is neither true nor false"},
	{SPEC_global, "auth_worker_max_count", "30", 30, NULL},
	{SPEC_global, "auth_worker_max_count", "0", BAD, "'0' is too small; the least is \"1\""},
	{SPEC_global, "stop_timeout", "0", 0, NULL},
	{SPEC_global, "stop_timeout", "1m", BAD,
		"'1m' is not clear: 'm' could be minutes or months; write \"1min\""},
	{SPEC_global, "fork_budget", "0", 0, NULL},
	{SPEC_global, "fork_budget", "1.5", BAD, "'1.5' is not a whole number from 0 up"},
	{SPEC_global, "state_dir", "/var/lib/reeve", ANY_TEXT, NULL},
	{SPEC_global, "record", "64M", INT64_C(1) << 26, NULL},
	{SPEC_global, "record", "64", BAD, "'64' has no unit: write \"64M\" (or K, G; powers of 1024)"},
	{SPEC_global, "record", "67108864", BAD, "'67108864' has no unit: write \"64M\""},
	{SPEC_global, "record", "2T", BAD, "'2T' is too large; the most is \"1T\""},
	{SPEC_global, "control", "", ANY_TEXT, NULL},
	{SPEC_path, "mode", "660", BAD, "'660' lacks the leading 0 of an octal mode; write \"0660\""},
	{SPEC_global, "log_path", "/var/log/reeve.log", ANY_TEXT, NULL},
	{SPEC_global, "info_log_path", "syslog", ANY_TEXT, NULL},
	{SPEC_global, "debug_log_path", "journald", ANY_TEXT, NULL},
	{SPEC_global, "log_timestamp", "%H:%M ", ANY_TEXT, NULL},
	{SPEC_global, "log_format", "json", ANY_TEXT, NULL},
	{SPEC_global, "log_format", "xml", BAD, "'xml' is none of \"text\", \"json\""},
	{SPEC_global, "syslog_facility", "mail", ANY_TEXT, NULL},
	{SPEC_global, "instance_name", "reeve", ANY_TEXT, NULL},
	{SPEC_global, "log_debug", "category=auth", ANY_TEXT, NULL},
	{SPEC_global, "verbose_proctitle", "true", 1, NULL},
	{SPEC_global, "verbose_proctitle", "yes", BAD, "'yes' is neither true nor false"},
	{SPEC_global, "doveadm", "true", 1, NULL},
	{SPEC_global, "doveadm", "yes", BAD, "'yes' is neither true nor false"},
	{SPEC_global, "stats_writer_socket_path", "stats-writer", ANY_TEXT, NULL},
	{SPEC_service, "description", "the web", ANY_TEXT, NULL},
	{SPEC_service, "executable", "/usr/libexec/imap -D", ANY_TEXT, NULL},
	{SPEC_service, "contract", "reeve", ANY_TEXT, NULL},
	{SPEC_service, "contract", "plain", ANY_TEXT, NULL},
	{SPEC_service, "contract", "dovecot", ANY_TEXT, NULL},
	{SPEC_service, "contract", "", BAD,
		"'' is none of \"reeve\", \"dovecot\", \"systemd\", \"inetd\", \"plain\""},
	{SPEC_service, "contract", "reeve|plain", BAD,
		"'reeve|plain' is none of \"reeve\", \"dovecot\", \"systemd\", \"inetd\", \"plain\""},
	{SPEC_service, "contract", "ree", BAD,
		"'ree' is none of \"reeve\", \"dovecot\", \"systemd\", \"inetd\", \"plain\""},
	{SPEC_service, "contract", "systemd", ANY_TEXT, NULL},
	{SPEC_service, "contract", "inetd", ANY_TEXT, NULL},
	{SPEC_service, "wait", "true", 1, NULL},
	{SPEC_service, "wait", "nowait", BAD, "'nowait' is neither true nor false"},
	{SPEC_service, "ready", "tcp:127.0.0.1:80", ANY_TEXT, NULL},
	{SPEC_service, "alive", "unix:/run/x", ANY_TEXT, NULL},
	{SPEC_service, "alive_every", "10ms", 10, NULL},
	{SPEC_service, "alive_every", "9ms", BAD, "'9ms' is too small; the least is \"10ms\""},
	{SPEC_service, "watchdog", "never", TEXT_UNLIMITED, NULL},
	{SPEC_service, "watchdog", "9ms", BAD, "'9ms' is too small; the least is \"10ms\""},
	{SPEC_service, "fd_store", "64", 64, NULL},
	{SPEC_service, "fd_store", "65", BAD, "'65' is too large; the most is \"64\""},
	{SPEC_service, "per_source_limit", "0", 0, NULL},
	{SPEC_service, "per_source_limit", "100001", BAD, "'100001' is too large; the most is \"100000\""},
	{SPEC_service, "after", "db cache", ANY_TEXT, NULL},
	{SPEC_service, "requires", "db", ANY_TEXT, NULL},
	{SPEC_service, "type", "", ANY_TEXT, NULL},
	{SPEC_service, "type", "startup", ANY_TEXT, NULL},
	{SPEC_service, "type", "anvil", ANY_TEXT, NULL},
	{SPEC_service, "type", "logger", BAD,
		"'logger' is none of \"\", \"startup\", \"login\", \"worker\", \"log\", \"config\", "
		"\"anvil\""},
	{SPEC_service, "protocol", "imap", ANY_TEXT, NULL},
	{SPEC_service, "user", "vmail", ANY_TEXT, NULL},
	{SPEC_service, "group", "#12", ANY_TEXT, NULL},
	{SPEC_service, "extra_groups", "mail adm", ANY_TEXT, NULL},
	{SPEC_service, "privileged_group", "mail", ANY_TEXT, NULL},
	{SPEC_service, "chroot", "login", ANY_TEXT, NULL},
	{SPEC_service, "working_directory", "/srv/web", ANY_TEXT, NULL},
	{SPEC_service, "umask", "0022", 022, NULL},
	{SPEC_service, "umask", "01000", BAD, "'01000' is too large; the most is \"0777\""},
	{SPEC_service, "rlimits", "core=0 nofile=64", ANY_TEXT, NULL},
	{SPEC_service, "nice", "-20", -20, NULL},
	{SPEC_service, "nice", "20", BAD, "'20' is too large; the most is \"19\""},
	{SPEC_service, "nice", "-", BAD, "'-' is not a whole number"},
	{SPEC_service, "oom_score_adj", "-1000", -1000, NULL},
	{SPEC_service, "oom_score_adj", "-1001", BAD, "'-1001' is too small; the least is \"-1000\""},
	{SPEC_service, "no_new_privs", "true", 1, NULL},
	{SPEC_service, "no_new_privs", "yes", BAD, "'yes' is neither true nor false"},
	{SPEC_service, "every", "1d", 86400000, NULL},
	{SPEC_service, "every", "0", BAD, "'0' is too small; the least is \"1ms\""},
	{SPEC_service, "drop_priv_before_exec", "true", 1, NULL},
	{SPEC_service, "drop_priv_before_exec", "false", 0, NULL},
	{SPEC_service, "drop_priv_before_exec", "yes", BAD, "'yes' is neither true nor false"},
	{SPEC_service, "drop_priv_before_exec", "1", BAD, "'1' is neither true nor false"},
	{SPEC_service, "env", "", ANY_TEXT, NULL},
	{SPEC_service, "client_limit", "200", 200, NULL},
	{SPEC_service, "client_limit", "-1", BAD, "'-1' is not a whole number from 0 up"},
	{SPEC_service, "service_count", "unlimited", TEXT_UNLIMITED, NULL},
	{SPEC_service, "service_count", "many", BAD, "'many' is not a whole number from 0 up"},
	{SPEC_service, "process_limit", "100000", 100000, NULL},
	{SPEC_service, "process_limit", "100001", BAD, "'100001' is too large; the most is \"100000\""},
	{SPEC_service, "process_min_avail", "4", 4, NULL},
	{SPEC_service, "process_min_avail", "4.0", BAD, "'4.0' is not a whole number from 0 up"},
	{SPEC_service, "idle_kill", "5min", 5 * ONE_MIN, NULL},
	{SPEC_service, "idle_kill", "4294967295s", TEXT_UNLIMITED, NULL},
	{SPEC_service, "idle_kill", "5", BAD, "'5' has no unit: 5 what? Write \"5s\", \"5min\" or \"5h\""},
	{SPEC_service, "vsz_limit", "1G", INT64_C(1) << 30, NULL},
	{SPEC_service, "vsz_limit", "256", BAD,
		"'256' has no unit: write \"256M\" (or K, G; powers of 1024)"},
	{SPEC_service, "start_timeout", "30s", 30000, NULL},
	{SPEC_service, "start_timeout", "0", BAD, "'0' is too small; the least is \"100ms\""},
	{SPEC_service, "stop_timeout", "never", TEXT_UNLIMITED, NULL},
	{SPEC_service, "stop_timeout", "", BAD,
		"'' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or \"never\""},
	{SPEC_service, "stop_signal", "SIGTERM", ANY_TEXT, NULL},
	{SPEC_service, "stop_signal", "STOP", BAD,
		"'STOP' is none of \"TERM\", \"SIGTERM\", \"INT\", \"SIGINT\", \"QUIT\", \"SIGQUIT\", "
		"\"HUP\", \"SIGHUP\", "
		"\"USR1\", \"SIGUSR1\", \"USR2\", \"SIGUSR2\", \"KILL\", \"SIGKILL\""},
	{SPEC_service, "mode_signal", "USR1", ANY_TEXT, NULL},
	{SPEC_service, "mode_signal", "", ANY_TEXT, NULL},
	{SPEC_service, "mode_signal", "KILL", BAD,
		"'KILL' is none of \"\", \"USR1\", \"SIGUSR1\", \"USR2\", \"SIGUSR2\", \"HUP\", \"SIGHUP\""},
	{SPEC_service, "kill_after", "10s", 10000, NULL},
	{SPEC_service, "kill_after", "ten", BAD,
		"'ten' is not a duration; write \"500ms\", \"60s\", \"5min\", \"1h\", \"1d\" or \"never\""},
	{SPEC_service, "log_rate", "500", 500, NULL},
	{SPEC_service, "log_rate", "some", BAD, "'some' is not a whole number from 0 up"},
	{SPEC_service, "log_overflow", "drop", ANY_TEXT, NULL},
	{SPEC_service, "log_overflow", "lose", BAD, "'lose' is none of \"block\", \"drop\""},
	{SPEC_service, "open_files", "KEY=/etc/key", ANY_TEXT, NULL},
	{SPEC_service, "policy", "", ANY_TEXT, NULL},
	{SPEC_global, "policy", "", ANY_TEXT, NULL},
	{SPEC_inet, "name", "imap", ANY_TEXT, NULL},
	{SPEC_inet, "address", "127.0.0.1 ::1", ANY_TEXT, NULL},
	{SPEC_inet, "port", "0", 0, NULL},
	{SPEC_inet, "port", "65535", 65535, NULL},
	{SPEC_inet, "port", "65536", BAD, "'65536' is too large; the most is \"65535\""},
	{SPEC_inet, "port", "imap", BAD, "'imap' is not a whole number from 0 up"},
	{SPEC_inet, "ssl", "true", 1, NULL},
	{SPEC_inet, "ssl", "no", BAD, "'no' is neither true nor false"},
	{SPEC_inet, "ssl_cert", "/etc/ssl/a.pem", ANY_TEXT, NULL},
	{SPEC_inet, "ssl_key", "/etc/ssl/a.key", ANY_TEXT, NULL},
	{SPEC_inet, "ssl_min_protocol", "TLSv1.2", ANY_TEXT, NULL},
	{SPEC_inet, "ssl_min_protocol", "TLSv1.1", BAD,
		"'TLSv1.1' is none of \"\", \"TLSv1.2\", \"TLSv1.3\""},
	{SPEC_inet, "ssl_cipher_list", "ECDHE+AESGCM", ANY_TEXT, NULL},
	{SPEC_inet, "ssl_ca", "/etc/ssl/ca.pem", ANY_TEXT, NULL},
	{SPEC_inet, "ssl_verify_client_cert", "true", ANY_TEXT, NULL},
	{SPEC_inet, "ssl_verify_client_cert", "ask", BAD,
		"'ask' is none of \"\", \"false\", \"true\", \"required\""},
	{SPEC_inet, "send_proxy", "true", 1, NULL},
	{SPEC_inet, "send_proxy", "2", BAD, "'2' is neither true nor false"},
	{SPEC_inet, "haproxy", "true", 1, NULL},
	{SPEC_inet, "haproxy", "TRUE", BAD, "'TRUE' is neither true nor false"},
	{SPEC_inet, "reuse_port", "false", 0, NULL},
	{SPEC_inet, "reuse_port", "", BAD, "'' is neither true nor false"},
	{SPEC_path, "path", "login/imap", ANY_TEXT, NULL},
	{SPEC_path, "user", "root", ANY_TEXT, NULL},
	{SPEC_path, "group", "root", ANY_TEXT, NULL},
	{SPEC_path, "mode", "0", 0, NULL},
	{SPEC_path, "mode", "07777", 07777, NULL},
	{SPEC_path, "mode", "0999", BAD,
		"'0999' is not a file mode; write four octal digits such as \"0660\""},
};
#define SAMPLES (sizeof samples / sizeof samples[0])

/* a type whose user's form this room can refuse */
static int is_strict(enum spec_type type)
{
	return type <= SPEC_T_flag || type == SPEC_T_choice;
}

static const struct spec_row *row_of(const struct sample *s)
{
	const struct spec_row *row = spec_find(s->scope, s->name);

	if (row == NULL)
		fail_msg("there is no setting '%s': take it out of this test", s->name);
	return row;
}

static void good_and_bad_values_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct sample *s = &samples[i];
		const struct spec_row *row = row_of(s);
		struct spec_value value;
		struct err e = {""};
		int got;
		if (row->type == SPEC_T_user || row->type == SPEC_T_group)
			continue; /* the user's form is a name: Lua's business */
		got = spec_parse(row, s->text, &value, &e);
		if (s->n == BAD) {
			if (got != -1)
				fail_msg("%s: '%s' was taken", s->name, s->text);
			assert_string_equal(e.text, s->sentence);
			continue;
		}
		if (got != 0)
			fail_msg("%s: '%s' was refused: %s", s->name, s->text, e.text);
		if (s->n == ANY_TEXT)
			assert_string_equal(value.text, s->text);
		else
			assert_true(value.number == s->n);
	}
}

static void every_setting_has_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < spec_settings_n; i++) {
		const struct spec_row *row = &spec_settings[i];
		int good = 0, bad = 0;
		for (size_t k = 0; k < SAMPLES; k++)
			if (samples[k].scope == row->scope && strcmp(samples[k].name, row->name) == 0) {
				good += samples[k].n != BAD;
				bad += samples[k].n == BAD;
			}
		if (good == 0 || (is_strict(row->type) && bad == 0))
			fail_msg("setting '%s' of %s needs a good%s sample in this test", row->name,
				spec_scope_name(row->scope), is_strict(row->type) ? " and a bad" : "");
	}
}

static void the_users_form_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct spec_row *row = row_of(&samples[i]);
		struct spec_value value, again;
		char out[128];
		if (samples[i].n == BAD || row->type == SPEC_T_user || row->type == SPEC_T_group)
			continue;
		assert_int_equal(spec_parse(row, samples[i].text, &value, NULL), 0);
		spec_print(row, &value, out, sizeof out);
		assert_int_equal(spec_parse(row, out, &again, NULL), 0);
		if (spec_is_number(row->type))
			assert_true(again.number == value.number);
		else
			assert_string_equal(again.text, value.text);
	}
}

union any_settings {
	struct spec_global_settings global;
	struct spec_service_settings service;
	struct spec_inet_settings inet;
	struct spec_path_settings path;
};

static int64_t number_in(const struct spec_row *row, const union any_settings *s)
{
	int64_t n;

	memcpy(&n, (const char *)s + row->offset, sizeof n);
	return n;
}

static const char *text_in(const struct spec_row *row, const union any_settings *s)
{
	const char *text;

	memcpy(&text, (const char *)s + row->offset, sizeof text);
	return text;
}

static void every_default_is_a_good_value(void **state)
{
	(void)state;
	for (int scope = 0; scope < SPEC_SCOPES; scope++) {
		union any_settings s;
		spec_defaults((enum spec_scope)scope, &s);
		for (size_t i = 0; i < spec_settings_n; i++) {
			const struct spec_row *row = &spec_settings[i];
			struct spec_value value;
			struct err e = {""};
			if ((int)row->scope != scope)
				continue;
			if (!spec_is_number(row->type)) {
				assert_string_equal(text_in(row, &s), row->fallback);
			} else if (row->fallback[0] == '\0' || row->type == SPEC_T_user ||
				   row->type == SPEC_T_group) {
				assert_true(number_in(row, &s) == -1);
			} else {
				if (spec_parse(row, row->fallback, &value, &e) != 0)
					fail_msg("%s: default '%s': %s", row->name, row->fallback, e.text);
				assert_true(number_in(row, &s) == value.number);
			}
		}
		spec_free((enum spec_scope)scope, &s);
	}
}

static void the_documented_defaults_hold(void **state)
{
	struct spec_global_settings g;
	struct spec_service_settings s;
	struct spec_path_settings p;

	(void)state;
	spec_defaults(SPEC_global, &g);
	spec_defaults(SPEC_service, &s);
	spec_defaults(SPEC_path, &p);
	assert_string_equal(g.base_dir, "/run/reeve");
	assert_true(g.default_client_limit == 1000 && g.default_process_limit == 100);
	assert_true(g.default_idle_kill == 60000 && g.default_vsz_limit == INT64_C(256) << 20);
	assert_true(g.engine_timeout == 10000 && g.fork_budget == 0);
	assert_true(s.vsz_limit == -1 && s.client_limit == 0 && s.drop_priv_before_exec == 1);
	assert_string_equal(s.contract, "reeve");
	assert_true(p.mode == 0700 && p.user == -1);
	spec_free(SPEC_global, &g);
	spec_free(SPEC_service, &s);
	spec_free(SPEC_path, &p);
	assert_null(g.base_dir);
}

static void store(
	const struct spec_row *row, union any_settings *s, const char *canonical, const char *sentence)
{
	struct err e = {""};
	int got = spec_store(row, s, canonical, &e);

	if (sentence == NULL && got != 0)
		fail_msg("%s = '%s' was refused: %s", row->name, canonical, e.text);
	if (sentence != NULL && got == 0)
		fail_msg("%s = '%s' was taken", row->name, canonical);
	if (sentence != NULL)
		assert_string_equal(e.text, sentence);
}

static void the_masters_own_reader_checks_bounds_again(void **state)
{
	static const struct {
		enum spec_scope scope;
		const char *name, *canonical, *sentence;
	} rows[] = {
		{SPEC_inet, "port", "80", NULL},
		{SPEC_inet, "port", "65536", "port: '65536' is too large; the most is \"65535\""},
		{SPEC_inet, "port", "-1", "port: '-1' is too small; the least is \"0\""},
		{SPEC_inet, "port", "", "port: '' is not a whole number"},
		{SPEC_inet, "port", " 80", "port: ' 80' is not a whole number"},
		{SPEC_inet, "port", "80 ", "port: '80 ' is not a whole number"},
		{SPEC_inet, "port", "+80", "port: '+80' is not a whole number"},
		{SPEC_inet, "port", "0x50", "port: '0x50' is not a whole number"},
		{SPEC_inet, "port", "-", "port: '-' is not a whole number"},
		{SPEC_inet, "port", "99999999999999999999999",
			"port: '99999999999999999999999' is not a whole number"},
		{SPEC_inet, "port", "-99999999999999999999999",
			"port: '-99999999999999999999999' is not a whole number"},
		{SPEC_inet, "ssl", "1", NULL},
		{SPEC_inet, "ssl", "2", "ssl: '2' is neither 0 nor 1"},
		{SPEC_inet, "ssl", "-1", "ssl: '-1' is neither 0 nor 1"},
		{SPEC_inet, "ssl", "true", "ssl: 'true' is not a whole number"},
		{SPEC_service, "user", "-1", NULL},
		{SPEC_service, "user", "4294967294", NULL},
		{SPEC_service, "user", "4294967295", "user: '4294967295' is not an id"},
		{SPEC_service, "user", "-2", "user: '-2' is not an id"},
		{SPEC_service, "user", "root", "user: 'root' is not a whole number"},
		{SPEC_service, "contract", "plain", NULL},
		{SPEC_service, "contract", "launchd",
			"contract: 'launchd' is none of \"reeve\", \"dovecot\", \"systemd\", \"inetd\", "
			"\"plain\""},
		{SPEC_service, "client_limit", "1000001",
			"client_limit: '1000001' is too large; the most is \"1000000\""},
		{SPEC_service, "start_timeout", "99",
			"start_timeout: '99ms' is too small; the least is \"100ms\""},
		{SPEC_service, "executable", "/bin/cat", NULL},
		{SPEC_path, "mode", "4096", "mode: '010000' is too large; the most is \"07777\""},
	};
	union any_settings s[SPEC_SCOPES];

	(void)state;
	for (int i = 0; i < SPEC_SCOPES; i++)
		spec_defaults((enum spec_scope)i, &s[i]);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		store(spec_find(rows[i].scope, rows[i].name), &s[rows[i].scope], rows[i].canonical,
			rows[i].sentence);
	assert_true(s[SPEC_inet].inet.port == 80);
	assert_string_equal(s[SPEC_service].service.contract, "plain");
	assert_string_equal(s[SPEC_service].service.executable, "/bin/cat");
	for (int i = 0; i < SPEC_SCOPES; i++)
		spec_free((enum spec_scope)i, &s[i]);
}

static void a_canonical_value_keeps_every_bit(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct spec_row *row = row_of(&samples[i]);
		union any_settings s;
		char canonical[64];
		if (samples[i].n == BAD || samples[i].n == ANY_TEXT)
			continue;
		spec_defaults(row->scope, &s);
		(void)snprintf(canonical, sizeof canonical, "%" PRId64, samples[i].n);
		store(row, &s, canonical, NULL);
		assert_true(number_in(row, &s) == samples[i].n);
		spec_free(row->scope, &s);
	}
}

struct changes {
	int n;
	const struct spec_row *last;
};

static void note(const struct spec_row *row, void *arg)
{
	struct changes *c = arg;

	c->n++;
	c->last = row;
}

/* A canonical value that is not the one in `s`. */
static void set_other(const struct spec_row *row, union any_settings *s)
{
	const char *tries[] = {"1", "0", "2000", "reeve", "plain", "startup", "INT", "USR1", "false", "json",
		"drop", "TLSv1.3", "required", "other"};

	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		char before[256];
		int64_t number = 0;
		if (spec_is_number(row->type))
			number = number_in(row, s);
		else
			(void)snprintf(before, sizeof before, "%s", text_in(row, s));
		if (spec_store(row, s, tries[i], NULL) != 0)
			continue;
		if (spec_is_number(row->type) ? number_in(row, s) != number
					      : strcmp(before, text_in(row, s)) != 0)
			return;
	}
	fail_msg("no other value for %s", row->name);
}

static void each_difference_asks_for_what_its_row_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < spec_settings_n; i++) {
		const struct spec_row *row = &spec_settings[i];
		union any_settings old, new;
		struct changes c = {0, NULL};
		spec_defaults(row->scope, &old);
		spec_defaults(row->scope, &new);
		assert_int_equal(spec_diff(row->scope, &old, &new, note, &c), SPEC_SAME);
		assert_int_equal(c.n, 0);
		set_other(row, &new);
		assert_int_equal(spec_diff(row->scope, &old, &new, note, &c), row->on_change);
		assert_int_equal(spec_diff(row->scope, &new, &old, NULL, NULL), row->on_change);
		assert_int_equal(c.n, 1);
		assert_ptr_equal(c.last, row);
		spec_free(row->scope, &old);
		spec_free(row->scope, &new);
	}
}

static void the_strongest_of_several_changes_wins(void **state)
{
	union any_settings old, new;
	struct changes c = {0, NULL};

	(void)state;
	spec_defaults(SPEC_service, &old);
	spec_defaults(SPEC_service, &new);
	set_other(spec_find(SPEC_service, "process_limit"), &new);
	set_other(spec_find(SPEC_service, "kill_after"), &new);
	assert_int_equal(spec_diff(SPEC_service, &old, &new, note, &c), SPEC_RESIZE);
	assert_int_equal(c.n, 2);
	set_other(spec_find(SPEC_service, "executable"), &new);
	assert_int_equal(spec_diff(SPEC_service, &old, &new, note, &c), SPEC_RENEW);
	spec_free(SPEC_service, &old);
	spec_free(SPEC_service, &new);
}

static void names_are_found_suggested_and_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < spec_settings_n; i++) {
		const struct spec_row *row = &spec_settings[i];
		size_t length = strlen(row->help);
		assert_ptr_equal(spec_find(row->scope, row->name), row);
		assert_string_equal(spec_suggest(row->scope, row->name), row->name);
		assert_true(length > 0 && row->help[length - 1] != '.');
		assert_true(row->on_change >= SPEC_LIVE && row->on_change <= SPEC_RESTART);
		assert_true((row->type == SPEC_T_choice || row->type == SPEC_T_limits) ==
			    (row->bounds.words != NULL));
		assert_non_null(spec_type_name(row->type));
		assert_non_null(spec_change_name(row->on_change));
	}
	assert_null(spec_find(SPEC_service, "port"));
	assert_null(spec_find(SPEC_inet, "cleint_limit"));
	assert_string_equal(spec_suggest(SPEC_service, "cleint_limit"), "client_limit");
	assert_string_equal(spec_suggest(SPEC_inet, "prot"), "port");
	assert_null(spec_suggest(SPEC_inet, "client_limit"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_and_bad_values_are_told_apart),
		cmocka_unit_test(every_setting_has_samples),
		cmocka_unit_test(the_users_form_is_read_back),
		cmocka_unit_test(every_default_is_a_good_value),
		cmocka_unit_test(the_documented_defaults_hold),
		cmocka_unit_test(the_masters_own_reader_checks_bounds_again),
		cmocka_unit_test(a_canonical_value_keeps_every_bit),
		cmocka_unit_test(each_difference_asks_for_what_its_row_says),
		cmocka_unit_test(the_strongest_of_several_changes_wins),
		cmocka_unit_test(names_are_found_suggested_and_unique),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
