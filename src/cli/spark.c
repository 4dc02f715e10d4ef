/* spark: eight heights of a block. */
#include "cli/spark.h"

#include <stdlib.h>
#include <string.h>

#define HEIGHTS 8

static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};

/* Behind the next comma, or the end. */
static const char *next(const char *at)
{
	at += strcspn(at, ",");
	return *at == ',' ? at + 1 : at;
}

static size_t count(const char *list)
{
	size_t n = *list != '\0';

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

static double highest(const char *at, size_t n)
{
	double most = 0;

	for (; n > 0; n--, at = next(at))
		most = strtod(at, NULL) > most ? strtod(at, NULL) : most;
	return most;
}

static size_t height(double value, double most)
{
	if (!(value > 0) || !(most > 0))
		return 0;
	return value >= most ? HEIGHTS : 1 + (size_t)(value / most * (HEIGHTS - 1));
}

void spark_draw(const char *list, size_t width, bool utf8, char *out)
{
	size_t n = count(list);
	double most;

	for (; n > width; n--)
		list = next(list);
	most = highest(list, n);
	for (size_t i = n; i < width; i++)
		*out++ = ' ';
	for (; n > 0; n--, list = next(list)) {
		const char *mark = (utf8 ? blocks : ascii)[height(strtod(list, NULL), most)];
		memcpy(out, mark, strlen(mark));
		out += strlen(mark);
	}
	*out = '\0';
}
