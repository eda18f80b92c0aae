#include "forward/sockaddr.h"

#include <netinet/in.h>
#include <string.h>

socklen_t sockaddr_of(const struct ipaddr *a, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	if (a->family == IP_V4) {
		*in4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		memcpy(&in4->sin_addr, a->bytes, 4);
		return sizeof *in4;
	}
	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	memcpy(&in6->sin6_addr, a->bytes, 16);
	return sizeof *in6;
}
