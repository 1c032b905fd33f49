#include "wire/steam/pics.h"

#include "base/rd.h"
#include "wire/steam/vdf_binary.h"
#include "wire/steam/vdf_text.h"

#include <openssl/evp.h>
#include <string.h>

#define PACKAGE_HEAD 4

void pics_sha(enum pics_kind kind, const void *p, size_t n, uint8_t ret[static PICS_SHA])
{
	const uint8_t *from = p;

	if (kind == PICS_PACKAGE) {
		from = n > PACKAGE_HEAD ? from + PACKAGE_HEAD : from;
		n = n > PACKAGE_HEAD ? n - PACKAGE_HEAD : 0;
	} else if (n > 0 && from[n - 1] == 0) {
		n--;
	}
	unsigned length = 0;
	EVP_Digest(n ? from : (const uint8_t *)"", n, ret, &length, EVP_sha1(), NULL);
}

enum rc pics_check(enum pics_kind kind, const void *p, size_t n, const void *sha, size_t sha_n, struct fault *f)
{
	uint8_t mine[PICS_SHA] = { 0 };

	if (sha_n != PICS_SHA)
		return fault_set(f, RC_MALFORMED, "product info: a SHA-1 of %zu bytes", sha_n);
	pics_sha(kind, p, n, mine);
	if (memcmp(mine, sha, PICS_SHA) != 0)
		return fault_set(
			f, RC_MALFORMED, "product info: %zu bytes do not have the SHA-1 that came with them", n);
	return RC_OK;
}

enum rc pics_parse(
	enum pics_kind kind, const void *p, size_t n, struct arena *a, struct vdf **ret_doc, struct fault *f)
{
	if (kind == PICS_APP)
		return vdf_text_parse(p, n, a, ret_doc, NULL, f);

	struct rd r = rd_over(p, n);
	uint32_t version = rd_le32(&r);
	if (r.bad || version != 1)
		return fault_set(f, RC_MALFORMED, "package info: %zu bytes that begin with %u, not 1", n, version);
	return vdf_binary_parse(r.at, rd_left(&r), a, ret_doc, f);
}
