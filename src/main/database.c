#include "main/database.h"
#include "base/hush.h"
#include "driver/store/postgres.h"
#include "driver/store/sqlite.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

#define URL_MAX 4096

/* A file's only line, into `url`. */
static enum rc read_url(const char *path, struct hush *url, struct fault *f)
{
	struct buf b = { 0 };

	enum rc rc = file_read_secret(path, URL_MAX, &b, f);
	if (rc == RC_OK) {
		const char *text = buf_text(&b);
		size_t n = strcspn(text, "\r\n");
		rc = hush_set(url, text, n + 1); /* with a byte for its NUL */
		if (rc == RC_OK)
			url->p[n] = 0;
	}
	hush_wipe(b.p, b.n);
	buf_done(&b);
	return rc;
}

/* systemd's credential, when it gave us one. */
static bool find_credential(char path[static URL_MAX])
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	snprintf(path, URL_MAX, "%s/" DATABASE_CREDENTIAL, folder ? folder : "");
	return folder && access(path, F_OK) == 0;
}

bool database_named(const struct conf *c)
{
	char path[URL_MAX];
	return (c->database.url && *c->database.url) || (c->database.url_file && *c->database.url_file) ||
	       find_credential(path);
}

/* Stays empty when nothing names a database. */
static enum rc find_url(const struct conf *c, struct hush *url, struct fault *f)
{
	char path[URL_MAX];

	if (c->database.url && *c->database.url)
		return hush_set(url, c->database.url, strlen(c->database.url) + 1);
	if (c->database.url_file && *c->database.url_file)
		return read_url(c->database.url_file, url, f);
	return find_credential(path) ? read_url(path, url, f) : RC_OK;
}

static enum rc open_url(const char *url, struct store **ret, char place[static DATABASE_PLACE_MAX], struct fault *f)
{
	if (!strncmp(url, "sqlite://", 9) && url[9] == '/') {
		snprintf(place, DATABASE_PLACE_MAX, "%s", url + 9);
		return sqlite_open(url + 9, ret, f);
	}
	if (postgres_is_url(url)) {
		postgres_place(url, place, DATABASE_PLACE_MAX);
		return postgres_open(url, NULL, ret, f);
	}
	return fault_set(f, RC_INVALID,
		"database.url (DATABASE_URL) must begin with sqlite:/// and an absolute path, or with "
		"postgresql://");
}

enum rc database_open(
	const struct conf *c, struct store **ret_store, char place[static DATABASE_PLACE_MAX], struct fault *f)
{
	struct hush url = { 0 };

	enum rc rc = find_url(c, &url, f);
	if (rc == RC_OK && url.n) {
		rc = open_url((const char *)url.p, ret_store, place, f);
	} else if (rc == RC_OK) {
		snprintf(place, DATABASE_PLACE_MAX, "%s/footplate.db", c->data.dir);
		rc = sqlite_open(place, ret_store, f);
	}
	hush_done(&url);
	return rc;
}
