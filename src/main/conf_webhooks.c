/* The settings of webhooks, a section of conf_fields. */
#include "main/conf.h"

#define IN(member) .at = offsetof(struct conf, webhooks.member) - offsetof(struct conf, webhooks)

const struct field conf_webhooks_fields[] = {
	{ .name = "retry_s",
		.type = FIELD_STR,
		IN(retry_s),
		.def_text = WEBHOOK_PLAN,
		.doc = "Seconds before each attempt of a delivery, parted by commas; up to a fifth more is "
		       "added." },
	{ .name = "allow_private",
		.type = FIELD_STR,
		IN(allow_private),
		.def_text = "",
		.doc = "Blocks of addresses that webhooks may reach although they are not public, parted by "
		       "commas, such as "
		       "10.1.0.0/16,fd00::/8." },
	{ .name = "ports",
		.type = FIELD_STR,
		IN(ports),
		.def_text = "80,443,8080,8443",
		.doc = "Ports that webhooks may reach; nothing: any." },
	{ .name = "ca_file",
		.type = FIELD_STR,
		IN(ca_file),
		.doc = "PEM file of further authorities to trust for webhooks." },
	{ .name = "timeout_ms",
		.type = FIELD_U32,
		IN(timeout_ms),
		.min = 100,
		.max = 60000,
		.def = 20000,
		.doc = "An attempt is answered within." },
	{ .name = "parallel",
		.type = FIELD_U32,
		IN(parallel),
		.min = 1,
		.max = 16,
		.def = 4,
		.doc = "Deliveries to one webhook at once, of different subjects; 16 to all." },
	{ .name = "keep_hours",
		.type = FIELD_U32,
		IN(keep_hours),
		.min = 1,
		.max = 8760,
		.def = 168,
		.doc = "A delivery that is over is kept for." },
	{ .name = "overlap_hours",
		.type = FIELD_U32,
		IN(overlap_hours),
		.max = 8760,
		.def = 24,
		.doc = "After a rotation the old secrets are used beside the new ones for." },
	{ 0 },
};

static const char *const level_words[] = { "error", "warn", "info", "debug", NULL };
static const char *const format_words[] = { "text", "json", NULL };
