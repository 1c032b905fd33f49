#include "cli/cmd.h"
#include "cli/profile.h"
#include "cli/text.h"
#include "io/file.h"
#include "io/http_call.h"
#include "wire/json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define SERVER_DEFAULT "http://127.0.0.1:8080"
#define KEY_MAX        4096
#define LINE_MAX_BYTES 4096 /* of what is said on stderr */

static const char *const formats[] = { "table", "json", "jsonl", "yaml", "csv", NULL };

const struct verb_option cmd_options[] = {
	{ .row = { .name = "profile",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "Take server and key from ~/.config/footplate/profiles/NAME.toml." },
		.value = "NAME" },
	{ .row = { .name = "server",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "Address of the control plane. Default: $FOOTPLATE_SERVER, else " SERVER_DEFAULT "." },
		.value = "URL" },
	{ .row = { .name = "key-file",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "File with the API key; only its owner may read it (mode 0600). Default: "
			 "$FOOTPLATE_KEY_FILE." },
		.value = "FILE" },
	{ .row = { .name = "key-fd",
		  .type = FIELD_U32,
		  .max = 1 << 20,
		  .doc = "Open file descriptor to read the API key from." },
		.value = "N" },
	{ .row = { .name = "ca-file",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "PEM file of certificate authorities to trust besides the system's." },
		.value = "FILE" },
	{ .row = { .name = "output", .type = FIELD_ENUM, .words = formats, .doc = "How answers are printed." },
		.letter = 'o',
		.value = "FORMAT" },
	{ .row = { .name = "quiet", .type = FIELD_BOOL, .doc = "Print ids alone." }, .letter = 'q' },
	{ .row = { .name = "timeout",
		  .type = FIELD_U32,
		  .min = 1,
		  .max = 3600,
		  .doc = "Seconds that one request may take. Default: 30." },
		.value = "SECONDS" },
	{ .row = { .name = "dry-run",
		  .type = FIELD_BOOL,
		  .doc = "Have the server tell what a job would do, and do nothing; refused by verbs that "
			 "cannot." } },
	{ .row = { .name = "request-id",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 39,
		  .chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
		  .doc = "The id that the server's log and answer give the request. Default: one of the "
			 "server's." },
		.value = "ID" },
	{ .row = { .name = "trace-http",
		  .type = FIELD_BOOL,
		  .doc = "Print each request and its status on stderr, secrets hidden." } },
	{ .row = { .name = "version", .type = FIELD_BOOL, .doc = "Print this program's version." } },
	{ .row = { .name = "help", .type = FIELD_BOOL, .doc = "Explain this level of the command line." },
		.letter = 'h' },
	{ 0 },
};

const char *cmd_text(const struct cmd *c, const char *name)
{
	return json_string_value(json_object_get(c->given, name));
}

int64_t cmd_number(const struct cmd *c, const char *name)
{
	return json_integer_value(json_object_get(c->given, name));
}

bool cmd_has(const struct cmd *c, const char *name) { return json_object_get(c->given, name) != NULL; }

void cmd_write(struct cmd *c, const struct buf *b)
{
	if (b->bad)
		cmd_say(c, "out of memory; the output is not whole");
	if (b->n > 0)
		fwrite(b->p, 1, b->n, c->out);
}

enum cli_exit cmd_flushed(struct cmd *c)
{
	if (fflush(c->out) == 0 && !ferror(c->out))
		return CLI_OK;
	cmd_say(c, "cannot write the output: %s", strerror(errno));
	return CLI_FAILED;
}

static void say(struct cmd *c, const char *fmt, va_list ap)
{
	struct buf words = { 0 }, line = { 0 };

	buf_vfmt(&words, fmt, ap);
	if (words.n > LINE_MAX_BYTES)
		words.n = LINE_MAX_BYTES;
	buf_str(&line, "footplate: ");
	text_put(&line, buf_text(&words), words.n);
	buf_u8(&line, '\n');
	fwrite(line.p, 1, line.n, c->err);
	fflush(c->err);
	buf_done(&words);
	buf_done(&line);
}

void cmd_say(struct cmd *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
}

enum cli_exit cmd_usage(struct cmd *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

static const char *setting(const struct cmd *c, const char *name, const char *variable)
{
	const char *typed = cmd_text(c, name), *env = typed ? NULL : getenv(variable);
	return typed ? typed : env && *env ? env : NULL;
}

/* A key is one word of visible ASCII; the line end behind it is not part of it. */
static enum cli_exit keep_key(struct cmd *c, const struct buf *b, const char *from)
{
	size_t n = b->n;

	while (n > 0 && (b->p[n - 1] == '\n' || b->p[n - 1] == '\r' || b->p[n - 1] == ' '))
		n--;
	for (size_t i = 0; i < n; i++)
		if (b->p[i] <= 32 || b->p[i] >= 127)
			return cmd_usage(c, "%s holds something that is no API key", from);
	if (n == 0)
		return cmd_usage(c, "%s holds no API key", from);
	if (hush_set(&c->key, b->p, n) == RC_OK)
		return CLI_OK;
	cmd_say(c, "out of memory");
	return CLI_FAILED;
}

static enum cli_exit read_key(struct cmd *c)
{
	const char *path = setting(c, "key-file", "FOOTPLATE_KEY_FILE");
	bool by_fd = cmd_has(c, "key-fd");
	struct fault f = { 0 };
	struct buf b = { 0 };
	char fd_path[32];

	if (by_fd && cmd_has(c, "key-file"))
		return cmd_usage(c, "give --key-file or --key-fd, not both");
	if (!by_fd && !path)
		return CLI_OK;
	snprintf(fd_path, sizeof(fd_path), "/dev/fd/%u", (unsigned)cmd_number(c, "key-fd"));
	enum rc rc = by_fd ? file_read(fd_path, KEY_MAX, &b, &f) : file_read_secret(path, KEY_MAX, &b, &f);
	enum cli_exit code = CLI_OK;
	if (rc == RC_OK)
		code = keep_key(c, &b, by_fd ? "--key-fd" : path);
	else
		code = cmd_usage(c, "%s", f.text);
	hush_wipe(b.p, b.n);
	buf_done(&b);
	return code == CLI_USAGE && rc == RC_DENIED ? CLI_DENIED : code;
}

static enum cli_exit read_server(struct cmd *c)
{
	const char *typed = setting(c, "server", "FOOTPLATE_SERVER");
	char *server = arena_str(&c->arena, typed ? typed : SERVER_DEFAULT);

	if (!server)
		return CLI_FAILED;
	if (strncmp(server, "http://", 7) != 0 && strncmp(server, "https://", 8) != 0)
		return cmd_usage(c, "the server's address must begin with http:// or https://");
	for (size_t n = strlen(server); server[n - 1] == '/'; n--)
		server[n - 1] = 0;
	c->server = server;
	return CLI_OK;
}

static enum cmd_format format_of(const struct cmd *c)
{
	const char *word = cmd_text(c, "output");
	word = word ? word : c->verb->format ? c->verb->format : "table";
	for (int i = 0; formats[i]; i++)
		if (!strcmp(formats[i], word))
			return (enum cmd_format)i;
	return CMD_TABLE;
}

enum cli_exit cmd_open(struct cmd *c)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	const char *profile = cmd_text(c, "profile");
	struct fault f = { 0 };

	if (profile && profile_use(profile, c->given, &c->arena, &f) != RC_OK)
		return cmd_usage(c, "%s", f.text);
	c->format = format_of(c);
	c->dry = cmd_has(c, "dry-run");
	c->request_id = cmd_text(c, "request-id");
	c->quiet = cmd_has(c, "quiet");
	c->trace = cmd_has(c, "trace-http");
	c->ca_file = cmd_text(c, "ca-file");
	c->timeout_ms = (uint32_t)(cmd_has(c, "timeout") ? cmd_number(c, "timeout") : CMD_TIMEOUT_S) * 1000;
	c->colour = isatty(fileno(c->out)) && !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
	enum cli_exit code = read_server(c);
	return code == CLI_OK ? read_key(c) : code;
}

void cmd_done(struct cmd *c)
{
	json_decref(c->given);
	hush_done(&c->key);
	http_call_free(c->caller);
	arena_done(&c->arena);
}
