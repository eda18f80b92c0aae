/*
 * Fuzz target: certificates that charon lists. What is not signed by an authority is not looked into, so
 * each input is also taken for an authority itself, which makes it trusted as it stands.
 */
#include <stdint.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/alloc.h"
#include "ike/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct certificate_anchors *believe(const uint8_t *data, size_t size)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "\n-----END CERTIFICATE-----\n";
	char *pem = alloc_zero(2 * size + sizeof begin + sizeof end + 8, 1);
	struct certificate_anchors *a;
	size_t used = sizeof begin - 1;

	memcpy(pem, begin, used);
	for (size_t i = 0; i < size; i += 48) { /* lines of 64 */
		used += (size_t)EVP_EncodeBlock((unsigned char *)pem + used, data + i, (int)(size - i < 48 ? size - i : 48));
		pem[used++] = '\n';
	}
	memcpy(pem + used - 1, end, sizeof end - 1);
	a = certificate_anchors_new(pem, used - 1 + sizeof end - 1);
	free(pem);
	return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const identities[] = { "spoke1", "a@b", "10.0.0.11", "CN=spoke1", "" };
	const struct certificate_bytes der = { data, size };
	struct certificate_anchors *a = size && size <= 65536 ? believe(data, size) : NULL;
	struct certificate named;

	for (size_t i = 0; i < sizeof identities / sizeof identities[0]; i++)
		if (certificate_read(a, identities[i], &der, &der, 1, &named) == CERTIFICATE_NONE &&
		    named.count > CERTIFICATE_ADDRESSES_MAX)
			abort();
	certificate_anchors_free(a);
	return 0;
}
