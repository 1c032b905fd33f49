/* Patterns and paths of strangers: the first line is a pattern, the others are paths. What is clean stays clean, and no link leads out. */
#include "model/content_match.h"
#include "model/content_path.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void try_path(struct content_match *m, const char *name)
{
	struct buf path = { 0 }, again = { 0 };

	if (content_path_clean(name, &path, NULL) == RC_OK) {
		if (content_path_clean(buf_text(&path), &again, NULL) != RC_OK ||
			strcmp(buf_text(&path), buf_text(&again)) != 0)
			abort();
		if (content_path_compare(buf_text(&path), buf_text(&again)) != 0)
			abort();
		if (m && content_match_wants(m, buf_text(&path)) != content_match_wants(m, buf_text(&again)))
			abort();
		again.n = 0;
	}
	if (content_path_link("a/b/c", name, &again, NULL) == RC_OK && !strncmp(buf_text(&again), "../../..", 8))
		abort();
	buf_done(&path);
	buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { 0 };
	char *text = arena_strn(&a, (const char *)p, n < 4096 ? n : 4096), *rest = text ? strchr(text, '\n') : NULL;

	if (text) {
		if (rest)
			*rest++ = 0;
		const char *one = text;
		const struct field_list some = { &one, 1 }, none = { 0 };
		struct content_match *m = NULL;
		if (content_match_new(&some, &none, &none, &a, &m, NULL) != RC_OK)
			m = NULL;
		for (char *line = rest; line && *line; line = rest) {
			rest = strchr(line, '\n');
			if (rest)
				*rest++ = 0;
			try_path(m, line);
		}
	}
	arena_done(&a);
	return 0;
}
