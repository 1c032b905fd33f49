#include "flow/webhook.h"
#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JITTER_PERCENT 20 /* at most, on top */

enum rc webhook_plan_read(const char *text, struct webhook_plan *ret, struct fault *f)
{
	struct webhook_plan p = { .n = 0 };

	for (const char *at = text; *at;) {
		char *end;
		unsigned long s = strtoul(at, &end, 10);
		if (*at < '0' || *at > '9' || (*end && *end != ',') || s > WEBHOOK_RETRY_AFTER_MAX)
			return fault_set(f, RC_INVALID,
				"\"%.40s\" is no plan: seconds (at most 86400) parted by commas", text);
		if (p.n == WEBHOOK_PLAN_MAX)
			return fault_set(f, RC_INVALID, "a plan has at most %d attempts", WEBHOOK_PLAN_MAX);
		p.wait_s[p.n++] = (uint32_t)s;
		at = *end ? end + 1 : end;
	}
	if (p.n == 0)
		return fault_set(f, RC_INVALID, "a plan needs an attempt");
	*ret = p;
	return RC_OK;
}

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
	"Dec" };

/* "Sun, 06 Nov 1994 08:49:37 GMT", as it stands there to the character. */
static bool read_date(const char *text, int64_t *ret_ms)
{
	char utc[32];
	int month = 0;

	if (strlen(text) != 29 || strncmp(text + 3, ", ", 2) != 0 || strcmp(text + 25, " GMT") != 0)
		return false;
	while (month < 12 && strncmp(months[month], text + 8, 3) != 0)
		month++;
	snprintf(utc, sizeof(utc), "%.4s-%02d-%.2sT%.8sZ", text + 12, month + 1, text + 5, text + 17);
	return month < 12 && when_parse(utc, ret_ms);
}

uint32_t webhook_retry_after(const char *text, int64_t now_ms)
{
	int64_t at_ms, s = 0;

	if (!text)
		return 0;
	size_t digits = strspn(text, "0123456789");
	if (digits > 0 && !text[digits])
		s = digits > 9 ? WEBHOOK_RETRY_AFTER_MAX : strtol(text, NULL, 10);
	else if (read_date(text, &at_ms))
		s = (at_ms - now_ms + 999) / 1000;
	if (s <= 0)
		return 0;
	return s > WEBHOOK_RETRY_AFTER_MAX ? WEBHOOK_RETRY_AFTER_MAX : (uint32_t)s;
}

static int64_t wait_ms(const struct webhook_plan *plan, uint32_t tries, const struct webhook_end *end)
{
	int64_t planned = (int64_t)plan->wait_s[tries] * 1000;
	int64_t asked = (int64_t)webhook_retry_after(end->retry_after, end->now_ms) * 1000;
	int64_t wait = planned > asked ? planned : asked;

	return wait + (wait / 100 * JITTER_PERCENT) * (end->dice % 1000) / 1000;
}

enum webhook_verdict webhook_ended(
	const struct webhook_plan *plan, struct webhook *w, const struct webhook_end *end)
{
	w->tries++;
	if (end->status >= 200 && end->status < 300) {
		w->failing_since_ms = 0;
		return WEBHOOK_DELIVERED;
	}
	if (!w->failing_since_ms)
		w->failing_since_ms = end->now_ms;
	if (end->status == 410)
		return WEBHOOK_GONE;
	if (w->tries >= plan->n)
		return WEBHOOK_DEAD;
	w->next_ms = end->now_ms + wait_ms(plan, w->tries, end);
	return WEBHOOK_AGAIN;
}

bool webhook_is_tired(const struct webhook *w, int64_t now_ms)
{
	return w->failing_since_ms && now_ms - w->failing_since_ms >= WEBHOOK_PATIENCE_MS;
}
