/*
 * tls_files: a certificate authority of steamsim's own and a certificate for Steam's names, made anew at each start, so that
 * clients can check them like real ones (NODE_EXTRA_CA_CERTS, --tls-ca). Written into one folder:
 *
 *      ca.pem      give this to the clients
 *      cert.pem    the server's certificate
 *      key.pem     its key (mode 600)
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#define TLS_FILES_NAMES_MAX 64

struct tls_files {
	char ca[512], cert[512], key[512]; /* paths */
};

/* The certificate is for api.steampowered.com and its like, localhost, 127.0.0.1 and ::1, and for `extra` (ends in NULL). */
must_check enum rc tls_files_make(
	const char *folder, const char *const *extra, struct tls_files *ret, struct fault *f);
