/* lockdown: gives up everything that is not needed to run Lua, talk on the link and serve the
 * control socket. There is no way back and no half of it: what fails ends the process. */
#ifndef REEVE_ENGINE_LOCKDOWN_H
#define REEVE_ENGINE_LOCKDOWN_H

#include <stdint.h>

/* uid -1: stay who we are (not as root). file_most: bytes of the largest file that may be written.
 * Afterwards: no other ids, no new privileges, no fork, no core, no file can be opened (but /proc for
 * reading: by landlock, or without it and with root, by chroot), and any system call that is not on the
 * list ends the process. */
void lockdown(int64_t uid, int64_t gid, uint64_t file_most);

#endif
