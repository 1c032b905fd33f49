#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

int rig_audit(const struct rig *r, const char *const *more, char *ret_text, size_t n)
{
	char command[2048];
	int at = 0;

	if (*r->pg.url)
		setenv("DATABASE_URL", r->pg.url, 1);
	at = snprintf(command, sizeof(command), "'%s' audit verify --data '%s/data'", getenv("FOOTPLATE"), r->dir);
	for (; more && *more; more++)
		at += snprintf(command + at, sizeof(command) - (size_t)at, " '%s'", *more);
	snprintf(command + at, sizeof(command) - (size_t)at, " 2>&1");
	FILE *p = popen(command, "r"); /* NOLINT(cert-env33-c): a test's own words */
	CHECK(p != NULL);
	size_t got = fread(ret_text, 1, n - 1, p);
	ret_text[got] = 0;
	int status = pclose(p);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void rig_check_audit(const struct rig *r)
{
	char text[8192];

	if (rig_audit(r, NULL, text, sizeof(text)) == 0)
		return;
	fprintf(stderr, "%s", text);
	exit(1);
}
