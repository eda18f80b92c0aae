/* redact: a line of a configuration with its secrets masked, fit to be shown. */
#ifndef DMVPN_CONFIG_REDACT_H
#define DMVPN_CONFIG_REDACT_H

/* malloc'd; NULL when out of memory. Every word that follows a word which announces a
 * secret becomes "***", except words known to be none. */
char *redact(const char *text);

#endif
