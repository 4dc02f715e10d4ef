/* spark: a picture of some numbers in one line of text. Pure. */
#ifndef REEVE_CLI_SPARK_H
#define REEVE_CLI_SPARK_H

#include <stdbool.h>
#include <stddef.h>

/* Room that `width` characters take at most, with the NUL. */
#define SPARK_ROOM(width) ((width)*3 + 1)

/* Draws the last `width` of the numbers in `list` ("0,3,12"; what is no number counts as 0), the highest as a
 * full block; nothing at all is a blank. `utf8`: blocks; else characters of ASCII. */
void spark_draw(const char *list, size_t width, bool utf8, char *out);

#endif
