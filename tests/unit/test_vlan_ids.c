/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "tests/unit/unit.h"
#include "vswitchd/switch/vlan_ids.h"

static void one_id(void **state)
{
	static const char *const wrong[] = {
		"",   "0",  "4095", "99999", "65537", "red", "1 ",
		" 1", "-1", "0x10", "1,2",   "1-2",   "+1",  "18446744073709551617"};
	struct err err;
	uint16_t id = 7;

	(void)state;
	assert_int_equal(vlan_id_parse("1", &id, NULL), 0);
	assert_int_equal(id, 1);
	assert_int_equal(vlan_id_parse("4094", &id, NULL), 0);
	assert_int_equal(id, 4094);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(vlan_id_parse(wrong[i], &id, &err), -EINVAL);
		assert_int_equal(id, 4094);
	}
	vlan_id_parse("re\nd", &id, &err);
	assert_string_equal(err.text, "\"re\\x0ad\" is not a VLAN id, 1 to 4094");
}

static void lists(void **state)
{
	static const struct {
		const char *text, *shown;
	} good[] = {
		{"10", "10"},
		{"10,20,30-39", "10,20,30-39"},
		{"10+20+30-39", "10,20,30-39"},
		{"30-39,20,10", "10,20,30-39"},
		{"10,11,12", "10-12"},
		{"5-9,7-12,13", "5-13"},
		{"1,1,1", "1"},
		{"4094", "4094"},
		{"all", "all"},
		{"1-4094", "all"},
		{"1-2000+2001-4094", "all"},
	};
	static const char *const wrong[] = {"",	     ",",     "10,",  ",10",	 "10,,20", "0",
					    "4095",  "1-",    "-5",   "9-5",	 "1-4095", "10 20",
					    "10;20", "all,1", "none", "10-20-30"};
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct vlan_ids ids = {0};

		assert_int_equal(vlan_ids_parse(good[i].text, &ids, NULL), 0);
		assert_string_equal(vlan_ids_format(&ids, text, sizeof(text)), good[i].shown);
		assert_false(vlan_ids_has(&ids, 0));
		assert_false(vlan_ids_has(&ids, 4095));
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct vlan_ids ids = {0};

		if (vlan_ids_parse(wrong[i], &ids, NULL) != -EINVAL)
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_string_equal(vlan_ids_format(&ids, text, sizeof(text)), "none");
	}
}

/* What is shown can be given back, and a small buffer only cuts. */
static void text_and_back(void **state)
{
	static char text[24000];
	struct vlan_ids ids = {0}, again = {0};
	char small[12];

	(void)state;
	for (unsigned int id = 2; id <= VLAN_ID_MAX; id += 2)
		vlan_ids_add(&ids, (uint16_t)id);
	assert_int_equal(vlan_ids_parse(vlan_ids_format(&ids, text, sizeof(text)), &again, NULL),
			 0);
	assert_memory_equal(&ids, &again, sizeof(ids));
	assert_string_equal(vlan_ids_format(&ids, small, sizeof(small)), "2,4,6,8,10,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_id),
		cmocka_unit_test(lists),
		cmocka_unit_test(text_and_back),
	};

	return cmocka_run_group_tests_name("vlan_ids", tests, NULL, NULL);
}
