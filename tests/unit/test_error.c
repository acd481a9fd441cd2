// SPDX-License-Identifier: GPL-2.0
#include "test.h"

typedef const char *(*text_fn)(unsigned int value);

static const struct {
	text_fn text;
	unsigned int count;
} tables[] = {
	{ hisiacc_reason_text, HISIACC_REASON_ADMIN + 1 },
	{ hisiacc_reason_cure, HISIACC_REASON_ADMIN + 1 },
	{ hisiacc_status_text, HISIACC_STATUS_UNKNOWN + 1 },
};

START_TEST(each_value_has_its_own_sentence)
{
	text_fn text = tables[_i].text;
	const char *unknown = text(999);
	unsigned int i, j;

	ck_assert_ptr_nonnull(unknown);
	for (i = 0; i < tables[_i].count; i++) {
		ck_assert_str_ne(text(i), unknown);
		ck_assert(text(i)[strlen(text(i)) - 1] != '.');
		for (j = 0; j < i; j++)
			ck_assert_str_ne(text(i), text(j));
	}
	ck_assert_str_eq(text(tables[_i].count), unknown);
	ck_assert_str_eq(text(~0u), unknown);
}
END_TEST

START_TEST(names_are_short_words)
{
	ck_assert_str_eq(hisiacc_mode_text(0), "none");
	ck_assert_str_eq(hisiacc_mode_text(HISIACC_MODE_SVA), "SVA");
	ck_assert_str_eq(hisiacc_mode_text(HISIACC_MODE_PASID), "PASID");
	ck_assert_str_eq(hisiacc_mode_text(HISIACC_MODE_DMA), "DMA");
	ck_assert_str_eq(hisiacc_mode_text(3), "unknown");
	ck_assert_str_eq(hisiacc_mode_text(8), "unknown");
	ck_assert_str_eq(hisiacc_engine_text(HISIACC_ENGINE_ZIP), "ZIP");
	ck_assert_str_eq(hisiacc_engine_text(HISIACC_ENGINE_SEC), "SEC");
	ck_assert_str_eq(hisiacc_engine_text(HISIACC_ENGINE_HPRE), "HPRE");
	ck_assert_str_eq(hisiacc_engine_text(0), "unknown");
	ck_assert_str_eq(hisiacc_state_text(HISIACC_STATE_RUNNING), "running");
	ck_assert_str_eq(hisiacc_state_text(HISIACC_STATE_GONE), "gone");
	ck_assert_str_eq(hisiacc_state_text(6), "unknown");
}
END_TEST

Suite *error_suite(void)
{
	Suite *suite = suite_create("error");
	TCase *tc = tcase_create("texts");

	tcase_add_loop_test(tc, each_value_has_its_own_sentence, 0, N(tables));
	tcase_add_test(tc, names_are_short_words);
	suite_add_tcase(suite, tc);
	return suite;
}
