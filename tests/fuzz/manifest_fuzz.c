/* Any bytes as a manifest: what is read is written and read again; once written, the bytes are the same for ever. */
#include "wire/steam/describe_depot.h"
#include "wire/steam/manifest_names.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void names(struct manifest *m, struct arena *a)
{
	static const uint8_t key[32] = { 7 };
	struct buf path = { 0 };

	if (manifest_names_decrypt(m, key, a, NULL) != RC_OK)
		return;
	for (uint32_t i = 0; i < m->files_n; i++) {
		path.n = 0;
		if (!manifest_name_path(m->files[i].name, &path))
			continue;
		const char *s = buf_text(&path);
		expect(s[0] != '/' && !strstr(s, "//") && !strstr(s, "/../") && strncmp(s, "../", 3) != 0);
	}
	buf_done(&path);
}

static void again(struct manifest *was, struct arena *a)
{
	struct buf one = { 0 }, two = { 0 };
	struct manifest is;

	/* The checksum of what was read may be over fields that we do not keep. */
	if (was->form == 5)
		expect(manifest_crc(was, was->encrypted ? &was->crc_encrypted : &was->crc_clear, NULL) == RC_OK);
	expect(manifest_write(was, &one, NULL) == RC_OK);
	enum rc rc = manifest_read(one.p, one.n, a, &is, NULL);
	expect(rc == RC_OK || rc == RC_TOO_LARGE); /* the arena holds both */
	if (rc == RC_OK) {
		expect(is.files_n == was->files_n && is.gid == was->gid && is.encrypted == was->encrypted);
		expect(manifest_write(&is, &two, NULL) == RC_OK);
		expect(one.n == two.n && !memcmp(one.p, two.p, one.n));
		names(&is, a);
	}
	buf_done(&one);
	buf_done(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 8u << 20 };
	struct buf said = { 0 };
	struct manifest m;

	if (manifest_read(p, n, &a, &m, NULL) == RC_OK)
		again(&m, &a);
	if (n < 65536 && describe_depot_manifest(p, n, NULL, &said, NULL) != RC_OK)
		expect(said.n == 0);
	buf_done(&said);
	arena_done(&a);
	return 0;
}
