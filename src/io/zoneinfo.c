#include "io/zoneinfo.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

#define FOLDER    "/usr/share/zoneinfo"
#define BYTES_MAX 65536

/* Parts of letters, digits, '_', '+' and '-', parted by slashes; none begins with a dot or a dash. */
static bool is_name(const char *s)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-";

	for (size_t parts = 0; parts < 3; parts++) {
		size_t n = strspn(s, chars);
		if (n == 0 || *s == '-' || *s == '+')
			return false;
		s += n;
		if (!*s)
			return true;
		if (*s++ != '/')
			return false;
	}
	return false;
}

enum rc zoneinfo_read(const char *name, struct buf *ret, struct fault *f)
{
	char path[sizeof(FOLDER) + ZONEINFO_NAME_MAX + 2];

	if (strnlen(name, ZONEINFO_NAME_MAX + 1) > ZONEINFO_NAME_MAX || !is_name(name))
		return fault_set(
			f, RC_INVALID, "not the name of a time zone; it is spelled like Europe/Berlin, or UTC");
	snprintf(path, sizeof(path), "%s/%s", FOLDER, name);
	enum rc rc = file_read(path, BYTES_MAX, ret, f);
	if (rc == RC_MISSING || rc == RC_IO || rc == RC_TOO_LARGE) /* a folder cannot be read either */
		return fault_set(f, RC_INVALID,
			"there is no time zone %s here; it is spelled like Europe/Berlin, and needs the system's "
			"tzdata",
			name);
	return rc;
}
