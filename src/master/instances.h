/* instances: where Dovecot's tools look for who runs: the list <state_dir>/instances (`doveadm instance
 * list`), and the link <base_dir>/dovecot.conf, from which `doveadm -i NAME` knows the configuration. */
#ifndef REEVE_MASTER_INSTANCES_H
#define REEVE_MASTER_INSTANCES_H

struct master;

/* Enters the plan in force; where Dovecot's config process is not part of it, nothing is done. What fails is
 * said, and nothing else suffers from it. */
void instances_enter(const struct master *m);

#endif
