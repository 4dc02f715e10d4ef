/* fuzz_spec: any text as the value of any setting, in both written forms. The first byte says which. */
#include "spec/spec.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any_settings {
	struct spec_global_settings global;
	struct spec_service_settings service;
	struct spec_inet_settings inet;
	struct spec_path_settings path;
};

static void check_user_form(const struct spec_row *row, const char *text)
{
	struct spec_value value, again;
	struct err e = {""};
	char out[8192];

	if (row->type == SPEC_T_user || row->type == SPEC_T_group)
		return; /* names: resolved elsewhere */
	if (spec_parse(row, text, &value, &e) != 0) {
		if (e.text[0] == '\0')
			abort();
		return;
	}
	spec_print(row, &value, out, sizeof out);
	if (spec_parse(row, out, &again, NULL) != 0 || again.number != value.number)
		abort();
}

static void check_canonical_form(const struct spec_row *row, const char *text)
{
	union any_settings s;
	struct err e = {""};

	spec_defaults(row->scope, &s);
	if (spec_store(row, &s, text, &e) != 0 && strncmp(e.text, row->name, strlen(row->name)) != 0)
		abort(); /* the sentence must begin with the setting */
	spec_free(row->scope, &s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct spec_row *row;
	char *text;

	if (size == 0 || (text = malloc(size)) == NULL)
		return 0;
	row = &spec_settings[data[0] % spec_settings_n];
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	check_user_form(row, text);
	check_canonical_form(row, text);
	(void)spec_suggest(row->scope, text);
	free(text);
	return 0;
}
