#include "base/fault.h"

#include "tests/unit/check.h"

int main(void)
{
	struct fault f = { 0 };

	CHECK(fault_set(&f, RC_MISSING, "%s: there is no job %d", "jobs", 7) == RC_MISSING);
	CHECK(f.rc == RC_MISSING);
	CHECK_STR(f.text, "jobs: there is no job 7");
	CHECK(fault_set(NULL, RC_IO, "nobody listens: %d", 1) == RC_IO);

	/* A later fault takes the place of an earlier one, and a long one is cut. */
	char long_text[1000];
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = 0;
	CHECK(fault_set(&f, RC_INVALID, "%s", long_text) == RC_INVALID);
	CHECK(f.rc == RC_INVALID && strlen(f.text) == FAULT_TEXT_MAX - 1);
	CHECK(strspn(f.text, "x") == FAULT_TEXT_MAX - 1);
	CHECK(fault_set(&f, RC_OK, "%s", "") == RC_OK);
	CHECK_STR(f.text, "");
	return 0;
}
