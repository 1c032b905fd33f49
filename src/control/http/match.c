#include "control/http/match.h"

#include <string.h>

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	int low = (unsigned char)c | 32;
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool match_unescape(char *s, bool form)
{
	char *to = s;

	for (; *s; s++, to++) {
		*to = *s;
		if (form && *s == '+')
			*to = ' ';
		if (*s != '%')
			continue;
		int hi = hex(s[1]), lo = hi < 0 ? -1 : hex(s[2]);
		if (lo < 0 || hi * 16 + lo == 0)
			return false;
		*to = (char)(hi * 16 + lo);
		s += 2;
	}
	*to = 0;
	return true;
}

/* Does the path fit the pattern? Where the pattern has {…}, the segment is noted as [from, to). */
static bool fits(const char *pattern, const char *path, const char *from[], const char *to[])
{
	size_t args = 0;

	while (*pattern) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t n = strcspn(path, "/");
		if (n == 0 || args == ROUTE_ARGS_MAX)
			return false;
		from[args] = path;
		to[args++] = path + n;
		path += n;
		pattern = strchr(pattern, '}') + 1;
	}
	return *path == 0;
}

static void add_method(char *allow, const char *method)
{
	if (strstr(allow, method))
		return;
	size_t n = strlen(allow);
	if (n + strlen(method) + 3 < MATCH_ALLOW_MAX)
		stpcpy(stpcpy(allow + n, n ? ", " : ""), method);
}

static enum rc cut(char *path, const char *from[], const char *to[], const char *ret_arg[])
{
	for (int i = 0; i < ROUTE_ARGS_MAX; i++) {
		ret_arg[i] = from[i];
		if (!from[i])
			continue;
		char *at = path + (from[i] - path);
		path[to[i] - path] = 0;
		if (!match_unescape(at, false))
			return RC_MALFORMED;
	}
	return RC_OK;
}

enum rc match_route(const struct route *const *routes, const char *method, char *path,
	const struct route **ret_route, const char *ret_arg[static ROUTE_ARGS_MAX],
	char ret_allow[static MATCH_ALLOW_MAX])
{
	*ret_allow = 0;
	if (!strcmp(method, "HEAD"))
		method = "GET";
	for (size_t i = 0; routes[i]; i++)
		for (const struct route *r = routes[i]; r->method; r++) {
			const char *from[ROUTE_ARGS_MAX] = { 0 }, *to[ROUTE_ARGS_MAX] = { 0 };
			if (!fits(r->path, path, from, to))
				continue;
			add_method(ret_allow, r->method);
			if (strcmp(r->method, method) != 0)
				continue;
			*ret_route = r;
			return cut(path, from, to, ret_arg);
		}
	return *ret_allow ? RC_METHOD : RC_MISSING;
}

const struct route *match_named(const struct route *const *routes, const char *name)
{
	for (size_t i = 0; routes[i]; i++)
		for (const struct route *r = routes[i]; r->method; r++)
			if (!strcmp(r->name, name))
				return r;
	return NULL;
}
