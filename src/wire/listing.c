#include "wire/listing.h"
#include "base/utf8.h"
#include "wire/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "{\"files\":["
#define LAST_LINE  "]}"

bool listing_is_sha256(const char *s) { return s && strspn(s, "0123456789abcdef") == 64 && s[64] == 0; }

/* ---- what may stand in it ---- */

static bool is_drive(const char *s, size_t n)
{
	return n >= 2 && s[1] == ':' && ((s[0] >= 'A' && s[0] <= 'Z') || (s[0] >= 'a' && s[0] <= 'z'));
}

static const char *wrong_with(const char *s, size_t n, bool first)
{
	if (n == 0)
		return "has an empty part";
	if (n > 255)
		return "has a part of more than 255 bytes";
	if (!strncmp(s, ".", n) || (n == 2 && !strncmp(s, "..", 2)))
		return "has a part . or ..";
	if (first && is_drive(s, n))
		return "names a drive";
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 127 || s[i] == '\\')
			return "has a control character or a backslash";
	return NULL;
}

/* NULL: nothing is. */
static const char *walk(const char *path)
{
	const char *why = NULL;
	bool first = true;

	size_t len = strlen(path);
	if (len > LISTING_PATH_MAX)
		return "is too long";
	for (size_t i = 0, k = 0; i < len; i += k) {
		k = utf8_len((const uint8_t *)path + i, len - i);
		if (k == 0)
			return "is not UTF-8";
	}
	for (const char *s = path; !why; s++, first = false) {
		size_t n = strcspn(s, "/");
		why = wrong_with(s, n, first);
		s += n;
		if (!*s)
			break;
	}
	return why;
}

enum rc listing_check_path(const char *path, struct fault *f)
{
	const char *why = walk(path);
	return why ? fault_set(f, RC_INVALID, "the path \"%.100s\" %s", path, why) : RC_OK;
}

/* Upwards only at its beginning, and not above the tree: nothing before it is a link, so that is what the file system does. */
enum rc listing_check_link(const char *path, const char *target, struct fault *f)
{
	size_t depth = 0;
	const char *at = target;

	for (const char *s = path; *s; s++)
		depth += *s == '/';
	while (!strncmp(at, "../", 3) && depth > 0) {
		depth--;
		at += 3;
	}
	if (!strcmp(at, "..") && depth > 0)
		return RC_OK;
	const char *why = walk(at);
	return why ? fault_set(f, RC_INVALID, "the link \"%.100s\" leads to \"%.60s\", which %s", path, target, why)
		   : RC_OK;
}

/* ---- writing ---- */

void listing_begin(struct buf *to) { buf_str(to, FIRST_LINE "\n"); }

void listing_put(struct buf *to, const struct listing_file *file, bool first)
{
	buf_str(to, first ? "{" : ",\n{");
	if (file->link) {
		buf_str(to, "\"link\":");
		json_put_str(to, file->link);
		buf_str(to, ",");
	}
	buf_fmt(to, "\"mode\":\"%04o\",\"path\":", file->mode);
	json_put_str(to, file->path);
	if (!file->link)
		buf_fmt(to, ",\"sha256\":\"%s\",\"size\":%llu", file->sha256, (unsigned long long)file->size);
	buf_str(to, "}");
}

void listing_end(struct buf *to) { buf_str(to, "\n" LAST_LINE "\n"); }

/* ---- reading ---- */

static const char *text_of(const json_t *j, const char *name, struct arena *a)
{
	const json_t *v = json_object_get(j, name);
	return json_is_string(v) ? arena_strn(a, json_string_value(v), json_string_length(v)) : NULL;
}

static bool decode(const json_t *j, struct arena *a, struct listing_file *ret)
{
	const char *mode = text_of(j, "mode", a);
	const json_t *size = json_object_get(j, "size");

	*ret = (struct listing_file){
		.path = text_of(j, "path", a), .link = text_of(j, "link", a), .sha256 = text_of(j, "sha256", a)
	};
	if (!mode || strlen(mode) != 4 || strspn(mode, "01234567") != 4 || !ret->path)
		return false;
	ret->mode = (uint32_t)strtoul(mode, NULL, 8);
	if (json_is_integer(size) && json_integer_value(size) >= 0)
		ret->size = (uint64_t)json_integer_value(size);
	if (ret->link)
		return ret->mode == 0777;
	return listing_is_sha256(ret->sha256) && (ret->mode == 0644 || ret->mode == 0755) && size;
}

/* Is it what we would have written? Then equal contents have equal texts. */
static bool is_canonical(const struct listing_file *file, const char *line, size_t n)
{
	struct buf b = { 0 };

	listing_put(&b, file, true);
	bool same = !b.bad && b.n == n && !memcmp(b.p, line, n);
	buf_done(&b);
	return same;
}

static bool runs_through_link(const struct listing_reader *r, const char *path)
{
	char above[LISTING_PATH_MAX + 1];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t low = 0, high = r->links_n;
		snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
		while (low < high) {
			size_t mid = (low + high) / 2;
			int order = strcmp(r->links[mid], above);
			if (order == 0)
				return true;
			if (order < 0)
				low = mid + 1;
			else
				high = mid;
		}
	}
	return false;
}

static enum rc keep_link(struct listing_reader *r, const char *path, struct fault *f)
{
	if (!r->links)
		r->links = arena_take(r->arena, LISTING_LINKS_MAX * sizeof(*r->links));
	if (!r->links)
		return RC_NOMEM;
	if (r->links_n == LISTING_LINKS_MAX)
		return fault_set(f, RC_TOO_LARGE, "a content has at most %d links", LISTING_LINKS_MAX);
	r->links[r->links_n] = arena_str(r->arena, path);
	return r->links[r->links_n++] ? RC_OK : RC_NOMEM;
}

static enum rc check(struct listing_reader *r, const struct listing_file *file, struct fault *f)
{
	enum rc rc = listing_check_path(file->path, f);
	if (rc == RC_OK && file->link)
		rc = listing_check_link(file->path, file->link, f);
	if (rc == RC_OK && strcmp(file->path, r->last) <= 0)
		rc = fault_set(f, RC_MALFORMED, "the listing's paths are not sorted");
	if (rc == RC_OK && runs_through_link(r, file->path))
		rc = fault_set(f, RC_INVALID, "the path \"%.100s\" runs through a link", file->path);
	if (rc == RC_OK && ++r->files > LISTING_FILES_MAX)
		rc = fault_set(f, RC_TOO_LARGE, "a content has at most %d files", LISTING_FILES_MAX);
	if (rc == RC_OK && file->size > INT64_MAX - r->bytes)
		rc = fault_set(f, RC_MALFORMED, "the listing's sizes are absurd");
	if (rc == RC_OK && file->link)
		rc = keep_link(r, file->path, f);
	if (rc != RC_OK)
		return rc;
	r->bytes += file->size;
	snprintf(r->last, sizeof(r->last), "%s", file->path);
	return RC_OK;
}

static bool is(const char *line, size_t n, const char *text) { return n == strlen(text) && !memcmp(line, text, n); }

enum rc listing_line(struct listing_reader *r, const char *line, size_t n, struct arena *a,
	struct listing_file *ret, struct fault *f)
{
	auto_json struct json_t *j = NULL;
	bool comma = n > 0 && line[n - 1] == ',';

	if (!r->begun) {
		r->begun = r->comma = is(line, n, FIRST_LINE);
		return r->begun ? RC_MORE : fault_set(f, RC_MALFORMED, "this is no listing");
	}
	if (!r->over && !r->comma && is(line, n, LAST_LINE)) {
		r->over = true;
		return RC_MORE;
	}
	if (r->over || !r->comma || n > LISTING_LINE_MAX)
		return fault_set(f, RC_MALFORMED, "the listing has a line that is none of its");
	n -= comma;
	enum rc rc = json_read(line, n, &j, f);
	if (rc == RC_OK && (!decode(j, a, ret) || !is_canonical(ret, line, n)))
		rc = fault_set(f, RC_MALFORMED, "the listing has a line that is not written as it must be");
	r->comma = comma;
	return rc == RC_OK ? check(r, ret, f) : rc;
}
