/* tabs: lines of fields with a TAB between them, as Dovecot's protocols have them. */
#ifndef REEVE_BASE_TABS_H
#define REEVE_BASE_TABS_H

#include "base/buf.h"

/* Adds one field: 001 and '0' for NUL, '1' 001, 't' TAB, 'r' CR, 'n' LF. */
void tabs_escape(struct buf *out, const char *text, size_t len);

#endif
