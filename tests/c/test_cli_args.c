/* links: cli/cli cli/verbs */
/* The command line of `reeve`: where options may stand, what is passed on, what is refused. */
#include "cli/cli.h"
#include "cli/verbs.h"
#include "test.h"

#include <string.h>

#define WORDS 10

static int words_of(char *argv[], char *copy, const char *line)
{
	int n = 0;

	strcpy(copy, line);
	for (char *w = strtok(copy, " "); w != NULL && n < WORDS; w = strtok(NULL, " "))
		argv[n++] = w;
	argv[n] = NULL;
	return n;
}

/* the words after the verb, with blanks between them */
static void join(const struct cli *cli, char *out)
{
	out[0] = '\0';
	for (int i = 0; i < cli->argc; i++) {
		strcat(out, i > 0 ? " " : "");
		strcat(out, cli->argv[i]);
	}
	assert_null(cli->argv[cli->argc]);
}

static void options_may_stand_before_and_after_the_verb(void **state)
{
	static const struct {
		const char *line, *env, *word, *base_dir, *config, *rest;
		bool base_dir_given, config_given;
	} cases[] = {
		{"reeve status", NULL, "status", CLI_BASE_DIR, CLI_CONFIG, "", false, false},
		{"reeve -b /x status", NULL, "status", "/x", CLI_CONFIG, "", true, false},
		{"reeve status -b /x", NULL, "status", "/x", CLI_CONFIG, "", true, false},
		{"reeve status -b/x web", NULL, "status", "/x", CLI_CONFIG, "web", true, false},
		{"reeve --base-dir=/x ps", NULL, "ps", "/x", CLI_CONFIG, "", true, false},
		{"reeve ps --base-dir /x", NULL, "ps", "/x", CLI_CONFIG, "", true, false},
		{"reeve ps", "/env", "ps", "/env", CLI_CONFIG, "", true, false},
		{"reeve ps", "", "ps", CLI_BASE_DIR, CLI_CONFIG, "", false, false},
		{"reeve ps -b /x", "/env", "ps", "/x", CLI_CONFIG, "", true, false},
		{"reeve -c a.lua check --format json", NULL, "check", CLI_BASE_DIR, "a.lua", "--format json",
			false, true},
		{"reeve check --config=a.lua", NULL, "check", CLI_BASE_DIR, "a.lua", "", false, true},
		{"reeve check -ca.lua -c b.lua", NULL, "check", CLI_BASE_DIR, "b.lua", "", false, true},
		{"reeve eval -- -b x", NULL, "eval", CLI_BASE_DIR, CLI_CONFIG, "-- -b x", false, false},
		{"reeve eval --json 1", NULL, "eval", CLI_BASE_DIR, CLI_CONFIG, "--json 1", false, false},
		{"reeve eval --version", NULL, "eval", CLI_BASE_DIR, CLI_CONFIG, "--version", false, false},
		{"reeve eval -1", NULL, "eval", CLI_BASE_DIR, CLI_CONFIG, "-1", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char copy[128], rest[128], *argv[WORDS + 1];
		int argc = words_of(argv, copy, cases[i].line);
		struct cli cli;
		struct err e;
		assert_int_equal(cli_parse(&cli, argc, argv, cases[i].env, &e), 0);
		join(&cli, rest);
		assert_string_equal(cli.word, cases[i].word);
		assert_string_equal(cli.base_dir, cases[i].base_dir);
		assert_string_equal(cli.config, cases[i].config);
		assert_string_equal(rest, cases[i].rest);
		assert_int_equal(cli.base_dir_given, cases[i].base_dir_given);
		assert_int_equal(cli.config_given, cases[i].config_given);
		cli_free(&cli);
	}
}

static void mistakes_are_sentences(void **state)
{
	static const struct {
		const char *line, *sentence;
	} cases[] = {
		{"reeve -b", "-b needs the directory of an instance after it"},
		{"reeve status --base-dir=", "-b needs the directory of an instance after it"},
		{"reeve check -c", "-c needs a config file after it"},
		{"reeve -x status",
			"unknown option '-x': before the verb only -b DIR, -c FILE, --help and --version "
			"may stand"},
		{"reeve -- status", "unknown option '--': before the verb only -b DIR, -c FILE, --help and "
				    "--version may stand"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char copy[128], *argv[WORDS + 1];
		int argc = words_of(argv, copy, cases[i].line);
		struct cli cli;
		struct err e;
		assert_int_equal(cli_parse(&cli, argc, argv, NULL, &e), -1);
		assert_string_equal(e.text, cases[i].sentence);
		cli_free(&cli);
	}
}

static void help_and_version_are_seen(void **state)
{
	static const struct {
		const char *line;
		bool help, version;
	} cases[] = {
		{"reeve --help", true, false},
		{"reeve -h", true, false},
		{"reeve status --help", true, false},
		{"reeve --version", false, true},
		{"reeve eval -- --help", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char copy[128], *argv[WORDS + 1];
		int argc = words_of(argv, copy, cases[i].line);
		struct cli cli;
		struct err e;
		assert_int_equal(cli_parse(&cli, argc, argv, NULL, &e), 0);
		assert_int_equal(cli.help, cases[i].help);
		assert_int_equal(cli.version, cases[i].version);
		cli_free(&cli);
	}
}

static void options_of_a_verb_are_looked_for_before_the_dashes(void **state)
{
	char copy[64], *argv[WORDS + 1];
	int argc = words_of(argv, copy, "reeve eval --json -- --now");
	struct cli cli;
	struct err e;

	(void)state;
	assert_int_equal(cli_parse(&cli, argc, argv, NULL, &e), 0);
	assert_true(cli_has(&cli, "--json"));
	assert_false(cli_has(&cli, "--now"));
	assert_false(cli_has(&cli, "json"));
	cli_free(&cli);
}

static void an_unknown_verb_has_a_suggestion(void **state)
{
	(void)state;
	assert_non_null(verb_find("status"));
	assert_null(verb_find("statu"));
	assert_null(verb_find(""));
	assert_string_equal(verb_suggest("statsu"), "status");
	assert_string_equal(verb_suggest("hlep"), "help");
	assert_null(verb_suggest("frobnicate"));
}

static void every_verb_has_help(void **state)
{
	(void)state;
	for (size_t i = 0; i < verbs_n; i++) {
		size_t n = strlen(verbs[i].details);
		assert_ptr_equal(verb_find(verbs[i].name), &verbs[i]);
		assert_true(verbs[i].summary[0] != '\0');
		assert_true(n == 0 || verbs[i].details[n - 1] == '\n');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_may_stand_before_and_after_the_verb),
		cmocka_unit_test(mistakes_are_sentences),
		cmocka_unit_test(help_and_version_are_seen),
		cmocka_unit_test(options_of_a_verb_are_looked_for_before_the_dashes),
		cmocka_unit_test(an_unknown_verb_has_a_suggestion),
		cmocka_unit_test(every_verb_has_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
