#include "control/json_values.h"

json_t *addr_json(const struct ipaddr *a)
{
	char text[IPADDR_TEXT_MAX];

	return ipaddr_is_none(a) ? json_null() : json_string(ipaddr_format(a, text));
}

json_t *text_json(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

json_t *count_json(uint64_t value)
{
	return json_integer((json_int_t)value);
}
