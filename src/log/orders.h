/* orders: the lines of the master about its children, on its own pipe: `FD PID WORD[ TEXT]`. */
#ifndef REEVE_LOG_ORDERS_H
#define REEVE_LOG_ORDERS_H

#include <stdbool.h>
#include <stddef.h>

struct log;

/* Carries one out. False: it is none, nothing was done. */
bool orders_line(struct log *log, const char *text, size_t len);

#endif
