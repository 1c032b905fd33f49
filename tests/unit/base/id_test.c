#include "base/id.h"

#include "tests/unit/check.h"

static uint8_t zeros[ID_RANDOM], ones[ID_RANDOM];

/* Made by another program: Crockford's base 32 of 48 bits of time and of 80 bits of randomness. */
static void known(void)
{
	const uint8_t random[ID_RANDOM] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x10, 0x32 };
	char id[ID_MAX];

	id_make(id, "job", 1469918176385, random);
	CHECK_STR(id, "job_01ARYZ6S4104HMASW9NF6YY41J");
	CHECK(id_time_ms(id) == 1469918176385);
	id_make(id, "x", 0, zeros);
	CHECK_STR(id, "x_00000000000000000000000000");
	id_make(id, "twelve_chars", 0xFFFFFFFFFFFF, ones);
	CHECK_STR(id, "twelve_chars_7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
	CHECK(strlen(id) == ID_MAX - 1);
	CHECK(id_is(id, "twelve_chars") && id_time_ms(id) == 0xFFFFFFFFFFFF);
}

static void sorts_by_time(void)
{
	const int64_t times[] = { 0, 1, 31, 32, 1023, 1024, 1700000000000, 1700000000001, 1700000000032,
		1800000000000, 0xFFFFFFFFFFFE, 0xFFFFFFFFFFFF };
	char before[ID_MAX], after[ID_MAX];

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		id_make(after, "tsk", times[i], i % 2 ? zeros : ones);
		CHECK(id_time_ms(after) == times[i]);
		CHECK(i == 0 || strcmp(before, after) < 0);
		memcpy(before, after, sizeof(before));
	}
}

/* Every random bit is in the id, each at its place: more is later. */
static void every_random_bit(void)
{
	char before[ID_MAX], after[ID_MAX];

	id_make(before, "a", 5, zeros);
	for (int bit = 0; bit < ID_RANDOM * 8; bit++) {
		uint8_t random[ID_RANDOM] = { 0 };
		random[ID_RANDOM - 1 - bit / 8] = (uint8_t)(1u << bit % 8);
		id_make(after, "a", 5, random);
		CHECK(strcmp(before, after) < 0 && id_time_ms(after) == 5);
		memcpy(before, after, sizeof(before));
	}
}

static void refused(void)
{
	const char *const bad[] = { "", "_", "job", "job_", "01ARYZ6S4104HMASW9NF6YY0SJ",
		"_01ARYZ6S4104HMASW9NF6YY0SJ", "job_01ARYZ6S4104HMASW9NF6YY0S", /* short */
		"job_01ARYZ6S4104HMASW9NF6YY0SJJ",                              /* long */
		"job_01aryz6s4104hmasw9nf6yy0sj",                               /* lower case */
		"job_01ARYZ6S4104HMASW9NF6YY0SI",                               /* I, L, O and U are no digits */
		"job_01ARYZ6S4104HMASW9NF6YY0SL", "job_O1ARYZ6S4104HMASW9NF6YY0SJ",
		"job_01ARYZ6S4104HMASW9NF6YY0SU", "job_01ARYZ6S4104HMASW9NF6YY0S ",
		"job-01ARYZ6S4104HMASW9NF6YY0SJ", " job_01ARYZ6S4104HMASW9NF6YY0SJ ",
		"job_01ARYZ6S41_4HMASW9NF6YY0SJ", "job_81ARYZ6S4104HMASW9NF6YY0SJ", /* a time past 48 bits */
		"job_ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "thirteen_char_01ARYZ6S4104HMASW9NF6YY0SJ" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(!id_is(bad[i], NULL) && !id_is(bad[i], "job"));
		CHECK(id_time_ms(bad[i]) == -1);
	}
	CHECK(!id_is(NULL, NULL) && id_time_ms(NULL) == -1);
}

static void prefixes(void)
{
	const char *id = "job_01ARYZ6S4104HMASW9NF6YY0SJ";

	CHECK(id_is(id, "job") && id_is(id, NULL));
	CHECK(!id_is(id, "jo") && !id_is(id, "jobs") && !id_is(id, "tsk") && !id_is(id, "") && !id_is(id, "Job"));
	CHECK(id_is("api_key_01ARYZ6S4104HMASW9NF6YY0SJ", "api_key"));
	CHECK(!id_is("api_key_01ARYZ6S4104HMASW9NF6YY0SJ", "api"));
}

int main(void)
{
	memset(ones, 0xFF, sizeof(ones));
	known();
	sorts_by_time();
	every_random_bit();
	refused();
	prefixes();
	return 0;
}
