/* links: master/; fuzz_carry: what a master is handed by the one before. Read by root: whatever the lines
 * say, they are taken or refused, and what was taken comes back as it was. A newline stands for the NUL of a
 * line; the first byte says whether the lines come behind those of a small world. */
#include "base/fd.h"
#include "base/say.h"
#include "master/carry.h"
#include "master/process.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char plan[] =
	"+reeve=0\n+master=\nnext_id=40\nbase_dir=/r\nlock=10\ncontrol.fd=11\n"
	"control.at.address=/r/control\nstate=12\n+settings=\nbase_dir=/r\n"
	"+define=web\nuser=0\nclient_limit=1\nprocess_limit=9\nfd_store=2\n+argument=/bin/web\n"
	"+inet=http\naddress=127.0.0.1\nport=80\n";
static const char running[] = "+running=\n+service=web\nnumber=1\n";

static struct master *new_master(void)
{
	static struct master m;

	m.is_root = true;
	m.manager.sock = m.state = m.tail = m.ready = m.handed = -1;
	master_prepare(&m);
	return &m;
}

/* What was taken is written and must be taken again. */
static void check_again(struct master *m)
{
	struct err e;
	int fd = carry_write(m, &e);

	if (fd < 0)
		abort();
	carry_forget(m);
	if (carry_read(m, fd, &e) < 0)
		abort();
	fd_close(&fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct master *m;
	const char *begin[] = {"", plan, running};
	size_t parts = size > 0 ? data[0] % 3 : 0, len = 0;
	char *lines = malloc(sizeof plan + sizeof running + size + 1);
	struct err e;

	if (m == NULL)
		m = new_master();
	for (size_t i = 0; lines != NULL && i <= parts; i++) {
		memcpy(lines + len, begin[i], strlen(begin[i]));
		len += strlen(begin[i]);
	}
	if (lines == NULL)
		return 0;
	if (size > 0)
		memcpy(lines + len, data + 1, size - 1);
	len += size > 0 ? size - 1 : 0;
	for (size_t i = 0; i < len; i++)
		if (lines[i] == '\n')
			lines[i] = '\0';
	lines[len++] = '\0';
	if (carry_parse_lines(m, lines, len, &e) == 0)
		check_again(m);
	carry_forget(m);
	free(lines);
	return 0;
}
