/* The lines of a world file that make depots. */
#include "sim/cdn/cdn.h"

#include "io/file.h"
#include "sim/cdn/cdn_store.h"
#include "wire/tunnel_auth.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_  4096
#define BYTES_READ (64u << 20)

static bool number(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = (unsigned)(*s - '0');
		if (d > 9 || v > (max - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return true;
}

static bool number32(const char *s, uint32_t *ret)
{
	uint64_t v;
	if (!number(s, UINT32_MAX, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool packages(char *s, struct cdn_line *to)
{
	char *rest = NULL;
	for (char *one = strtok_r(s, ",", &rest); one; one = strtok_r(NULL, ",", &rest))
		if (to->packages_n == CDN_PACKAGES_MAX || !number32(one, &to->packages[to->packages_n++]))
			return false;
	return to->packages_n > 0;
}

static bool kind(const char *s, enum chunk_kind *ret)
{
	static const char *const names[] = { [CHUNK_LZMA] = "vz", [CHUNK_ZSTD] = "vsz", [CHUNK_ZIP] = "zip" };
	for (enum chunk_kind k = CHUNK_LZMA; k <= CHUNK_ZIP; k++)
		if (!strcmp(s, names[k])) {
			*ret = k;
			return true;
		}
	return false;
}

/* One NAME=VALUE, or a word alone. */
static bool take_word(char *word, struct cdn_line *to)
{
	char *value = strchr(word, '=');

	if (!value) {
		to->clear |= !strcmp(word, "clear");
		to->token |= !strcmp(word, "token");
		return !strcmp(word, "clear") || !strcmp(word, "token");
	}
	*value++ = 0;
	const struct {
		const char *name, **to;
	} texts[] = { { "key", &to->key }, { "dir", &to->dir }, { "generate", &to->generate },
		{ "large", &to->large }, { "branch", &to->branch }, { "file", &to->file } };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(word, texts[i].name)) {
			*texts[i].to = value;
			return *value != 0;
		}
	if (!strcmp(word, "app"))
		return number32(value, &to->app);
	if (!strcmp(word, "time"))
		return number32(value, &to->time);
	if (!strcmp(word, "manifest"))
		return number(value, UINT64_MAX, &to->gid) && to->gid != 0;
	if (!strcmp(word, "package"))
		return packages(value, to);
	return !strcmp(word, "kind") && kind(value, &to->kind);
}

static bool key_of(const struct cdn_line *how, uint8_t *ret)
{
	char said[32];

	if (how->key && strcmp(how->key, "auto") != 0)
		return tunnel_auth_of_hex(how->key, ret, CDN_KEY);
	int n = snprintf(said, sizeof(said), "depot key %u", how->id);
	SHA256((const uint8_t *)said, (size_t)n, ret);
	return true;
}

static enum rc new_depot(struct cdn *c, const struct cdn_line *how, struct cdn_depot **ret, struct fault *f)
{
	if (how->app == 0)
		return fault_set(f, RC_INVALID, "depot %u: its first line names no app", how->id);
	if (map_count(&c->depots) >= CDN_DEPOTS_MAX)
		return fault_set(f, RC_TOO_LARGE, "over %d depots", CDN_DEPOTS_MAX);
	struct cdn_depot *d = calloc(1, sizeof(*d));
	if (!d)
		return fault_set(f, RC_NOMEM, "depot %u: no memory", how->id);
	d->id = how->id;
	d->app = how->app;
	d->token = how->token;
	d->packages_n = how->packages_n;
	memcpy(d->packages, how->packages, sizeof(d->packages));
	snprintf(d->text, sizeof(d->text), "%u", d->id);
	enum rc rc = key_of(how, d->key)
			     ? RC_OK
			     : fault_set(f, RC_INVALID, "depot %u: its key is not 64 hex digits", d->id);
	if (rc == RC_OK)
		rc = map_put(&c->depots, d->text, d);
	if (rc != RC_OK) {
		free(d);
		return rc;
	}
	*ret = d;
	return RC_OK;
}

static enum rc find_depot(struct cdn *c, const struct cdn_line *how, struct cdn_depot **ret, struct fault *f)
{
	char text[12];
	uint8_t key[CDN_KEY];

	snprintf(text, sizeof(text), "%u", how->id);
	*ret = map_get(&c->depots, text);
	if (!*ret)
		return new_depot(c, how, ret, f);
	if (how->key && (!key_of(how, key) || memcmp(key, (*ret)->key, CDN_KEY) != 0))
		return fault_set(f, RC_INVALID, "depot %u: this is not the key of its first line", how->id);
	return RC_OK;
}

static enum rc read_near(const char *folder, const char *name, struct buf *to, struct fault *f)
{
	char path[1024];

	if (snprintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : folder, name) >= (int)sizeof(path))
		return fault_set(f, RC_TOO_LARGE, "%.100s: a path that is too long", name);
	return file_read(path, BYTES_READ, to, f);
}

static enum rc files_of(
	struct cdn *c, struct cdn_depot *d, const struct cdn_line *how, const char *folder, struct fault *f)
{
	struct buf in = { 0 };

	enum rc rc = read_near(folder, how->file, &in, f);
	if (rc == RC_OK)
		rc = cdn_store_manifest(c, d, how, &in, f);
	buf_done(&in);
	return rc;
}

static enum rc one_chunk(struct cdn *c, struct cdn_depot *d, const char *folder, const char *name, struct fault *f)
{
	struct buf in = { 0 };

	enum rc rc = read_near(folder, name, &in, f);
	if (rc == RC_OK)
		rc = cdn_store_box(c, d, &in, f);
	buf_done(&in);
	return rc;
}

/* The words of a line; `chunk=` words are remembered apart, there may be many. */
static enum rc words(char *text, struct cdn_line *how, const char **chunks, unsigned *chunks_n, struct fault *f)
{
	char *rest = NULL;

	strtok_r(text, " \t", &rest);
	char *id = strtok_r(NULL, " \t", &rest);
	if (!id || !number32(id, &how->id) || how->id == 0)
		return fault_set(f, RC_INVALID, "depot: a number must follow");
	for (char *word = strtok_r(NULL, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		if (!strncmp(word, "chunk=", 6) && *chunks_n < CDN_PACKAGES_MAX)
			chunks[(*chunks_n)++] = word + 6;
		else if (!take_word(word, how))
			return fault_set(f, RC_INVALID, "depot %u: '%.60s' is not understood", how->id, word);
	}
	return how->gid ? RC_OK : fault_set(f, RC_INVALID, "depot %u: it names no manifest", how->id);
}

enum rc cdn_line(struct cdn *c, const char *line, const char *folder, struct fault *f)
{
	size_t word = strcspn(line, " \t");
	bool made = word == 5 && !strncmp(line, "depot", 5), given = word == 9 && !strncmp(line, "depotfile", 9);
	struct cdn_line how = { .kind = CHUNK_ZSTD };
	struct cdn_depot *d;
	const char *chunks[CDN_PACKAGES_MAX];
	unsigned chunks_n = 0;
	char text[LINE_MAX_];

	if (!made && !given)
		return RC_MISSING;
	if (snprintf(text, sizeof(text), "%s", line) >= (int)sizeof(text))
		return fault_set(f, RC_TOO_LARGE, "depot: a line of over %d bytes", LINE_MAX_);
	enum rc rc = words(text, &how, chunks, &chunks_n, f);
	if (rc == RC_OK &&
		(made ? (how.dir != NULL) + (how.generate != NULL) + (how.large != NULL) != 1 : !how.file))
		rc = fault_set(f, RC_INVALID, "depot %u: it needs %s", how.id,
			made ? "one of dir=, generate= and large=" : "file=");
	if (rc == RC_OK)
		rc = find_depot(c, &how, &d, f);
	if (rc == RC_OK)
		rc = made ? cdn_build(c, d, &how, folder, f) : files_of(c, d, &how, folder, f);
	for (unsigned i = 0; rc == RC_OK && i < chunks_n; i++)
		rc = one_chunk(c, d, folder, chunks[i], f);
	return rc;
}
