/* subreaper: becomes COMMAND, to whom orphaned descendants are given from then on. Exit 64: wrong use. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2) {
		(void)fputs("usage: subreaper COMMAND [ARGUMENT...]\n", stderr);
		return 64;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
		(void)execvp(argv[1], argv + 1);
	(void)fprintf(stderr, "subreaper: %s: %s\n", argv[1], strerror(errno));
	return 64;
}
