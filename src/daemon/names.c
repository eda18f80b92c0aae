#include "daemon/names.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct question {
	uv_getaddrinfo_t request;
	name_resolved resolved;
	void *arg;
	uint32_t tunnel;
	char name[];
};

static bool take_addr(const struct addrinfo *i, struct ipaddr *out)
{
	if (i->ai_family == AF_INET)
		*out = ipaddr_from_bytes(IP_V4, (const void *)&((const struct sockaddr_in *)(const void *)i->ai_addr)->sin_addr);
	else if (i->ai_family == AF_INET6)
		*out = ipaddr_from_bytes(IP_V6, (const void *)&((const struct sockaddr_in6 *)(const void *)i->ai_addr)->sin6_addr);
	else
		return false;
	return true;
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct question *q = request->data;
	struct ipaddr addrs[NAME_ADDRS_MAX];
	size_t count = 0;

	if (status == 0) {
		for (const struct addrinfo *i = found; i && count < NAME_ADDRS_MAX; i = i->ai_next)
			count += take_addr(i, &addrs[count]);
	}
	uv_freeaddrinfo(found);
	if (status != UV_ECANCELED)
		q->resolved(q->arg, q->tunnel, q->name, count, addrs);
	free(q);
}

int name_resolve(uv_loop_t *loop, uint32_t tunnel, const char *name, enum ip_family family,
		 name_resolved resolved, void *arg)
{
	struct addrinfo hints = { .ai_family = family == IP_V4 ? AF_INET : family == IP_V6 ? AF_INET6 : AF_UNSPEC,
				  .ai_socktype = SOCK_DGRAM };
	struct question *q = malloc(sizeof *q + strlen(name) + 1);
	int rc;

	if (!q)
		return -ENOMEM;
	q->resolved = resolved;
	q->arg = arg;
	q->tunnel = tunnel;
	strcpy(q->name, name);
	q->request.data = q;
	rc = uv_getaddrinfo(loop, &q->request, on_answer, q->name, NULL, &hints);
	if (rc < 0)
		free(q);
	return rc;
}
