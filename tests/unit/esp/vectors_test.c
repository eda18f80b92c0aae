/*
 * Published test vectors, and the two libraries against each other.
 *
 * GCM and GMAC: packets of draft-mcgrew-gcm-test-01. AES-CBC: packets of RFC 3602 §4, which carry no
 * ICV: it is added here by OpenSSL's own HMAC. HMAC: RFC 2202 and RFC 4868 §2.7.1.
 */
#include "fixture.h"

#include "esp/hmac.h"
#include "esp/transform.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#ifdef HAVE_IPSEC_MB
#define NO_COMPAT_IMB_API_053 /* its old names are OpenSSL's too */
#include <intel-ipsec-mb.h>
#endif

static size_t hex(const char *text, uint8_t *out)
{
	size_t length = 0;

	for (; text[0] && text[1]; text += 2) {
		const char two[3] = { text[0], text[1], 0 };

		out[length++] = (uint8_t)strtoul(two, NULL, 16);
	}
	return length;
}

struct vector {
	struct esp_suite suite;
	const char *key;      /* with salt */
	uint64_t sequence;
	bool esn;
	uint8_t next_header;
	const char *plain, *packet;
};

static const struct vector vectors[] = {
	{ { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, "4c80cdefbb5d10da906ac73c3613a6342e443b68",
	  0x8765432100000000, true, 1,
	  "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963"
	  "796265726369747902646b0000210001",
	  "00004321000000004956ed7e3b244cfefecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f"
	  "14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732459018148f6cbe722fd04796562dfdb4" },
	{ { ESP_AES_GCM, ESP_AUTH_NONE, 24, 16 }, "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",
	  10, false, 1,
	  "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d07568",
	  "0000a5f80000000afacedbaddecaf888a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b2745"
	  "2144cc7795457b9652037f5318027b5b4cd7a636" },
	{ { ESP_AES_GCM, ESP_AUTH_NONE, 32, 16 },
	  "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344", 2, false, 1,
	  "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b401010402",
	  "4a2cbfe3000000020102030405060708ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a6379"
	  "85771d347f0545659f14e99def842d8eb335f4eecfdbf831824b4c4915956c96" },
	{ { ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, "7d773d00c144c525ac619d18c84a3f47d9664267", UINT32_MAX, false, 1,
	  "", "335467aeffffffff43457e9182443bc6437f866bcb3f699fe9b0822bac961c4504bef270" },
	{ { ESP_AES_GCM, ESP_AUTH_NONE, 32, 16 },
	  "6c6567616c697a656d6172696a75616e61616e64646f69746265666f726569617475726e", UINT64_MAX, true, 1,
	  "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f7071727374",
	  "796b6963ffffffff333021696765746df97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78c"
	  "a4ae68a32b42458fb57dbe821dcc63b9d0937ba2945f669368661a329fb4c053" },
	{ { ESP_AES_GMAC, ESP_AUTH_NONE, 16, 16 }, "4c80cdefbb5d10da906ac73c3613a63422433c64", 7, false, 1,
	  "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f7071727374",
	  "0000432100000007000000000000000045000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768"
	  "696a6b6c6d6e6f707172737401020201f2a9a836e155106aa8dcd618e4099aaa" },
	{ { ESP_AES_CBC, ESP_HMAC_SHA1, 16, 12 }, "90d382b410eeba7ad938c46cec1a82bf", 1, false, 1,
	  "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b"
	  "2c2d2e2f3031323334353637",
	  "0000432100000001e96e8c08ab465763fd098d45dd3ff893f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4"
	  "898dc856a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6" },
	{ { ESP_AES_CBC, ESP_HMAC_SHA512, 16, 32 }, "90d382b410eeba7ad938c46cec1a82bf", 8, true, 1,
	  "0800b5e8a80a0500a69c083d0b660e00777777777777777777777777",
	  "000043210000000869d08df7d203329db093fc4924e5bd80f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca3"
	  "46a89f75" },
};

static const EVP_MD *digest_of(enum esp_auth auth)
{
	switch (auth) {
	case ESP_HMAC_MD5: return EVP_md5();
	case ESP_HMAC_SHA1: return EVP_sha1();
	case ESP_HMAC_SHA256: return EVP_sha256();
	case ESP_HMAC_SHA384: return EVP_sha384();
	case ESP_HMAC_SHA512: return EVP_sha512();
	case ESP_AUTH_NONE:
	case ESP_AUTH_COUNT: break;
	}
	return NULL;
}

/* What RFC 3602 leaves out: the ICV, with ESN over the upper half too. */
static size_t icv_add(const struct esp_sa *sa, uint64_t sequence, uint8_t *packet, size_t length)
{
	const uint32_t upper = htobe32((uint32_t)(sequence >> 32));
	uint8_t icv[EVP_MAX_MD_SIZE], text[512];
	const size_t all = length + (sa->esn ? sizeof upper : 0);

	memcpy(text, packet, length);
	memcpy(text + length, &upper, sizeof upper);
	HMAC(digest_of(sa->suite.auth), sa->keys.auth, (int)esp_auth_key_octets(sa->suite.auth), text, all, icv, NULL);
	memcpy(packet + length, icv, sa->suite.icv_octets);
	return length + sa->suite.icv_octets;
}

static void vector_run(const struct vector *v, enum esp_provider provider)
{
	struct esp_crypto *c = esp_crypto_new(provider);
	struct esp_sa sa = sa_make(&v->suite, true);
	uint8_t key[64], packet[512], expected[512];
	const size_t key_length = hex(v->key, key), plain_length = hex(v->plain, expected);
	size_t length = hex(v->packet, packet);
	struct esp_plain got;
	struct esp_key *k;

	memcpy(sa.keys.cipher, key, v->suite.key_octets);
	if (key_length > v->suite.key_octets)
		memcpy(sa.keys.salt, key + v->suite.key_octets, ESP_SALT);
	sa.spi = esp_packet_spi(packet, length);
	sa.esn = v->esn;
	sa.replay.highest = v->sequence - 1;
	if (v->suite.auth)
		length = icv_add(&sa, v->sequence, packet, length);
	k = esp_key_new(c, &v->suite, &sa.keys);
	assert_non_null(k);
	assert_int_equal(esp_open(&sa, k, NOW, packet, length, &got), ESP_OK);
	assert_int_equal(got.length, plain_length);
	assert_memory_equal(got.bytes, expected, plain_length);
	assert_int_equal(got.next_header, v->next_header);
	assert_int_equal(sa.replay.highest, v->sequence);
	esp_key_free(k);
	esp_crypto_free(c);
}

static void test_published(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		vector_run(&vectors[i], ESP_PROVIDER_BEST);
		vector_run(&vectors[i], ESP_PROVIDER_OPENSSL);
	}
}

static void test_hmac(void **state)
{
	static const struct {
		enum esp_auth auth;
		const char *expected;
	} cases[] = {
		{ ESP_HMAC_MD5, "9294727a3638bb1c13f48ef8158bfc9d" },
		{ ESP_HMAC_SHA1, "b617318655057264e28bc0b6fb378c8ef146be00" },
		{ ESP_HMAC_SHA256, "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7" },
		{ ESP_HMAC_SHA384, "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee9737a959796489bddbc"
				   "4c5df61d5b3297b4fb68dab9f1b582c2" },
		{ ESP_HMAC_SHA512, "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8"
				   "ac2878ebd5803f6f0b61dbce5e251ff8789a4722c1be65aea45fd464e89f8f5b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint8_t key[ESP_AUTH_KEY_MAX], expected[64], got[HMAC_OCTETS_MAX];
		const size_t length = hex(cases[i].expected, expected);
		struct hmac h;

		memset(key, 0x0b, sizeof key);
		hmac_init(&h, cases[i].auth, key);
		hmac_make(&h, (const uint8_t *)"Hi There", 8, NULL, 0, got);
		assert_memory_equal(got, expected, length);
		hmac_make(&h, (const uint8_t *)"Hi T", 4, (const uint8_t *)"here", 4, got);
		assert_memory_equal(got, expected, length);
	}
}

#ifdef HAVE_IPSEC_MB
/* Both providers of GCM write the same octets. */
static void test_gcm_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * SUITES; i++) {
		static uint8_t a[70000], b[70000];
		struct ends mb, ssl;

		if (suites[i / 2].cipher != ESP_AES_GCM)
			continue;
		mb = ends_make(ESP_PROVIDER_IPSEC_MB, &suites[i / 2], i & 1);
		ssl = ends_make(ESP_PROVIDER_OPENSSL, &suites[i / 2], i & 1);
		if (i & 1)
			mb.out.sequence = ssl.out.sequence = UINT32_MAX - UINT64_C(100);
		for (size_t length = 0; length < 3000; length += length < 300 ? 1 : 271) {
			const size_t sealed = packet_make(&mb, length, a, sizeof a);

			assert_int_equal(packet_make(&ssl, length, b, sizeof b), sealed);
			assert_memory_equal(a, b, sealed);
		}
		packet_make(&mb, 65535, a, sizeof a);
		packet_make(&ssl, 65535, b, sizeof b);
		assert_memory_equal(a, b, esp_sealed_octets(&mb.out.suite, 65535));
		ends_free(&mb);
		ends_free(&ssl);
	}
}

static const IMB_HASH_ALG hashes[ESP_AUTH_COUNT] = {
	[ESP_HMAC_MD5] = IMB_AUTH_MD5, [ESP_HMAC_SHA1] = IMB_AUTH_HMAC_SHA_1,
	[ESP_HMAC_SHA256] = IMB_AUTH_HMAC_SHA_256, [ESP_HMAC_SHA384] = IMB_AUTH_HMAC_SHA_384,
	[ESP_HMAC_SHA512] = IMB_AUTH_HMAC_SHA_512,
};

static void pad_hash(IMB_MGR *m, const struct esp_sa *sa, uint8_t pad, void *out)
{
	const hash_one_block_t one_block[ESP_AUTH_COUNT] = {
		[ESP_HMAC_MD5] = m->md5_one_block, [ESP_HMAC_SHA1] = m->sha1_one_block,
		[ESP_HMAC_SHA256] = m->sha256_one_block, [ESP_HMAC_SHA384] = m->sha384_one_block,
		[ESP_HMAC_SHA512] = m->sha512_one_block,
	};
	uint8_t block[128];

	memset(block, pad, sizeof block);
	for (size_t i = 0; i < esp_auth_key_octets(sa->suite.auth); i++)
		block[i] = sa->keys.auth[i] ^ pad;
	one_block[sa->suite.auth](block, out);
}

/* The ICV of a packet whose plain is known, and its ciphertext, by ipsec-mb's own job of both. */
static void job_check(struct ends *e, const uint8_t *packet, size_t length, const uint8_t *text)
{
	_Alignas(64) uint32_t encrypt[15 * 4], decrypt[15 * 4];
	_Alignas(64) uint64_t des[3][16];
	_Alignas(64) uint8_t inner[64], outer[64];
	const struct esp_suite *s = &e->out.suite;
	const size_t iv = esp_iv_octets(s->cipher), before = ESP_HEADER + iv, icv_at = length - s->icv_octets;
	const void *des_keys[3] = { des[0], des[1], des[2] };
	uint8_t src[512], icv[64] = { 0 };
	IMB_MGR *m = alloc_mb_mgr(0);
	IMB_ARCH arch;
	IMB_JOB *j;

	assert_non_null(m);
	init_mb_mgr_auto(m, &arch);
	pad_hash(m, &e->out, 0x36, inner);
	pad_hash(m, &e->out, 0x5c, outer);
	memcpy(src, packet, before);
	memcpy(src + before, text, icv_at - before);
	j = IMB_GET_NEXT_JOB(m);
	*j = (IMB_JOB){ .src = src, .dst = src + before, .iv = packet + ESP_HEADER, .iv_len_in_bytes = iv,
			.cipher_direction = IMB_DIR_ENCRYPT, .chain_order = IMB_ORDER_CIPHER_HASH,
			.cipher_start_src_offset_in_bytes = before, .msg_len_to_cipher_in_bytes = icv_at - before,
			.msg_len_to_hash_in_bytes = icv_at, .hash_alg = hashes[s->auth], .auth_tag_output = icv,
			.auth_tag_output_len_in_bytes = s->icv_octets };
	j->u.HMAC._hashed_auth_key_xor_ipad = inner;
	j->u.HMAC._hashed_auth_key_xor_opad = outer;
	if (s->cipher == ESP_AES_CBC) {
		const keyexp_t expand = s->key_octets == 16 ? m->keyexp_128
					: s->key_octets == 24 ? m->keyexp_192 : m->keyexp_256;

		expand(e->out.keys.cipher, encrypt, decrypt);
		j->cipher_mode = IMB_CIPHER_CBC;
		j->enc_keys = encrypt;
		j->dec_keys = decrypt;
		j->key_len_in_bytes = s->key_octets;
	} else if (s->cipher == ESP_3DES_CBC) {
		for (size_t i = 0; i < 3; i++)
			m->des_key_sched(des[i], e->out.keys.cipher + 8 * i);
		j->cipher_mode = IMB_CIPHER_DES3;
		j->enc_keys = j->dec_keys = des_keys;
		j->key_len_in_bytes = 24;
	} else {
		j->cipher_mode = IMB_CIPHER_NULL;
	}
	j = IMB_SUBMIT_JOB(m);
	if (!j)
		j = IMB_FLUSH_JOB(m);
	assert_non_null(j);
	assert_int_equal(j->status, IMB_STATUS_COMPLETED);
	assert_memory_equal(src, packet, icv_at);
	assert_memory_equal(icv, packet + icv_at, s->icv_octets);
	free_mb_mgr(m);
}

static void test_cbc_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITES; i++) {
		if (suites[i].auth == ESP_AUTH_NONE || (suites[i].auth == ESP_HMAC_SHA256 && suites[i].icv_octets == 12))
			continue;
		for (size_t length = 0; length < 200; length += 13) {
			struct ends e = ends_make(ESP_PROVIDER_BEST, &suites[i], false);
			const size_t before = ESP_HEADER + esp_iv_octets(suites[i].cipher);
			uint8_t packet[512], text[512] = { 0 };
			const size_t sealed = packet_make(&e, length, packet, sizeof packet);
			const size_t pad = sealed - before - suites[i].icv_octets - length - 2;

			for (size_t n = 0; n < length; n++)
				text[n] = (uint8_t)n;
			for (size_t n = 0; n < pad; n++)
				text[length + n] = (uint8_t)(n + 1);
			text[length + pad] = (uint8_t)pad;
			text[length + pad + 1] = 47;
			job_check(&e, packet, sealed, text);
			ends_free(&e);
		}
	}
}
#endif

/* IVs of CBC must not repeat nor be foreseen; that of GCM is the sequence number. */
static void test_ivs(void **state)
{
	struct ends e = ends_make(ESP_PROVIDER_BEST, &suites[10], false);
	uint8_t packets[300][128];

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		packet_make(&e, 1, packets[i], sizeof packets[i]);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(packets[i] + ESP_HEADER, packets[j] + ESP_HEADER, 16);
	}
	ends_free(&e);
	e = ends_make(ESP_PROVIDER_BEST, &suites[0], true);
	e.out.sequence = 0x123456789aULL;
	packet_make(&e, 1, packets[0], sizeof packets[0]);
	assert_memory_equal(packets[0] + ESP_HEADER, "\0\0\0\x12\x34\x56\x78\x9b", 8);
	ends_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_ivs),
#ifdef HAVE_IPSEC_MB
		cmocka_unit_test(test_gcm_same),
		cmocka_unit_test(test_cbc_same),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
