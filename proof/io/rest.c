/* What of io is linked and has no part in the simulated histories: webhooks, time zones, files. */
#include "io/http_call.h"
#include "io/http_guard.h"
#include "io/web_file.h"
#include "io/zoneinfo.h"

#include <unistd.h>

const char *http_call_header_of(const struct http_answer *a, const char *name)
{
	(void)a, (void)name;
	return NULL;
}

enum rc http_guard_ports(const char *text, struct http_guard *ret, struct fault *f)
{
	(void)text, (void)f;
	ret->ports_n = 0;
	return RC_OK;
}

enum rc http_guard_check(const struct http_guard *g, const char *url, struct fault *f)
{
	(void)g, (void)url;
	return fault_set(f, RC_INVALID, "there are no webhooks in the simulation");
}

enum rc zoneinfo_read(const char *name, struct buf *ret, struct fault *f)
{
	(void)ret;
	return fault_set(f, RC_INVALID, "there is no time zone %.64s in the simulation", name);
}

const char *http_call_header_at(const struct http_answer *a, const char *name, size_t number)
{
	(void)a, (void)name, (void)number;
	return NULL;
}

/* Nobody asks for a file in the simulated histories. */
void web_file(struct web_request *r, int status, const struct web_header *headers, const struct web_file *take_file)
{
	(void)status, (void)headers;
	close(take_file->fd);
	web_reply(r, 503, NULL, NULL, 0);
}
