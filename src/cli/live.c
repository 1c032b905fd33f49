#include "cli/live.h"
#include "cli/api.h"
#include "cli/event.h"
#include "io/clock.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

static bool on_event(void *ctx, const char *type, const char *text)
{
	struct live *l = ctx;
	auto_json json_t *j = NULL;
	struct fault f = { 0 };

	if (!strncmp(type, "stream.", 7) || json_read(text, strlen(text), &j, &f) != RC_OK)
		return true;
	l->over = !l->on_event(l->ctx, type, j);
	return !l->over;
}

static bool on_bytes(void *ctx, const void *p, size_t n)
{
	struct live *l = ctx;
	return sse_feed(&l->sse, p, n);
}

/* What is left of it, for one connection. */
static uint32_t left_of(const struct live *l)
{
	uint64_t left = l->until_ms ? l->until_ms - clock_mono_ms() : 0;
	return left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

static bool is_late(const struct live *l) { return l->until_ms && clock_mono_ms() >= l->until_ms; }

enum cli_exit live_follow(struct live *l)
{
	struct buf path = { 0 };
	enum cli_exit code = CLI_OK;
	bool opened = false, was_open = false;

	buf_fmt(&path, "%s/events", l->path);
	l->sse = (struct sse){ .on_event = on_event, .ctx = l };
	while (code == CLI_OK && !l->over && !is_late(l)) {
		const struct api_stream s = {
			.path = buf_text(&path), .deadline_ms = left_of(l), .on_bytes = on_bytes, .ctx = l
		};
		sse_restart(&l->sse);
		code = api_follow(l->c, &s, &opened);
		was_open |= opened;
		if (!l->over && was_open && code == CLI_AWAY)
			code = CLI_OK;
		if (!l->over && code == CLI_OK && !is_late(l))
			clock_sleep_ms(EVENT_PAUSE_MS);
	}
	sse_done(&l->sse);
	buf_done(&path);
	return code;
}
