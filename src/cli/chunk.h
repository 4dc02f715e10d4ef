/* chunk: is a text of Lua whole, or does it go on in the next line? Nothing is run. */
#ifndef REEVE_CLI_CHUNK_H
#define REEVE_CLI_CHUNK_H

#include <stdbool.h>

/* Lua would have read on at the end of this text: neither as an expression nor as statements is it whole,
 * and more could make it so. Commands of the console (":json", "help x") are never open. */
bool chunk_is_open(const char *text);

#endif
