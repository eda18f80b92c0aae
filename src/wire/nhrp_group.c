#include "wire/nhrp_group.h"

#include <string.h>

enum { KIND_GROUP = 1, HEAD = 5 };

static const uint8_t vendor[3] = { 0x02, 0x44, 0x4d };

bool nhrp_group_add(struct nhrp_message *m, const char *name, uint8_t room[NHRP_GROUP_OCTETS])
{
	const size_t length = strlen(name);
	struct nhrp_extension *const x = length > 0 && length <= NHRP_GROUP_NAME_MAX ? nhrp_extension_add(m, NHRP_EXT_VENDOR) : NULL;

	if (!x)
		return false;
	memcpy(room, vendor, sizeof vendor);
	room[3] = KIND_GROUP;
	room[4] = (uint8_t)length;
	memcpy(room + HEAD, name, length);
	x->value = room;
	x->length = (uint16_t)(HEAD + length);
	return true;
}

static bool is_group(const struct nhrp_extension *x)
{
	return x->type == NHRP_EXT_VENDOR && !x->is_cies && x->length > HEAD && memcmp(x->value, vendor, sizeof vendor) == 0 &&
	       x->value[3] == KIND_GROUP && x->value[4] == x->length - HEAD && x->value[4] <= NHRP_GROUP_NAME_MAX;
}

bool nhrp_group_find(const struct nhrp_message *m, char name[NHRP_GROUP_NAME_MAX + 1])
{
	for (size_t i = 0; i < m->extension_count; i++) {
		const struct nhrp_extension *const x = &m->extensions[i];

		if (!is_group(x))
			continue;
		for (size_t k = HEAD; k < x->length; k++)
			if (x->value[k] <= ' ' || x->value[k] > '~')
				return false;
		memcpy(name, x->value + HEAD, x->value[4]);
		name[x->value[4]] = '\0';
		return true;
	}
	return false;
}
