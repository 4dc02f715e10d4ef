/* systemd: contract "systemd", what a socket-activated program finds: sd_listen_fds(3), sd_notify(3),
 * sd_watchdog_enabled(3). Its listeners block, as systemd's do; behind them stand the descriptors that
 * earlier processes left (fd_store). */
#ifndef REEVE_MASTER_SYSTEMD_H
#define REEVE_MASTER_SYSTEMD_H

#include "master/contract.h"

/* The row of the contract. */
void systemd_environment(struct service *s, struct outfit *o);
void systemd_fds(struct service *s, const struct outfit *o);
enum kit_result systemd_kit(struct process *p, struct kit *k);

#endif
