#include "control/artifacts/artifact_content.h"
#include "control/artifacts/artifact_row.h"
#include "control/control.h"
#include "control/http/answer_file.h"
#include "io/blobs.h"
#include "wire/json.h"
#include "wire/listing.h"

#include <stdio.h>
#include <string.h>

const struct field artifact_content_query_fields[] = {
	{ .name = "path",
		.type = FIELD_STR,
		FIELD_AT(struct artifact_content_query, path),
		.max = LISTING_PATH_MAX,
		.doc = "One file of it, as the manifest names it; without it, the package." },
	{ 0 },
};

static enum rc answer(struct call *c, const char *sha256, const char *type, const char *name)
{
	struct answer_file_is is = { .sha256 = sha256, .type = type, .name = name };
	enum rc rc = blobs_open(c->tx.control->conf->artifacts->dir, sha256, &is.fd, &is.size, c->tx.fault);

	return rc == RC_OK        ? answer_file_set(c, &is)
	       : rc == RC_MISSING ? fault_set(c->tx.fault, RC_INTERNAL,
					    "the store (downloads.dir) has lost the blob %.64s", sha256)
				  : rc;
}

/* The listing is long, and only lines that have the path can be it: those are read. */
static enum rc find_line(struct call *c, FILE *in, const char *path, struct listing_file *ret)
{
	struct buf want = { 0 };
	char *line = NULL;
	size_t room = 0;
	enum rc rc = RC_MISSING;
	ssize_t n;

	buf_str(&want, "\"path\":");
	json_put_str(&want, path);
	while (!want.bad && rc == RC_MISSING && (n = getline(&line, &room, in)) > 0) {
		struct listing_reader r = { .arena = c->tx.arena, .begun = true, .comma = true };
		struct listing_file file;
		n -= line[n - 1] == '\n';
		if (memmem(line, (size_t)n, want.p, want.n) &&
			listing_line(&r, line, (size_t)n, c->tx.arena, &file, NULL) == RC_OK &&
			!strcmp(file.path, path)) {
			*ret = file;
			rc = RC_OK;
		}
	}
	free(line);
	rc = want.bad ? RC_NOMEM : rc;
	buf_done(&want);
	return rc;
}

static enum rc find_file(struct call *c, const char *content_id, const char *path, struct listing_file *ret)
{
	uint64_t size = 0;
	auto_close int fd = -1;

	enum rc rc = blobs_open(c->tx.control->conf->artifacts->dir, content_id, &fd, &size, c->tx.fault);
	if (rc != RC_OK)
		return rc;
	FILE *in = fdopen(fd, "r");
	if (!in)
		return RC_NOMEM;
	fd = -1; /* the stream's */
	rc = find_line(c, in, path, ret);
	fclose(in);
	if (rc == RC_MISSING)
		return fault_set(c->tx.fault, RC_MISSING, "it has no file of this path; the manifest lists them");
	if (rc == RC_OK && ret->link)
		return fault_set(c->tx.fault, RC_MISSING, "it is a link; the manifest says where it leads");
	return rc;
}

static const char *type_of(const char *format)
{
	return !strcmp(format, "zip")   ? "application/zip"
	       : !strcmp(format, "tar") ? "application/x-tar"
					: "application/zstd";
}

enum rc artifact_content_package(struct call *c, const struct artifact_row *a, const char *name)
{
	if (!a->package.sha256)
		return fault_set(c->tx.fault, RC_CONFLICT,
			"it was not packed: name one of its files with ?path=, or fetch it with a package");
	return answer(c, a->package.sha256, type_of(a->package.format), name);
}

enum rc artifact_content_answer(struct call *c, const struct artifact_row *a, const char *path)
{
	struct listing_file file = { 0 };
	char name[96];

	if (path) {
		enum rc rc = find_file(c, a->content_id, path, &file);
		const char *slash = strrchr(path, '/');
		return rc == RC_OK ? answer(c, file.sha256, "application/octet-stream", slash ? slash + 1 : path)
				   : rc;
	}
	snprintf(name, sizeof(name), "%s.%s", a->id, a->package.format);
	return artifact_content_package(c, a, name);
}

enum rc artifact_content_get(struct call *c, void *ret_out)
{
	const struct artifact_content_query *q = c->query;
	struct artifact_row a = { 0 };
	(void)ret_out;

	enum rc rc = artifact_row_ready(&c->tx, c->arg[0], &a);
	return rc == RC_OK ? artifact_content_answer(c, &a, q->path) : rc;
}

enum rc artifact_content_manifest(struct call *c, void *ret_out)
{
	struct artifact_row a = { 0 };
	(void)ret_out;

	enum rc rc = artifact_row_ready(&c->tx, c->arg[0], &a);
	return rc == RC_OK ? answer(c, a.content_id, "application/json", NULL) : rc;
}
