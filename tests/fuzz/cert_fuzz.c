/* Any bytes as a certificate request, and as an authority's certificate: what is answered is PEM, and for the key of the request. */
#include "wire/cert.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const uint8_t secret[CERT_KEY] = { 1 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct buf root;
	const char *hosts[] = { "h.example", "::1", NULL };
	struct cert_ask ask = { .name = "root", .from_ms = 0, .to_ms = 86400000 };
	struct buf text = { 0 }, made = { 0 };
	struct fault f = { 0 };

	if (root.n == 0 && cert_authority(secret, &ask, &root, &f) != RC_OK)
		abort();
	buf_put(&text, p, n);
	ask.hosts = hosts;
	if (cert_answer(&(struct cert_issuer){ buf_text(&root), secret }, buf_text(&text), &ask, &made, &f) ==
		RC_OK) {
		if (!strstr(buf_text(&made), "-----BEGIN CERTIFICATE-----"))
			abort();
	} else if (made.n > 0) {
		abort();
	}
	/* One whose certificate is not its key's signs nothing. */
	if (n == 0 || strcmp(buf_text(&text), buf_text(&root)) != 0) {
		made.n = 0;
		ask.hosts = NULL;
		if (cert_issue(&(struct cert_issuer){ buf_text(&text), secret }, secret, &ask, &made, &f) ==
				RC_OK &&
			!strstr(buf_text(&made), "-----BEGIN CERTIFICATE-----"))
			abort();
	}
	buf_done(&text);
	buf_done(&made);
	return 0;
}
