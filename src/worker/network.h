/* network: a list of networks, as haproxy_trusted_networks has them ("192.0.2.0/24 2001:db8::/32 10.0.0.1").
 * Pure. */
#ifndef REEVE_WORKER_NETWORK_H
#define REEVE_WORKER_NETWORK_H

#include <stdbool.h>

struct sockaddr;

/* Is the address in one of the networks? A word that is no network matches nothing. An IPv4 address that came
 * in over an IPv6 socket counts as IPv4. A peer without an address (a unix socket) is in none. */
bool network_contains(const char *networks, const struct sockaddr *address);

#endif
