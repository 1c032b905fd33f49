#include "model/gap.h"
#include "tests/unit/check.h"

int main(void)
{
	struct gap_tick t = { .since = 100, .current = 100 };

	CHECK(gap_suspect(&t) == GAP_NONE); /* nothing happened */
	t.current = 101;
	CHECK(gap_suspect(&t) == GAP_EMPTY);
	t.packages = 1;
	CHECK(gap_suspect(&t) == GAP_NONE);
	t.current = 4100;
	CHECK(gap_suspect(&t) == GAP_NONE);
	t.current = 4101;
	CHECK(gap_suspect(&t) == GAP_FAR);
	t.current = 200;
	t.apps = 3999;
	CHECK(gap_suspect(&t) == GAP_NONE);
	t.apps = 4000;
	CHECK(gap_suspect(&t) == GAP_LONG);
	t.apps = 0;
	t.packages = 4000;
	CHECK(gap_suspect(&t) == GAP_LONG);
	t.packages = 1;
	t.late_ms = 1800000;
	CHECK(gap_suspect(&t) == GAP_NONE);
	t.late_ms++;
	CHECK(gap_suspect(&t) == GAP_LATE);
	t.current = 99;
	CHECK(gap_suspect(&t) == GAP_BACK);
	t.full = true;
	CHECK(gap_suspect(&t) == GAP_TOLD);
	CHECK_STR(gap_words[GAP_LATE], "tick_lost");
	CHECK(gap_words[GAP_LATE + 1] == NULL);
	return 0;
}
