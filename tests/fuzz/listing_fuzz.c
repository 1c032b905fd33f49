/*
 * Any bytes as the listing of a content, and as its sheet. A text that is taken is the only one of its content: written again from what was
 * read, it has the same bytes. Each of its paths leads to within the tree.
 */
#include "wire/listing.h"
#include "wire/sheet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void look(const struct listing_file *file)
{
	expect(*file->path && *file->path != '/' && !strstr(file->path, "//") && strcmp(file->path, "..") != 0);
	expect(strncmp(file->path, "../", 3) != 0 && !strstr(file->path, "/../") && !strchr(file->path, '\\'));
	expect(strlen(file->path) <= LISTING_PATH_MAX);
	expect((file->link != NULL) != (file->sha256 != NULL));
	expect(file->link ? *file->link != '/' && file->mode == 0777
			  : listing_is_sha256(file->sha256) && (file->mode == 0644 || file->mode == 0755));
}

/* False: the text is none. */
static bool read_all(const char *p, size_t n, struct arena *a, struct buf *again)
{
	struct listing_reader r = { .arena = a };
	struct listing_file file;
	bool first = true;

	listing_begin(again);
	while (n > 0) {
		const char *end = memchr(p, '\n', n);
		if (!end)
			return false; /* each line ends */
		size_t line = (size_t)(end - p);
		enum rc rc = listing_line(&r, p, line, a, &file, NULL);
		if (rc != RC_OK && rc != RC_MORE)
			return false;
		if (rc == RC_OK) {
			look(&file);
			listing_put(again, &file, first);
			first = false;
		}
		p += line + 1;
		n -= line + 1;
	}
	listing_end(again);
	return r.over;
}

static void sheet(const uint8_t *p, size_t n, struct arena *a)
{
	struct sheet one, two;
	struct buf text = { 0 };

	if (sheet_read(p, n, a, &one, NULL) == RC_OK) {
		sheet_write(&one, &text);
		expect(!text.bad && sheet_read(text.p, text.n, a, &two, NULL) == RC_OK);
		expect(!strcmp(one.kind, two.kind) && one.bytes == two.bytes && one.files == two.files);
		expect(!strcmp(one.package_format, two.package_format) && one.package_bytes == two.package_bytes);
		expect(!one.package_sha256 == !two.package_sha256);
	}
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 16 << 20 };
	struct buf again = { 0 };

	if (read_all((const char *)p, n, &a, &again))
		expect(!again.bad && again.n == n && !memcmp(again.p, p, n));
	buf_done(&again);
	sheet(p, n, &a);
	arena_done(&a);
	return 0;
}
