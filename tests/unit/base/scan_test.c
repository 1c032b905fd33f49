#include "base/scan.h"

#include "tests/unit/check.h"

static bool scans(const char *text, const char *before, uint64_t most, uint64_t want, const char *rest)
{
	uint64_t got = 77;
	const char *at = text;
	bool good = scan_u64(&at, before, most, &got);
	if (!good)
		return !rest && at == text && got == 77;
	return rest && got == want && !strcmp(at, rest);
}

static void reads_what_stands_behind_the_mark(void)
{
	CHECK(scans("7", "", 9, 7, ""));
	CHECK(scans("at=0012;", "at=", 99, 12, ";"));
	CHECK(scans("18446744073709551615x", "", UINT64_MAX, UINT64_MAX, "x"));
	CHECK(scans("65535", "", 65535, 65535, ""));
}

static void refuses_what_is_no_such_number(void)
{
	CHECK(scans("", "", 9, 0, NULL));
	CHECK(scans("at", "at=", 9, 0, NULL));
	CHECK(scans("at=", "at=", 9, 0, NULL));
	CHECK(scans("to=1", "at=", 9, 0, NULL));
	CHECK(scans("-1", "", 9, 0, NULL));
	CHECK(scans("+1", "", 9, 0, NULL));
	CHECK(scans(" 1", "", 9, 0, NULL));
	CHECK(scans("x", "", 9, 0, NULL));
}

static void refuses_what_is_over_the_most(void)
{
	CHECK(scans("7", "", 5, 0, NULL));
	CHECK(scans("65536", "", 65535, 0, NULL));
	CHECK(scans("18446744073709551616", "", UINT64_MAX, 0, NULL));
	CHECK(scans("99999999999999999999999", "", UINT64_MAX, 0, NULL));
}

int main(void)
{
	reads_what_stands_behind_the_mark();
	refuses_what_is_no_such_number();
	refuses_what_is_over_the_most();
	return 0;
}
