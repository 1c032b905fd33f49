#include "model/key.h"

#include "tests/unit/check.h"

/* queued assigned in_flight reconciling unknown redeemed invalid used wallet exhausted canceled */
static const char *const moves[KEY_STATES] = {
	[KEY_QUEUED] = "=x.......xx",
	[KEY_ASSIGNED] = "x=xxxxxxx.x",
	[KEY_IN_FLIGHT] = "xx=xxxxxx.x",
	[KEY_RECONCILING] = "x.x=xxxxx..",
	[KEY_UNKNOWN] = "x...=x.....",
	[KEY_REDEEMED] = ".....=.....",
	[KEY_INVALID] = "......=....",
	[KEY_USED_ELSEWHERE] = ".......=...",
	[KEY_WALLET_CODE] = "........=..",
	[KEY_EXHAUSTED] = ".........=.",
	[KEY_CANCELED] = "..........=",
};

static void every_pair(void)
{
	for (int from = 0; from < KEY_STATES; from++)
		for (int to = 0; to < KEY_STATES; to++) {
			enum key_state s = (enum key_state)from;
			enum rc rc = key_move(&s, (enum key_state)to);
			CHECK((rc == RC_OK) == (moves[from][to] != '.'));
			CHECK(s == (enum key_state)(rc == RC_OK ? to : from));
		}
	for (int s = 0; s < KEY_STATES; s++)
		CHECK(key_is_over((enum key_state)s) == (s >= KEY_REDEEMED));
	CHECK_STR(key_words[KEY_IN_FLIGHT], "in_flight");
	CHECK_STR(key_words[KEY_CANCELED], "canceled");
	CHECK(!key_words[KEY_STATES]);
	CHECK_STR(key_distribution_words[KEY_PINNED], "pinned");
}

static void fates(void)
{
	CHECK(key_fate("redeemed").to == KEY_REDEEMED && key_fate("invalid").to == KEY_INVALID);
	CHECK(key_fate("owned_by_target").to == KEY_QUEUED);
	CHECK(key_fate("used_elsewhere").to == KEY_USED_ELSEWHERE);
	CHECK(key_fate("wallet_code").to == KEY_WALLET_CODE && key_fate("region_locked").to == KEY_QUEUED);
	CHECK(key_fate("account_blocked").known && !key_fate("whatever").known);
	CHECK(key_fate("whatever").to == KEY_QUEUED && !key_fate(NULL).known);
}

static void texts(void)
{
	char mask[KEY_TEXT_MAX + 1], text[] = "ab1Cz-q";

	CHECK(key_is_text("AAAAA-BBBBB", 11) && !key_is_text("AAAA", 4) && !key_is_text("AAAAA BBBBB", 11));
	CHECK(!key_is_text("AAAAA\0BBBBB", 11));
	key_mask("ABCDE-FGHIJ-K", 13, mask);
	CHECK_STR(mask, "ABCDE-*****-*");
	key_mask("ABC", 3, mask);
	CHECK_STR(mask, "ABC");
	key_canonical(text);
	CHECK_STR(text, "AB1CZ-Q");
}

int main(void)
{
	every_pair();
	fates();
	texts();
	return 0;
}
