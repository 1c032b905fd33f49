#include "base/rc.h"

#include "tests/unit/check.h"

#include <ctype.h>

static bool is_code(const char *s) { return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz_") == strlen(s); }

int main(void)
{
	const char *const names[] = {
#define RC(name, code, http, retry, title) #name,
#include "base/errors.def"
#undef RC
	};

	CHECK(RC_OK == 0 && RC_COUNT == sizeof(names) / sizeof(*names));
	for (int i = 0; i < RC_COUNT; i++) {
		enum rc rc = (enum rc)i;
		CHECK_STR(rc_name(rc), names[i]);
		CHECK(is_code(rc_code(rc)));
		CHECK(rc_of_code(rc_code(rc)) == rc);
		const char *title = rc_title(rc);
		CHECK(*title && (rc == RC_OK || isupper((unsigned char)*title)) && title[strlen(title) - 1] != '.');
		if (rc == RC_OK)
			CHECK(rc_http(rc) == 200 && !rc_retry(rc));
		else
			CHECK(rc_http(rc) >= 400 && rc_http(rc) <= 599);
		for (int j = 0; j < i; j++) {
			CHECK(strcmp(rc_code(rc), rc_code((enum rc)j)) != 0);
			CHECK(strcmp(rc_title(rc), rc_title((enum rc)j)) != 0);
		}
	}
	CHECK(rc_of_code("nothing_of_ours") == RC_INTERNAL);
	CHECK(rc_of_code("") == RC_INTERNAL);
	CHECK(rc_of_code(NULL) == RC_INTERNAL);

	/* What the API promises of its errors. */
	CHECK(rc_http(RC_MISSING) == 404 && rc_http(RC_DENIED) == 403 && rc_http(RC_UNAUTHENTICATED) == 401);
	CHECK(rc_http(RC_LIMIT) == 429 && rc_http(RC_CONFLICT) == 409 && rc_http(RC_STALE) == 412);
	CHECK(rc_retry(RC_TIMEOUT) && rc_retry(RC_AWAY) && rc_retry(RC_OVERLOADED));
	CHECK(!rc_retry(RC_INVALID) && !rc_retry(RC_DENIED) && !rc_retry(RC_MISSING) && !rc_retry(RC_INTERNAL));
	return 0;
}
