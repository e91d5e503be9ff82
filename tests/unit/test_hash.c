/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "lib/hash.h"
#include "tests/unit/unit.h"

/* Values of another implementation of SipHash-1-3 (CPython's, whose key is zero under
 * PYTHONHASHSEED=0). They cover every branch of the tail and the words before it. */
static void agrees_with_another(void **state)
{
	static const struct {
		const char *text;
		uint64_t hash;
	} known[] = {
		{"a", 0x407448d2b89b1813},
		{"abcdefg", 0x6db12aae9070f506},
		{"abcdefgh", 0x3f7b849c0b8e35ea},
		{"abcdefghi", 0xf89b34a3d11eb6e5},
		{"a longer text of forty-one bytes, in all.", 0x0f1a0bb915b7ad8b},
	};
	const struct hash_key zero = {0, 0};
	uint8_t count[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_int_equal(hash_bytes(&zero, known[i].text, strlen(known[i].text)),
				 known[i].hash);
	for (size_t i = 0; i < sizeof(count); i++)
		count[i] = (uint8_t)i;
	assert_int_equal(hash_bytes(&zero, count, sizeof(count)), 0x75e05fd5bbc870c6);
}

/* Bytes 00 to 0f as the key and no text: the first row of the 1-3 vectors in common use. */
static void uses_its_key(void **state)
{
	const struct hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

	(void)state;
	assert_int_equal(hash_bytes(&key, "", 0), 0xabac0158050fc4dc);
}

static void keys_differ(void **state)
{
	struct hash_key a, b;

	(void)state;
	hash_key_init(&a);
	hash_key_init(&b);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_int_not_equal(hash_bytes(&a, "same", 4), hash_bytes(&b, "same", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_another),
		cmocka_unit_test(uses_its_key),
		cmocka_unit_test(keys_differ),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
