/* speaker: a small hash of pids. Nothing here fails. */
#include "log/speaker.h"

#include "base/mem.h"

#include <string.h>

#define PREFIX_MOST 512

static const struct list *bucket_of(const struct speakers *all, int32_t pid)
{
	return &all->bucket[(uint32_t)pid % SPEAKER_BUCKETS];
}

void speakers_init(struct speakers *all)
{
	list_init(&all->oldest);
	for (size_t i = 0; i < SPEAKER_BUCKETS; i++)
		list_init(&all->bucket[i]);
}

struct speaker *speaker_find(const struct speakers *all, int32_t pid)
{
	const struct list *bucket = bucket_of(all, pid);
	struct speaker *s;

	LIST_EACH (s, bucket, struct speaker, by_pid)
		if (s->pid == pid)
			return s;
	return NULL;
}

static void forget(struct speakers *all, struct speaker *s)
{
	list_remove(&all->oldest, &s->by_age);
	list_remove(&all->bucket[(uint32_t)s->pid % SPEAKER_BUCKETS], &s->by_pid);
	mem_free(&s->prefix);
	mem_free(&s);
}

struct speaker *speaker_of(struct speakers *all, int32_t pid)
{
	struct speaker *s = speaker_find(all, pid);

	if (s != NULL)
		return s;
	if (all->oldest.count >= SPEAKERS_MOST)
		forget(all, LIST_OF(list_first(&all->oldest), struct speaker, by_age));
	s = mem_new(1, sizeof *s);
	s->pid = pid;
	list_add(&all->oldest, &s->by_age);
	list_add(&all->bucket[(uint32_t)pid % SPEAKER_BUCKETS], &s->by_pid);
	return s;
}

static void set_prefix(struct speaker *s, const char *text, size_t len)
{
	s->prefix_len = len < PREFIX_MOST ? len : PREFIX_MOST;
	s->prefix = mem_grow(s->prefix, s->prefix_len, 1);
	memcpy(s->prefix, text, s->prefix_len);
}

static void set_ip(struct speaker *s, const char *text, size_t len)
{
	size_t n = len < sizeof s->ip - 1 ? len : sizeof s->ip - 1;

	memcpy(s->ip, text, n);
	s->ip[n] = '\0';
}

static const struct {
	const char *name;
	void (*set)(struct speaker *, const char *text, size_t len);
} options[] = {
	{"prefix=", set_prefix},
	{"ip=", set_ip},
};

void speaker_option(struct speakers *all, int32_t pid, const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		size_t n = strlen(options[i].name);
		if (len >= n && memcmp(text, options[i].name, n) == 0)
			options[i].set(speaker_of(all, pid), text + n, len - n);
	}
}

void speaker_forget(struct speakers *all, int32_t pid)
{
	struct speaker *s = speaker_find(all, pid);

	if (s != NULL)
		forget(all, s);
}

void speakers_free(struct speakers *all)
{
	struct speaker *s;

	LIST_EACH (s, &all->oldest, struct speaker, by_age)
		forget(all, s);
}
