/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_sha256.c - the examples of FIPS 180-4, and every length around the padding's edges.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/sha256.h"

static void examples(void **state)
{
	char hex[SHA256_HEX], a[1000];

	(void)state;
	assert_string_equal(sha256_hex("", 0, hex),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(sha256_hex("abc", 3, hex),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(
		sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex),
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(a, 'a', sizeof(a));
	assert_string_equal(sha256_hex(a, 1000, hex),
			    "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3");
}

static void lengths_differ(void **state)
{
	char before[SHA256_HEX] = "", hex[SHA256_HEX], zeros[200] = {0};

	(void)state;
	for (size_t n = 50; n < 140; n++) {
		sha256_hex(zeros, n, hex);
		assert_string_not_equal(hex, before);
		memcpy(before, hex, sizeof(before));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples),
		cmocka_unit_test(lengths_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
