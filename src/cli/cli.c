/* cli: reading the command line. A mistake in it is a sentence; nothing dies here. */
#include "cli/cli.h"

#include "base/mem.h"

#include <string.h>

/* an option of `reeve` itself, with a value */
struct option {
	const char *brief, *name, *what;
};

static const struct option base_dir_option = {"-b", "--base-dir", "the directory of an instance"};
static const struct option config_option = {"-c", "--config", "a config file"};

/* The value of `option` at argv[*at], stepping over a second word. NULL: this is something else, or
 * (then `e` has a sentence) nothing follows. */
static const char *take(const struct option *option, char **argv, int argc, int *at, struct err *e)
{
	const char *word = argv[*at], *value = NULL;
	size_t n = strlen(option->name);

	if (strcmp(word, option->brief) == 0 || strcmp(word, option->name) == 0)
		value = *at + 1 < argc ? argv[++*at] : "";
	else if (strncmp(word, option->brief, 2) == 0 && word[1] != '-')
		value = word + 2;
	else if (strncmp(word, option->name, n) == 0 && word[n] == '=')
		value = word + n + 1;
	if (value == NULL || value[0] != '\0')
		return value;
	(void)err_set(e, "%s needs %s after it", option->brief, option->what);
	return NULL;
}

/* 1: the word was an option of reeve itself; 0: it was not; -1: a sentence */
static int take_own(struct cli *cli, char **argv, int argc, int *at, struct err *e)
{
	const char *value;

	if ((value = take(&base_dir_option, argv, argc, at, e)) != NULL) {
		cli->base_dir = value;
		cli->base_dir_given = true;
		return 1;
	}
	if (e->text[0] == '\0' && (value = take(&config_option, argv, argc, at, e)) != NULL) {
		cli->config = value;
		cli->config_given = true;
		return 1;
	}
	return e->text[0] == '\0' ? 0 : -1;
}

static bool take_flag(struct cli *cli, const char *word)
{
	bool help = strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
	bool version = cli->word == NULL && (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0);

	cli->help = cli->help || help;
	cli->version = cli->version || version;
	return help || version;
}

static int take_word(struct cli *cli, char *word, struct err *e)
{
	if (cli->word != NULL)
		cli->argv[cli->argc++] = word;
	else if (word[0] == '-')
		return err_set(e,
			"unknown option '%s': before the verb only -b DIR, -c FILE, --help and "
			"--version may stand",
			word);
	else
		cli->word = word;
	return 0;
}

int cli_parse(struct cli *cli, int argc, char **argv, const char *base_dir, struct err *e)
{
	bool open = true;

	memset(cli, 0, sizeof *cli);
	e->text[0] = '\0';
	cli->base_dir_given = base_dir != NULL && base_dir[0] != '\0';
	cli->base_dir = cli->base_dir_given ? base_dir : CLI_BASE_DIR;
	cli->config = CLI_CONFIG;
	cli->argv = mem_new((size_t)argc + 1, sizeof *cli->argv);
	for (int i = 1; i < argc; i++) {
		int own = open ? take_own(cli, argv, argc, &i, e) : 0;
		if (own < 0)
			return -1;
		if (own > 0 || (open && take_flag(cli, argv[i])))
			continue;
		if (strcmp(argv[i], "--") == 0)
			open = false;
		if (take_word(cli, argv[i], e) < 0)
			return -1;
	}
	return 0;
}

void cli_free(struct cli *cli)
{
	mem_free(&cli->argv);
}

bool cli_has(const struct cli *cli, const char *option)
{
	for (int i = 0; i < cli->argc && strcmp(cli->argv[i], "--") != 0; i++)
		if (strcmp(cli->argv[i], option) == 0)
			return true;
	return false;
}
