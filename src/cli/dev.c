#include "cli/nouns.h"
#include "cli/output.h"
#include "io/file.h"
#include "wire/json.h"
#include "wire/steam/describe.h"
#include "wire/steam/describe_depot.h"
#include "wire/steam/guard.h"
#include "wire/steam/jwt.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define FILE_MAX     (128u << 20)
#define KEY_FILE_MAX 1024

typedef enum rc describe(const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f);

static enum rc packet(const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f)
{
	(void)key;
	return describe_packet(p, n, ret, f);
}

static enum rc vdf(const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f)
{
	(void)key;
	return describe_vdf(p, n, ret, f);
}

/* A file of one line, made by people: its end of line does not count. */
static size_t line_n(const char *p, size_t n)
{
	while (n > 0 && isspace((unsigned char)p[n - 1]))
		n--;
	return n;
}

static enum rc jwt(const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f)
{
	(void)key;
	return jwt_describe(p, line_n(p, n), ret, f);
}

static enum rc qr(const void *p, size_t n, const uint8_t *key, struct buf *ret, struct fault *f)
{
	char url[128];
	uint16_t version;
	uint64_t client;

	(void)key;
	n = line_n(p, n);
	snprintf(url, sizeof(url), "%.*s", (int)(n < sizeof(url) ? n : sizeof(url)), (const char *)p);
	if (!guard_challenge(url, &version, &client))
		return fault_set(f, RC_MALFORMED, "not https://s.team/q/VERSION/CLIENT");
	buf_fmt(ret, "{\"version\":%u,\"client_id\":\"%" PRIu64 "\"}", version, client);
	return RC_OK;
}

static const char *const kinds[] = { "chunk", "jwt", "manifest", "packet", "qr", "tcp", "vdf", NULL };
static describe *const readers[] = { describe_depot_chunk, jwt, describe_depot_manifest, packet, qr,
	describe_depot_stream, vdf };

/* As JSON when it can be read as such; a document deeper than JSON_DEPTH_MAX is printed as it was made. */
static void print(struct cmd *c, const struct buf *text)
{
	auto_json json_t *v = NULL;

	if (json_read((const char *)text->p, text->n, &v, NULL) == RC_OK)
		output_object(c, v);
	else
		cmd_write(c, text);
}

static bool of_hex(const char *s, size_t n, uint8_t *ret)
{
	if (n != (size_t)2 * DESCRIBE_KEY)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isxdigit((unsigned char)s[i]))
			return false;
		unsigned letter = (unsigned char)s[i], digit = letter <= '9' ? letter - '0' : (letter & 15) + 9;
		ret[i / 2] = (uint8_t)(i % 2 ? (unsigned)ret[i / 2] << 4 | digit : digit);
	}
	return true;
}

/* *ret_key is `room` with the key in it; NULL when none was given. */
static enum rc key_of(struct cmd *c, uint8_t *room, const uint8_t **ret_key, struct fault *f)
{
	const char *path = cmd_text(c, "key");
	struct buf text = { 0 };

	*ret_key = path ? room : NULL;
	if (!path)
		return RC_OK;
	enum rc rc = file_read(path, KEY_FILE_MAX, &text, f);
	if (rc == RC_OK && !of_hex((const char *)text.p, line_n((const char *)text.p, text.n), room))
		rc = fault_set(f, RC_INVALID, "%s: not %d hexadecimal digits", path, 2 * DESCRIBE_KEY);
	hush_wipe(text.p, text.room);
	buf_done(&text);
	return rc;
}

static enum cli_exit decode(struct cmd *c)
{
	const char *path = strcmp(c->arg[1], "-") ? c->arg[1] : "/dev/stdin";
	struct buf file = { 0 }, text = { 0 };
	struct fault f = { 0 };
	uint8_t room[DESCRIBE_KEY];
	const uint8_t *key;
	size_t kind = 0;

	while (strcmp(c->arg[0], kinds[kind]) != 0)
		kind++;
	if (key_of(c, room, &key, &f) != RC_OK || file_read(path, FILE_MAX, &file, &f) != RC_OK)
		return cmd_usage(c, "%s", f.text);
	enum rc rc = readers[kind](file.p, file.n, key, &text, &f);
	hush_wipe(room, sizeof(room));
	if (rc == RC_OK)
		print(c, &text);
	else
		cmd_say(c, "%s is no %s: %s", c->arg[1], kinds[kind], f.text);
	buf_done(&file);
	buf_done(&text);
	return rc == RC_OK ? CLI_OK : CLI_FAILED;
}

static const struct verb_option decode_options[] = {
	{ .value = "FILE",
		.row = { .name = "key",
			.type = FIELD_STR,
			.doc = "A file with 64 hexadecimal digits: the depot's key (chunk, manifest) or the "
			       "session's (tcp)." },
		.place = VERB_LOCAL },
	{ 0 },
};

const struct verb dev_verbs[] = {
	{
		.name = "decode",
		.doc = "Prints a file of Steam's as JSON.",
		.args = { { .name = "KIND",
				  .doc = "chunk, jwt (a token), manifest, packet (one message as it travelled), qr "
					 "(the text of a QR "
					 "code), tcp (what one end of a TCP connection sent) or vdf.",
				  .words = kinds },
			{ .name = "FILE", .doc = "The file; - is the standard input." } },
		.options = decode_options,
		.format = "json",
		.run = decode,
		.example = "footplate dev decode vdf appmanifest_440.acf",
	},
	{ 0 },
};
