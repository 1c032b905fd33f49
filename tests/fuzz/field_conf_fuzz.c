/* Any text as a configuration: what is read is printed, and that is read again and printed as the same text. */
#include "wire/field_conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct section {
	bool on;
	uint32_t port;
	int64_t number;
	int mode;
	const char *path, *host, *secret;
};

struct conf {
	struct section server, store;
};

static const char *const modes[] = { "single", "cluster", NULL };

static const struct field section_fields[] = {
	{ .name = "on", .type = FIELD_BOOL, FIELD_AT(struct section, on), .doc = "Is it on?" },
	{ .name = "port", .type = FIELD_U32, FIELD_AT(struct section, port), .max = 65535, .doc = "A port." },
	{ .name = "number", .type = FIELD_I64, FIELD_AT(struct section, number), .doc = "A number." },
	{ .name = "mode", .type = FIELD_ENUM, FIELD_AT(struct section, mode), .words = modes, .doc = "A word." },
	{ .name = "path", .type = FIELD_STR, FIELD_AT(struct section, path), .doc = "A text." },
	{ .name = "host",
		.type = FIELD_STR,
		FIELD_AT(struct section, host),
		.def_text = "localhost",
		.doc = "A text." },
	{ .name = "secret",
		.type = FIELD_STR,
		FIELD_AT(struct section, secret),
		.flags = FIELD_SECRET,
		.doc = "A secret." },
	{ 0 },
};

static const struct field fields[] = {
	{ .name = "server",
		.type = FIELD_OBJ,
		FIELD_AT(struct conf, server),
		.sub = section_fields,
		.doc = "One." },
	{ .name = "store", .type = FIELD_OBJ, FIELD_AT(struct conf, store), .sub = section_fields, .doc = "Two." },
	{ 0 },
};

static void expect(bool held)
{
	if (!held)
		abort();
}

static enum rc read_and_print(const char *text, struct arena *a, struct buf *to)
{
	struct conf c = { 0 };
	struct fault f = { 0 };

	field_defaults(fields, &c);
	enum rc rc = field_conf_read(fields, text, a, &c, &f);
	if (rc == RC_OK)
		field_conf_print(fields, &c, to);
	else
		expect(rc == RC_INVALID && f.rc == rc && !strncmp(f.text, "line ", 5));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { 0 };
	struct buf one = { 0 }, two = { 0 };
	struct conf c = { 0 };
	char *text = arena_strn(&a, (const char *)p, n);

	if (n <= FIELD_CONF_MAX && read_and_print(text, &a, &one) == RC_OK) {
		expect(read_and_print(buf_text(&one), &a, &two) == RC_OK);
		expect(one.n == two.n && !memcmp(one.p, two.p, one.n));
	}
	/* The first line as a key, the rest as its value. */
	char *value = strchr(text, '\n');
	if (value) {
		*value++ = 0;
		enum rc rc = field_conf_set(fields, text, value, &a, &c, NULL);
		expect(rc == RC_OK || rc == RC_INVALID);
	}
	buf_done(&one);
	buf_done(&two);
	arena_done(&a);
	return 0;
}
