/* header: reads PROXY headers, as much as each descriptor has, and never a byte of what follows them. */
#include "worker/header.h"

#include "worker/network.h"
#include "worker/proxy.h"
#include "worker/worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_MS 3000
#define SOME       16 /* looked at in one turn */

struct waiting_client {
	struct waiting_client *next, *previous;
	struct reeve_client client;
	uint64_t deadline;
	size_t used;
	unsigned char bytes[PROXY_MOST];
};

union peer {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_storage storage;
};

static bool is_wanted(const struct reeve_worker *w)
{
	for (size_t i = 0; i < w->service.n_listeners; i++)
		if (w->listeners[i].haproxy)
			return true;
	return false;
}

int headers_open(struct reeve_worker *w)
{
	const char *trusted = getenv("HAPROXY_TRUSTED_NETWORKS"), *timeout = getenv("HAPROXY_TIMEOUT");

	w->headers.trusted = trusted != NULL ? trusted : "";
	w->headers.timeout_ms = timeout != NULL ? strtoull(timeout, NULL, 10) : 0;
	if (w->headers.timeout_ms == 0)
		w->headers.timeout_ms = TIMEOUT_MS;
	if (!is_wanted(w))
		return 0;
	w->headers.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return w->headers.epoll_fd < 0 ? -1 : 0;
}

/* ---- the list */

static void list_remove(struct headers *h, struct waiting_client *c)
{
	*(c->previous != NULL ? &c->previous->next : &h->first) = c->next;
	*(c->next != NULL ? &c->next->previous : &h->last) = c->previous;
	h->count--;
}

static void list_add(struct headers *h, struct waiting_client *c)
{
	c->previous = h->last;
	*(h->last != NULL ? &h->last->next : &h->first) = c;
	h->last = c;
	h->count++;
}

uint64_t headers_due(const struct headers *h)
{
	return h->first != NULL ? h->first->deadline : 0;
}

/* ---- who it is */

/* Writes the address of a peer for people. */
static void print_peer(const union peer *peer, char *out, size_t room)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (peer->any.sa_family == AF_INET)
		(void)inet_ntop(AF_INET, &peer->in4.sin_addr, text, sizeof text);
	else if (peer->any.sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &peer->in6.sin6_addr, text, sizeof text);
	(void)snprintf(out, room, "%s", text);
}

static void complain(const struct reeve_worker *w, const struct reeve_client *client, const char *what)
{
	union peer peer = {0};
	socklen_t size = sizeof peer;
	char address[INET6_ADDRSTRLEN];

	(void)getpeername(client->fd, &peer.any, &size);
	print_peer(&peer, address, sizeof address);
	reeve_log(w, REEVE_WARNING, "listener '%s': %s: %s", client->listener->name, address, what);
}

/* Whoever may connect to a unix socket is trusted: its mode says who that is. */
static bool is_trusted(const struct reeve_worker *w, int fd)
{
	union peer peer = {0};
	socklen_t size = sizeof peer;

	if (getpeername(fd, &peer.any, &size) < 0)
		return false;
	return peer.any.sa_family == AF_UNIX || network_contains(w->headers.trusted, &peer.any);
}

/* ---- reading */

/* The header is whole: the client goes to the program, with what the header said. */
static int deliver(struct reeve_worker *w, struct waiting_client *c, struct reeve_error *e)
{
	struct reeve_proxy *proxy = calloc(1, sizeof *proxy + c->used);
	struct reeve_client client = c->client;
	unsigned char *copy;

	if (proxy == NULL) {
		(void)snprintf(e->text, sizeof e->text, "no memory for a PROXY header");
		return -1;
	}
	copy = (unsigned char *)(proxy + 1);
	memcpy(copy, c->bytes, c->used);
	if (proxy_parse(proxy, copy, c->used, e) < 0) {
		free(proxy);
		return -1;
	}
	list_remove(&w->headers, c);
	(void)epoll_ctl(w->headers.epoll_fd, EPOLL_CTL_DEL, client.fd, NULL);
	free(c);
	client.proxy = proxy;
	worker_give(w, &client);
	return 0;
}

/* One peek and one read of exactly what belongs to the header. 1: whole. 0: wait for more. */
static int read_some(struct waiting_client *c, struct reeve_error *e)
{
	ssize_t n =
		recv(c->client.fd, c->bytes + c->used, sizeof c->bytes - c->used, MSG_PEEK | MSG_DONTWAIT);
	size_t own;
	bool whole;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		(void)snprintf(e->text, sizeof e->text, "gone before its PROXY header was whole");
		return -1;
	}
	if (proxy_measure(c->bytes, c->used + (size_t)n, &own, &whole, e) < 0)
		return -1;
	n = recv(c->client.fd, c->bytes + c->used, own - c->used, MSG_DONTWAIT);
	if (n > 0)
		c->used += (size_t)n;
	return whole && c->used == own ? 1 : 0;
}

static void give_up(struct reeve_worker *w, struct waiting_client *c, const char *why)
{
	struct reeve_client client = c->client;

	complain(w, &client, why);
	list_remove(&w->headers, c);
	free(c);
	reeve_end(w, &client); /* its close takes it out of the epoll */
}

static void proceed(struct reeve_worker *w, struct waiting_client *c)
{
	struct reeve_error e = {""};
	int r = read_some(c, &e);

	if (r > 0)
		r = deliver(w, c, &e);
	if (r < 0)
		give_up(w, c, e.text);
}

void headers_add(struct reeve_worker *w, const struct reeve_client *client)
{
	struct waiting_client *c = calloc(1, sizeof *c);
	struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};
	struct reeve_client refused = *client;

	if (c == NULL || !is_trusted(w, client->fd) ||
		epoll_ctl(w->headers.epoll_fd, EPOLL_CTL_ADD, client->fd, &event) < 0) {
		complain(
			w, client, "not in haproxy_trusted_networks, so it may send no PROXY header; closed");
		free(c);
		reeve_end(w, &refused);
		return;
	}
	c->client = *client;
	c->deadline = worker_now() + w->headers.timeout_ms;
	list_add(&w->headers, c);
	proceed(w, c); /* most often it is there already */
}

void headers_ready(struct reeve_worker *w, struct watch *it)
{
	struct epoll_event events[SOME];
	int n = epoll_wait(it->fd, events, w->on_client != NULL ? SOME : 1, 0);

	for (int i = 0; i < n; i++)
		proceed(w, events[i].data.ptr);
}

void headers_expire(struct reeve_worker *w, uint64_t now)
{
	while (w->headers.first != NULL && w->headers.first->deadline <= now)
		give_up(w, w->headers.first, "no whole PROXY header within haproxy_timeout; closed");
}

void headers_close(struct reeve_worker *w)
{
	struct waiting_client *next;

	for (struct waiting_client *c = w->headers.first; c != NULL; c = next) {
		next = c->next;
		(void)close(c->client.fd);
		free(c);
	}
	w->headers.first = w->headers.last = NULL;
	w->headers.count = 0;
	if (w->headers.epoll_fd >= 0)
		(void)close(w->headers.epoll_fd);
	w->headers.epoll_fd = -1;
}
