/*
 * container: from what is embedded to the object that it is embedded in.
 */
#ifndef DMVPN_BASE_CONTAINER_H
#define DMVPN_BASE_CONTAINER_H

#include <stddef.h>

#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#endif
