#include "main/backup_manifest.h"
#include "io/file.h"
#include "wire/field_json.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#define MANIFEST_MAX (1u << 20)
#define CHUNK        65536

static const struct field table_fields[] = {
	{ .name = "name", .type = FIELD_STR, .flags = FIELD_REQUIRED, FIELD_AT(struct facts_table, name) },
	{ .name = "rows", .type = FIELD_I64, .flags = FIELD_REQUIRED, FIELD_AT(struct facts_table, rows) },
	{ 0 },
};

static const struct field file_fields[] = {
	{ .name = "name",
		.type = FIELD_STR,
		.flags = FIELD_REQUIRED,
		FIELD_AT(struct backup_file, name),
		.max = 64 },
	{ .name = "bytes", .type = FIELD_I64, .flags = FIELD_REQUIRED, FIELD_AT(struct backup_file, bytes) },
	{ .name = "sha256",
		.type = FIELD_STR,
		.flags = FIELD_REQUIRED,
		FIELD_AT(struct backup_file, sha256),
		.min = 64,
		.max = 64,
		.chars = "0123456789abcdef" },
	{ 0 },
};

#define MEMBER(name_, type_, member)                                       \
	{                                                                  \
		.name = (name_), .type = (type_), .flags = FIELD_REQUIRED, \
		FIELD_AT(struct backup_manifest, member)                   \
	}
static const struct field fields[] = {
	MEMBER("format", FIELD_I64, format),
	MEMBER("madeBy", FIELD_STR, made_by),
	MEMBER("engine", FIELD_STR, engine),
	MEMBER("kind", FIELD_STR, kind),
	MEMBER("madeAt", FIELD_TIME, made_ms),
	MEMBER("schema", FIELD_I64, facts.schema),
	MEMBER("schemaName", FIELD_STR, facts.schema_name),
	MEMBER("eventEpoch", FIELD_STR, facts.epoch),
	MEMBER("firstEvent", FIELD_I64, facts.first),
	MEMBER("lastEvent", FIELD_I64, facts.last),
	MEMBER("masterKeyFingerprint", FIELD_STR, facts.master_key),
	{ .name = "tables",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		.flags = FIELD_REQUIRED,
		.sub = table_fields,
		.sub_size = sizeof(struct facts_table),
		FIELD_AT(struct backup_manifest, facts.tables) },
	{ .name = "files",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		.flags = FIELD_REQUIRED,
		.sub = file_fields,
		.sub_size = sizeof(struct backup_file),
		FIELD_AT(struct backup_manifest, files) },
	{ 0 },
};

static const char *path_of(struct arena *a, const char *dir, const char *name)
{
	return arena_fmt(a, "%s/%s", dir, name);
}

enum rc backup_manifest_write(const char *dir, const struct backup_manifest *m, struct fault *f)
{
	struct arena a = { 0 };
	struct buf b = { 0 };
	const char *path = path_of(&a, dir, BACKUP_MANIFEST);

	field_json_encode(fields, m, &b);
	buf_u8(&b, '\n');
	enum rc rc = path && !b.bad ? file_write(path, b.p, b.n, 0600, f) : RC_NOMEM;
	buf_done(&b);
	arena_done(&a);
	return rc;
}

enum rc backup_manifest_read(const char *dir, struct arena *a, struct backup_manifest *ret, struct fault *f)
{
	struct field_reader reader = { .arena = a, .lenient = true };
	const char *path = path_of(a, dir, BACKUP_MANIFEST);
	auto_json struct json_t *j = NULL;
	struct fault why = { 0 };
	struct buf b = { 0 };

	enum rc rc = path ? file_read(path, MANIFEST_MAX, &b, f) : RC_NOMEM;
	if (rc == RC_OK)
		rc = json_read((const char *)b.p, b.n, &j, &why);
	if (rc == RC_OK && j)
		rc = field_json_decode(fields, j, &reader, ret, &why);
	buf_done(&b);
	if (*why.text)
		return fault_set(f, RC_MALFORMED, "%s: %s", path, why.text);
	if (rc == RC_OK && ret->format != BACKUP_FORMAT)
		return fault_set(f, RC_INVALID, "%s: a backup of format %lld; this program knows format %d", path,
			(long long)ret->format, BACKUP_FORMAT);
	return rc;
}

static enum rc sum_of(int fd, EVP_MD_CTX *c, struct backup_file *ret, char hex[static 65])
{
	uint8_t chunk[CHUNK], sum[EVP_MAX_MD_SIZE];
	ssize_t n = 0;

	EVP_DigestInit_ex(c, EVP_sha256(), NULL);
	for (ret->bytes = 0; (n = read(fd, chunk, sizeof(chunk))) > 0; ret->bytes += n)
		EVP_DigestUpdate(c, chunk, (size_t)n);
	EVP_DigestFinal_ex(c, sum, NULL);
	for (size_t i = 0; i < 32; i++)
		snprintf(hex + i * 2, 3, "%02x", sum[i]);
	return n < 0 ? RC_IO : RC_OK;
}

enum rc backup_manifest_file_sum(
	const char *dir, const char *name, struct arena *a, struct backup_file *ret, struct fault *f)
{
	const char *path = path_of(a, dir, name);
	char hex[65] = "";

	if (!path)
		return RC_NOMEM;
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_set(f, RC_IO, "%s: %s", path, strerror(errno));
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	enum rc rc = c ? sum_of(fd, c, ret, hex) : RC_NOMEM;
	EVP_MD_CTX_free(c);
	if (rc == RC_IO)
		return fault_set(f, RC_IO, "%s: %s", path, strerror(errno));
	ret->name = arena_str(a, name);
	ret->sha256 = arena_str(a, hex);
	return rc == RC_OK && !(ret->name && ret->sha256) ? RC_NOMEM : rc;
}

enum rc backup_manifest_files_check(
	const char *dir, const struct backup_manifest *m, struct arena *a, struct fault *f)
{
	const struct backup_file *want = m->files.at;

	for (size_t i = 0; i < m->files.n; i++) {
		struct backup_file is = { 0 };
		if (strchr(want[i].name, '/'))
			return fault_set(f, RC_MALFORMED, "%s names a file elsewhere", BACKUP_MANIFEST);
		enum rc rc = backup_manifest_file_sum(dir, want[i].name, a, &is, f);
		if (rc != RC_OK)
			return rc;
		if (is.bytes != want[i].bytes || strcmp(is.sha256, want[i].sha256) != 0)
			return fault_set(f, RC_CONFLICT,
				"%s/%s is not what was written: it was damaged or changed. Take another backup",
				dir, want[i].name);
	}
	return RC_OK;
}
