/* Any text VDF as an app's record: what is read of it stands in it, and is within its limits. */
#include "wire/steam/titles_facts.h"
#include "wire/steam/vdf_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static bool is_digits(const char *s) { return s[strspn(s, "0123456789")] == 0; }

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 16u << 20 };
	struct titles_facts t;
	struct vdf *doc;

	if (vdf_text_parse(p, n, &a, &doc, NULL, NULL) == RC_OK && titles_facts_read(doc, &a, &t, NULL) == RC_OK) {
		const struct vdf *branches = vdf_at(doc->first, "depots/branches");
		expect(t.branches_n <= (branches ? branches->children : 0));
		expect(t.depots_n <= TITLES_FACTS_DEPOTS_MAX && t.sections_n <= doc->first->children);
		for (size_t i = 0; i < t.branches_n; i++)
			expect(t.branches[i].name && t.branches[i].build_id);
		for (size_t i = 0; i < t.depots_n; i++) {
			const struct titles_facts_depot *d = &t.depots[i];
			expect(is_digits(d->depot) && is_digits(d->manifest) && strlen(d->manifest) <= 20);
			expect(*d->depot && (*d->manifest || !*d->branch));
		}
		for (size_t i = 0; i < t.sections_n; i++)
			expect(strlen(t.sections[i].sha1) == 40);
	}
	arena_done(&a);
	return 0;
}
