#include "cli/get.h"
#include "base/utf8.h"
#include "cli/api.h"
#include "cli/get_bar.h"
#include "cli/get_files.h"
#include "cli/get_local.h"
#include "cli/get_what.h"
#include "cli/output.h"
#include "cli/request.h"
#include "cli/secret.h"
#include "io/clock.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LOOK_MS      400
#define COLUMNS      80
#define COLUMNS_MOST 200
#define SAY_EVERY_MS 10000 /* where no line can be drawn over itself */
#define LOSSES_MAX   20    /* looks in a row that the server did not answer */

struct get {
	struct cmd *c;
	bool draws; /* to a terminal */
	bool drawn; /* a line stands there */
	uint64_t said_ms, began_ms;
	uint64_t from; /* bytes at the beginning of this part */
};

static bool wants_utf8(void)
{
	const char *l = getenv("LC_ALL");

	l = l && *l ? l : getenv("LC_CTYPE");
	l = l && *l ? l : getenv("LANG");
	return l && (strstr(l, "UTF-8") || strstr(l, "utf8"));
}

static unsigned columns(void)
{
	struct winsize w = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) != 0 || !w.ws_col)
		return COLUMNS;
	return w.ws_col < COLUMNS_MOST ? w.ws_col : COLUMNS_MOST;
}

/* Over itself on a terminal; into a log each ten seconds. */
static void show(struct get *g, struct get_bar *b)
{
	struct cmd *c = g->c;
	struct buf line = { 0 };
	uint64_t now_ms = clock_mono_ms();

	if (c->quiet || (!g->draws && g->said_ms && now_ms < g->said_ms + SAY_EVERY_MS))
		return;
	g->said_ms = now_ms;
	b->columns = g->draws ? columns() - 1 : COLUMNS_MOST;
	b->plain = !g->draws || !wants_utf8();
	get_bar_line(&line, b);
	if (g->draws)
		fprintf(c->err, "\r%s\033[K", buf_text(&line));
	else
		cmd_say(c, "%s", buf_text(&line));
	fflush(c->err);
	g->drawn = g->draws;
	buf_done(&line);
}

static void end_line(struct get *g)
{
	if (g->drawn)
		fprintf(g->c->err, "\r\033[K");
	g->drawn = false;
}

static const char *text_of(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));
	return s ? s : "";
}

/* Large numbers may be texts. */
static uint64_t number_of(const json_t *j, const char *name)
{
	const json_t *v = json_object_get(j, name);
	return json_is_string(v) ? strtoull(json_string_value(v), NULL, 10) : (uint64_t)json_integer_value(v);
}

static void show_download(struct get *g, const json_t *d)
{
	const json_t *p = json_object_get(d, "progress"), *eta = json_object_get(p, "etaSeconds");
	const char *state = text_of(d, "state"), *reason = text_of(d, "reason");
	struct get_bar b = { .doing = state,
		.why = !strcmp(state, "queued") && *reason ? reason : NULL,
		.done = number_of(p, "bytesDone"),
		.total = number_of(p, "bytesTotal"),
		.rate = number_of(p, "rateBps") / 8,
		.left_s = json_is_integer(eta) ? json_integer_value(eta) : -1 };
	show(g, &b);
}

static enum cli_exit look(struct get *g, const char *id, json_t **ret)
{
	struct api_answer a = { 0 };
	struct buf path = { 0 };

	buf_str(&path, "/v1/downloads/");
	request_escape(&path, id);
	enum cli_exit code = api_ask(g->c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	if (code == CLI_OK)
		*ret = take(a.json);
	api_answer_done(&a);
	buf_done(&path);
	return code;
}

static bool is_over(const json_t *d)
{
	static const char *const ends[] = { "ready", "failed", "canceled", "expired", "deleted" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcmp(text_of(d, "state"), ends[i]))
			return true;
	return false;
}

static enum cli_exit await(struct get *g, const char *id, json_t **ret)
{
	unsigned losses = 0;

	for (;;) {
		json_t *d = NULL;
		enum cli_exit code = look(g, id, &d);
		if (code != CLI_OK && !((code == CLI_AWAY || code == CLI_LIMITED) && ++losses < LOSSES_MAX))
			return code;
		if (code == CLI_OK) {
			losses = 0;
			show_download(g, d);
			if (is_over(d)) {
				*ret = d;
				return CLI_OK;
			}
			json_decref(d);
		}
		clock_sleep_ms(LOOK_MS);
	}
}

static enum cli_exit say_end(struct get *g, const json_t *d)
{
	const json_t *e = json_object_get(d, "error");
	const char *code = text_of(e, "code"), *detail = text_of(e, "detail");

	if (!strcmp(text_of(d, "state"), "ready"))
		return CLI_OK;
	cmd_say(g->c, "download %s is %s%s%s%s%s", text_of(d, "id"), text_of(d, "state"), *code ? ": " : "", code,
		*detail ? ": " : "", detail);
	if (!strcmp(code, "not_found"))
		return CLI_MISSING;
	return !strcmp(code, "access_denied") || !strcmp(code, "no_license") || !strcmp(code, "private") ||
			       !strcmp(code, "login_required")
		       ? CLI_DENIED
		       : CLI_FAILED;
}

static void put_list(struct buf *to, const char *name, const json_t *given)
{
	size_t n = json_array_size(given);

	if (!n)
		return;
	buf_fmt(to, "%s\"%s\":[", to->p[to->n - 1] == '{' ? "" : ",", name);
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_u8(to, ',');
		json_put_str(to, json_string_value(json_array_get(given, i)));
	}
	buf_u8(to, ']');
}

static bool is_text(const struct buf *b)
{
	for (size_t at = 0, n; at < b->n; at += n)
		if ((n = utf8_len(b->p + at, b->n - at)) == 0)
			return false;
	return true;
}

static enum cli_exit put_password(struct cmd *c, struct buf *to)
{
	struct buf password = { 0 };
	bool given = false;
	enum cli_exit code = secret_option(c, SECRET_BRANCH_FILE, SECRET_BRANCH_FD, &password, &given);

	if (code == CLI_OK && given && !is_text(&password))
		code = cmd_usage(c, "the secret is not UTF-8");
	if (code == CLI_OK && given) {
		buf_str(to, ",\"branchPassword\":");
		json_put_strn(to, (const char *)password.p, password.n);
	}
	hush_wipe(password.p, password.room);
	buf_done(&password);
	return code;
}

static enum cli_exit put_body(struct cmd *c, struct buf *to)
{
	const struct get_what_more more = { .os = cmd_text(c, "os"),
		.arch = cmd_text(c, "arch"),
		.lang = cmd_text(c, "lang"),
		.all_dlc = cmd_has(c, "all-dlc") };
	const char *account = cmd_text(c, "account");
	struct fault f = { 0 };

	buf_str(to, "{\"source\":");
	enum rc rc = get_what_source(c->arg[0], &more, to, &f);
	if (rc != RC_OK)
		return cmd_usage(c, "%s", *f.text ? f.text : rc_title(rc));
	buf_str(to, ",\"filter\":{");
	put_list(to, "include", json_object_get(c->given, "include"));
	put_list(to, "exclude", json_object_get(c->given, "exclude"));
	buf_str(to, "},\"account\":{\"mode\":");
	json_put_str(to, account ? "id" : "auto");
	if (account) {
		buf_str(to, ",\"id\":");
		json_put_str(to, account);
	}
	buf_str(to, "},\"package\":{\"format\":\"none\"}");
	enum cli_exit code = put_password(c, to);
	buf_u8(to, '}');
	return code == CLI_OK && to->bad ? CLI_FAILED : code;
}

static enum cli_exit submit(struct get *g, const char **ret_id)
{
	struct buf body = { .wipes = true };
	struct api_answer a = { 0 };
	char key[64];

	api_new_key(key, sizeof(key));
	enum cli_exit code = put_body(g->c, &body);
	const struct api_request r = {
		.method = "POST", .path = "/v1/downloads", .body = buf_text(&body), .key = key
	};
	if (code == CLI_OK)
		code = api_ask(g->c, &r, &a);
	if (code == CLI_OK) {
		*ret_id = arena_str(&g->c->arena, text_of(a.json, "id"));
		code = *ret_id ? CLI_OK : CLI_FAILED;
	}
	api_answer_done(&a);
	buf_done(&body);
	return code;
}

static void on_file_bytes(void *ctx, uint64_t done, uint64_t total)
{
	struct get *g = ctx;
	uint64_t ms = clock_mono_ms() - g->began_ms;

	if (g->draws && clock_mono_ms() < g->said_ms + LOOK_MS / 4)
		return;
	uint64_t rate = ms ? done * 1000 / ms : 0;
	struct get_bar b = { .doing = "bringing",
		.done = done,
		.total = total,
		.rate = rate,
		.left_s = rate && total > done ? (int64_t)((total - done) / rate) : -1 };
	show(g, &b);
}

static enum cli_exit bring(struct get *g, const char *artifact_id)
{
	struct cmd *c = g->c;
	const char *folder = cmd_text(c, "directory");
	struct get_files files = { .c = c,
		.artifact_id = artifact_id,
		.folder = folder ? folder : ".",
		.on_bytes = on_file_bytes,
		.ctx = g };
	struct api_answer a = { 0 };
	struct buf path = { 0 };

	g->began_ms = clock_mono_ms();
	buf_str(&path, "/v1/artifacts/");
	request_escape(&path, artifact_id);
	buf_str(&path, "/manifest");
	enum cli_exit code = api_ask(c, &(struct api_request){ .method = "GET", .path = buf_text(&path) }, &a);
	if (code == CLI_OK)
		code = get_files_bring(&files, &a.body);
	end_line(g);
	if (code == CLI_OK && !c->quiet) {
		struct buf line = { 0 };
		get_bar_bytes(&line, files.bytes);
		cmd_say(c, "%llu files, %s in %s; %llu were there", (unsigned long long)files.files,
			buf_text(&line), files.folder, (unsigned long long)files.kept);
		buf_done(&line);
	}
	api_answer_done(&a);
	buf_done(&path);
	return code;
}

static enum cli_exit get_it(struct get *g)
{
	const char *id = NULL;
	json_t *d = NULL;
	enum cli_exit code = submit(g, &id);

	if (code == CLI_OK)
		code = await(g, id, &d);
	end_line(g);
	if (code == CLI_OK)
		code = say_end(g, d);
	if (code == CLI_OK)
		code = bring(g, text_of(d, "artifactId"));
	json_decref(d);
	return code;
}

enum cli_exit get_run(struct cmd *c)
{
	struct get g = { .c = c, .draws = isatty(fileno(c->err)) };
	struct get_local local = { 0 };
	enum cli_exit code = cmd_has(c, "local") ? get_local_start(c, &local) : CLI_OK;

	if (code == CLI_OK)
		code = get_it(&g);
	get_local_stop(&local);
	return code;
}

const struct verb_option get_options[] = {
	{ .row = { .name = "directory",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "The folder to put the files in. Default: here." },
		.letter = 'C',
		.value = "DIR" },
	{ .row = { .name = "local", .type = FIELD_BOOL, .doc = "By this program itself, without a server." } },
	SECRET_BRANCH_OPTIONS,
	{ .row = { .name = "os",
		  .type = FIELD_STR,
		  .min = 1,
		  .max = 16,
		  .doc = "For windows, macos or linux. Default: as the server." },
		.value = "OS" },
	{ .row = { .name = "arch", .type = FIELD_STR, .min = 1, .max = 8, .doc = "For machines of 32 or 64 bits." },
		.value = "BITS" },
	{ .row = { .name = "lang", .type = FIELD_STR, .min = 1, .max = 32, .doc = "In this language." },
		.value = "LANGUAGE" },
	{ .row = { .name = "all-dlc", .type = FIELD_BOOL, .doc = "What can be bought beside it, too." } },
	{ .row = { .name = "include",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .max = 100,
		  .doc = "Only files that match the glob, or re:EXPRESSION; again for more." },
		.value = "GLOB" },
	{ .row = { .name = "exclude",
		  .type = FIELD_LIST,
		  .item = FIELD_STR,
		  .max = 100,
		  .doc = "No files that match it; again for more." },
		.value = "GLOB" },
	{ .row = { .name = "account",
		  .type = FIELD_STR,
		  .min = 1,
		  .doc = "By this account. Default: anonymously, else by one that may." },
		.value = "ACCOUNT" },
	{ 0 },
};
