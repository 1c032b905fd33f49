#include "control/downloads/download_request.h"
#include "base/buf.h"
#include "control/access/decide.h"
#include "control/http/route.h"
#include "wire/field_json.h"

#include <openssl/evp.h>
#include <stdio.h>

static const char *const package_words[] = { "none", "zip", "tar", "tar.zst", NULL };
static const char *const on_quota_words[] = { "queue", "reject", NULL };

#define DIGITS "0123456789"
#define WORDS  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
#define TEXT(type_, name_, member, max_, chars_, doc_)                                                          \
	{                                                                                                       \
		.name = (name_), .type = FIELD_STR, FIELD_AT(struct type_, member),                             \
		.flags = FIELD_NULLABLE | FIELD_OMIT, .min = 1, .max = (max_), .chars = (chars_), .doc = (doc_) \
	}

static const struct field depot_fields[] = {
	{ .name = "id",
		.type = FIELD_U32,
		FIELD_AT(struct action_download_depot, id),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = UINT32_MAX,
		.doc = "The depot." },
	TEXT(action_download_depot, "manifest", manifest, 20, DIGITS, "Its manifest; absent: the branch's."),
	{ 0 },
};

static const struct field source_fields[] = {
	{ .name = "kind",
		.type = FIELD_STR,
		FIELD_AT(struct action_download_source, kind),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 32,
		.chars = WORDS,
		.doc = "workshop_item, workshop_collection, depot, app, epic or gog." },
	{ .name = "appId",
		.type = FIELD_U32,
		FIELD_AT(struct action_download_source, app_id),
		.flags = FIELD_OMIT | FIELD_NULLABLE,
		.doc = "The app; of depot and app, and of a Workshop item if it is known." },
	TEXT(action_download_source, "id", id, 20, DIGITS,
		"Of a Workshop item or collection: its published file id."),
	{ .name = "depots",
		.type = FIELD_LIST,
		FIELD_AT(struct action_download_source, depots),
		.flags = FIELD_OMIT,
		.item = FIELD_OBJ,
		.sub = depot_fields,
		.sub_size = sizeof(struct action_download_depot),
		.max = ACTION_DOWNLOAD_DEPOTS_MAX,
		.doc = "Of depot: which, each with a manifest if it is not to be the branch's." },
	TEXT(action_download_source, "branch", branch, 64, NULL, "The branch; absent: public."),
	TEXT(action_download_source, "os", os, 16, WORDS, "windows, linux or macos; absent: linux."),
	TEXT(action_download_source, "arch", arch, 16, WORDS, "32 or 64; absent: 64."),
	TEXT(action_download_source, "lang", lang, 32, WORDS, "The language; absent: english."),
	{ .name = "allDlc",
		.type = FIELD_BOOL,
		FIELD_AT(struct action_download_source, all_dlc),
		.flags = FIELD_OMIT,
		.doc = "Of app and gog: with all DLC that the account has." },
	{ .name = "includeDependencies",
		.type = FIELD_BOOL,
		FIELD_AT(struct action_download_source, include_dependencies),
		.flags = FIELD_OMIT,
		.doc = "Of Workshop items: with those that they need." },
	{ .name = "maxItems",
		.type = FIELD_U32,
		FIELD_AT(struct action_download_source, max_items),
		.flags = FIELD_OMIT | FIELD_NULLABLE,
		.max = ACTION_DOWNLOAD_ITEMS_MAX,
		.doc = "Of a collection: at most so many items." },
	TEXT(action_download_source, "appName", app_name, 256, WORDS, "Of epic: its name of the app."),
	TEXT(action_download_source, "platform", platform, 32, WORDS, "Of epic: Windows or Mac."),
	TEXT(action_download_source, "productId", product_id, 20, DIGITS, "Of gog: its id of the product."),
	TEXT(action_download_source, "kindOf", kind_of, 16, WORDS, "Of gog: installer or content."),
	{ 0 },
};

#define GLOBS(name_, member, max_, doc_)                                                              \
	{                                                                                             \
		.name = (name_), .type = FIELD_LIST, FIELD_AT(struct action_download_filter, member), \
		.flags = FIELD_OMIT, .item = FIELD_STR, .max = (max_), .doc = (doc_)                  \
	}
static const struct field filter_fields[] = {
	GLOBS("include", include, ACTION_DOWNLOAD_FILTERS_MAX,
		"Files that are taken: globs, or re: and a regular expression. None: all."),
	GLOBS("exclude", exclude, ACTION_DOWNLOAD_FILTERS_MAX, "Files that are left out, whatever include says."),
	GLOBS("fileList", file_list, ACTION_DOWNLOAD_FILES_MAX, "Files by their paths. None: all."),
	{ 0 },
};

static const struct field account_fields[] = {
	{ .name = "mode",
		.type = FIELD_ENUM,
		FIELD_AT(struct download_request, account.mode),
		.words = download_account_words,
		.def = DOWNLOAD_BY_AUTO,
		.doc = "Whose session: anonymous; auto (anonymous, and when that is not enough, an account of the "
		       "tenant that has a licence); or id." },
	TEXT(download_request, "id", account.id, 63, NULL, "With mode id: the account."),
	{ .name = "labels",
		.type = FIELD_MAP,
		FIELD_AT(struct download_request, account_labels),
		.flags = FIELD_OMIT,
		.doc = "With mode auto: only accounts that have all these labels." },
	{ 0 },
};

static const struct field base_fields[] = {
	TEXT(download_request, "artifactId", base_artifact, 63, NULL,
		"An artifact of an earlier build: what both have need not be fetched."),
	{ 0 },
};

static const struct field package_fields[] = {
	{ .name = "format",
		.type = FIELD_ENUM,
		FIELD_AT(struct download_request, package),
		.words = package_words,
		.doc = "The archive that is made of it: none, zip, tar or tar.zst. The same content gives the same "
		       "bytes." },
	{ .name = "level",
		.type = FIELD_U32,
		FIELD_AT(struct download_request, level),
		.max = 22,
		.def = 1,
		.doc = "How hard it is packed; 0: not at all." },
	{ 0 },
};

#define LIMIT(name_, type_, member, max_, doc_)                                                     \
	{                                                                                           \
		.name = (name_), .type = (type_), FIELD_AT(struct download_request, limits.member), \
		.flags = FIELD_NULLABLE, .max = (max_), .doc = (doc_)                               \
	}
static const struct field limits_fields[] = {
	LIMIT("bandwidthBps", FIELD_I64, bandwidth_bps, 1000000000000, "Bits a second at most; 0: no limit."),
	LIMIT("concurrency", FIELD_U32, concurrency, 64, "Requests to the content servers at once; 0: 8."),
	LIMIT("maxRuntimeSeconds", FIELD_U32, runtime_s, 2592000, "It fails when it runs longer; 0: no limit."),
	LIMIT("stallSeconds", FIELD_U32, stall_s, 86400, "It fails after so long without a good byte; 0: 600."),
	LIMIT("maxBytes", FIELD_I64, max_bytes, 1000000000000000, "It fails when it has more; 0: no limit."),
	{ 0 },
};

static const struct field callback_fields[] = {
	TEXT(download_request, "webhookId", webhook_id, 63, NULL,
		"A webhook of the tenant: told of the end (ready, failed, canceled), whatever types it asks for."),
	{ 0 },
};

#define GROUP(name_, rows, doc_)                                                 \
	{                                                                        \
		.name = (name_), .type = FIELD_OBJ, .sub = (rows), .doc = (doc_) \
	}
#define COMMON                                                                                                   \
	{ .name = "filter",                                                                                      \
		.type = FIELD_OBJ,                                                                               \
		FIELD_AT(struct download_request, filter),                                                       \
		.sub = filter_fields,                                                                            \
		.doc = "Which files of it." },                                                                   \
		GROUP("account", account_fields, "Whose session it uses."),                                      \
		GROUP("base", base_fields, "What is there already."),                                            \
		GROUP("package", package_fields, "The archive that is made of it."),                             \
		GROUP("limits", limits_fields, "How fast, how long and how much."),                              \
		GROUP("callback", callback_fields, "Who is told of its end."),                                   \
		{ .name = "priority",                                                                            \
			.type = FIELD_U32,                                                                       \
			FIELD_AT(struct download_request, priority),                                             \
			.max = DOWNLOAD_PRIORITY_MAX,                                                            \
			.def = 5,                                                                                \
			.doc = "9 goes first; one that waits rises by one a minute." },                          \
		{ .name = "retainSeconds",                                                                       \
			.type = FIELD_U32,                                                                       \
			FIELD_AT(struct download_request, retain_s),                                             \
			.min = 60,                                                                               \
			.max = DOWNLOAD_REQUEST_RETAIN_MAX,                                                      \
			.def = 604800,                                                                           \
			.doc = "How long it is to be had after it was fetched." },                               \
		{ .name = "onQuota",                                                                             \
			.type = FIELD_ENUM,                                                                      \
			FIELD_AT(struct download_request, on_quota),                                             \
			.words = on_quota_words,                                                                 \
			.doc = "When the bytes of a day or a month are used up: queue until there are some, or " \
			       "reject." },                                                                      \
	{                                                                                                        \
		.name = "labels", .type = FIELD_MAP, FIELD_AT(struct download_request, labels),                  \
		.doc = "Names and values of your own."                                                           \
	}
#define PASSWORD                                                                                                 \
	{                                                                                                        \
		.name = "branchPassword", .type = FIELD_STR, FIELD_AT(struct download_request, branch_password), \
		.flags = FIELD_SECRET | FIELD_NULLABLE | FIELD_OMIT, .min = 1, .max = 256,                       \
		.doc = "Opens a private branch. It is kept sealed until the download is over, and never shown."  \
	}

const struct field download_request_fields[] = {
	{ .name = "source",
		.type = FIELD_OBJ,
		FIELD_AT(struct download_request, source),
		.sub = source_fields,
		.flags = FIELD_REQUIRED,
		.doc = "What is fetched." },
	PASSWORD,
	COMMON,
	{ 0 },
};

const struct field download_request_batch_fields[] = {
	{ .name = "sources",
		.type = FIELD_LIST,
		FIELD_AT(struct download_request, sources),
		.item = FIELD_OBJ,
		.sub = source_fields,
		.sub_size = sizeof(struct action_download_source),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = DOWNLOAD_REQUEST_BATCH_MAX,
		.doc = "What is fetched: a download of each." },
	COMMON,
	{ 0 },
};

/* What a source of each kind needs, and what it may have besides; members by their names. */
static const struct {
	const char *kind, *needs, *may;
} kinds[] = {
	{ "workshop_item", "id", "appId includeDependencies" },
	{ "workshop_collection", "id", "appId maxItems includeDependencies" },
	{ "depot", "appId depots", "branch os arch lang" },
	{ "app", "appId", "depots branch os arch lang allDlc" },
	{ "epic", "appName", "platform" },
	{ "gog", "productId", "os kindOf lang allDlc" },
};

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (!p[n] || p[n] == ' '))
			return true;
	return false;
}

static bool is_given(const struct action_download_source *s, const struct field *row)
{
	const char *at = (const char *)s + row->at;

	switch (row->type) {
	case FIELD_STR:
		return *(const char *const *)(const void *)at != NULL;
	case FIELD_U32:
		return *(const uint32_t *)(const void *)at != 0;
	case FIELD_BOOL:
		return *(const bool *)(const void *)at;
	case FIELD_LIST:
		return ((const struct field_list *)(const void *)at)->n > 0;
	case FIELD_END:
	case FIELD_I64:
	case FIELD_ID64:
	case FIELD_TIME:
	case FIELD_JSON:
	case FIELD_ENUM:
	case FIELD_OBJ:
	case FIELD_MAP:
		break;
	}
	return false;
}

static enum rc problem(struct call *c, const char *at, const char *name, const char *code, const char *detail)
{
	const char *pointer = arena_fmt(c->tx.arena, "%s/%s", at, name);
	return field_json_problem(c->reader, pointer ? pointer : at, code, detail);
}

static enum rc check_kind(struct call *c, const struct action_download_source *s, const char *at)
{
	enum rc rc = RC_OK;
	size_t k = 0;

	while (k < sizeof(kinds) / sizeof(*kinds) && strcmp(kinds[k].kind, s->kind) != 0)
		k++;
	if (k == sizeof(kinds) / sizeof(*kinds))
		return problem(c, at, "kind", "not_one_of",
			"must be workshop_item, workshop_collection, depot, app, epic or gog");
	for (const struct field *row = source_fields + 1; row->type != FIELD_END; row++) {
		bool given = is_given(s, row), needs = has_word(kinds[k].needs, row->name);
		if (needs && !given)
			rc = problem(c, at, row->name, "required",
				arena_fmt(c->tx.arena, "a source of the kind %s needs it", s->kind));
		else if (given && !needs && !has_word(kinds[k].may, row->name))
			rc = problem(c, at, row->name, "out_of_range",
				arena_fmt(c->tx.arena, "a source of the kind %s has no such thing", s->kind));
	}
	return rc;
}

static bool is_one_of(const char *s, const char *list) { return !s || has_word(list, s); }

static enum rc check_words(struct call *c, const struct action_download_source *s, const char *at)
{
	enum rc rc = RC_OK;

	if (!is_one_of(s->os, "windows linux macos"))
		rc = problem(c, at, "os", "not_one_of", "must be windows, linux or macos");
	if (!is_one_of(s->arch, "32 64"))
		rc = problem(c, at, "arch", "not_one_of", "must be 32 or 64");
	if (!is_one_of(s->platform, "Windows Mac"))
		rc = problem(c, at, "platform", "not_one_of", "must be Windows or Mac");
	if (!is_one_of(s->kind_of, "installer content"))
		rc = problem(c, at, "kindOf", "not_one_of", "must be installer or content");
	return rc;
}

/* Paths that leave the content's folder match nothing, and whoever names one is mistaken. */
static bool is_path(const char *p)
{
	if (*p == '/' || *p == '\\' || strlen(p) > 1024)
		return false;
	for (const char *part = p; part;) {
		size_t n = strcspn(part, "/\\");
		if (n == 2 && part[0] == '.' && part[1] == '.')
			return false;
		part = part[n] ? part + n + 1 : NULL;
	}
	return *p != 0 && !(p[1] == ':' && (p[0] | 32) >= 'a' && (p[0] | 32) <= 'z');
}

static enum rc check_paths(struct call *c, const struct field_list *l, const char *name)
{
	const char *const *all = l->at;

	for (size_t i = 0; i < l->n; i++)
		if (strncmp(all[i], "re:", 3) != 0 && !is_path(all[i]))
			return problem(c, "/filter", arena_fmt(c->tx.arena, "%s/%zu", name, i), "malformed",
				"must be a path or glob inside of the content: not absolute, without ..");
	return RC_OK;
}

static enum rc check_account(struct call *c, const struct download_request *in)
{
	const struct decide_use use = { .account_id = in->account.id, .action = "download.run" };

	if (in->account.mode != DOWNLOAD_BY_ID)
		return in->account.id ? field_json_problem(c->reader, "/account/id", "out_of_range",
						"goes with the mode id alone")
				      : RC_OK;
	if (!in->account.id)
		return field_json_problem(c->reader, "/account/id", "required", "say which account");
	enum rc rc = decide_use(&c->tx, c->who, SCOPE_DOWNLOADS_WRITE, &use);
	return rc == RC_MISSING
		       ? field_json_problem(c->reader, "/account/id", "not_one_of", "there is no such account")
		       : rc;
}

static enum rc check_callback(struct call *c, const struct download_request *in)
{
	enum rc rc = in->webhook_id ? decide_object(c, OBJECT_WEBHOOK, in->webhook_id) : RC_OK;

	return rc == RC_MISSING ? field_json_problem(c->reader, "/callback/webhookId", "not_one_of",
					  "there is no such webhook")
				: rc;
}

enum rc download_request_check(
	struct call *c, const struct download_request *in, const struct action_download_source *s, const char *at)
{
	enum rc rc = check_kind(c, s, at), words = check_words(c, s, at);

	if (rc == RC_OK)
		rc = words;
	if (rc == RC_OK)
		rc = check_paths(c, &in->filter.include, "include");
	if (rc == RC_OK)
		rc = check_paths(c, &in->filter.exclude, "exclude");
	if (rc == RC_OK)
		rc = check_paths(c, &in->filter.file_list, "fileList");
	if (rc == RC_OK && in->branch_password && !s->branch)
		rc = field_json_problem(
			c->reader, "/branchPassword", "out_of_range", "goes with a branch of its own alone");
	if (rc == RC_OK)
		rc = check_callback(c, in);
	return rc == RC_OK ? check_account(c, in) : rc;
}

static const char *text_of(struct tx *tx, const struct field *t, const void *from)
{
	struct buf b = { 0 };

	field_json_encode(t, from, &b);
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

enum rc download_request_put(struct tx *tx, const struct download_request *in,
	const struct action_download_source *s, const char **ret_request, const char **ret_source)
{
	struct download_request one = *in;

	one.source = *s;
	one.branch_password = in->branch_password ? "(set)" : NULL;
	*ret_request = text_of(tx, download_request_fields, &one);
	*ret_source = text_of(tx, source_fields, s);
	return *ret_request && *ret_source ? RC_OK : RC_NOMEM;
}

enum rc download_request_read(struct tx *tx, const char *request, struct download_request *ret)
{
	struct field_reader r = { .arena = tx->arena, .lenient = true };
	auto_json struct json_t *j = NULL;
	enum rc rc = json_read(request, strlen(request), &j, tx->fault);

	return rc == RC_OK ? field_json_decode(download_request_fields, j, &r, ret, tx->fault) : rc;
}

enum rc download_request_parse(
	struct tx *tx, struct field_reader *r, const char *request, struct download_request *ret, struct fault *f)
{
	struct field_reader own = { .arena = tx->arena };
	auto_json struct json_t *j = NULL;
	enum rc rc = json_read(request, strlen(request), &j, tx->fault);

	return rc == RC_OK ? field_json_decode(download_request_fields, j, r ? r : &own, ret, f) : rc;
}

const char *download_request_package(const struct download_request *in) { return package_words[in->package]; }

const char *download_request_key(
	struct tx *tx, const struct download_request *in, const struct action_download_source *s, const char *alone)
{
	struct action_download d = { .source = *s,
		.filter = in->filter,
		.package = { .format = package_words[in->package], .level = in->level } };
	struct buf text = { 0 };
	uint8_t sum[32];
	char *hex = arena_take(tx->arena, sizeof(sum) * 2 + 1);

	download_key(&d, &in->account, alone, &text);
	bool ok = hex && !text.bad && EVP_Digest(text.p, text.n, sum, NULL, EVP_sha256(), NULL) == 1;
	for (size_t i = 0; ok && i < sizeof(sum); i++)
		snprintf(hex + i * 2, 3, "%02x", sum[i]);
	buf_done(&text);
	return ok ? hex : NULL;
}
