#include "main/kek_add.h"
#include "driver/kek/ring_file.h"

#include <stdio.h>
#include <string.h>

static enum rc add(const char *path, int64_t *ret_version, struct fault *f)
{
	auto_of(kek) struct kek *k = NULL;

	enum rc rc = ring_file_open(&(struct ring_file_conf){ .path = path }, &k, f);
	if (rc == RC_OK)
		return kek_add(k, ret_version, f);
	if (rc != RC_MISSING)
		return rc;
	*ret_version = 1;
	return ring_file_open(&(struct ring_file_conf){ .path = path, .make = true }, &k, f);
}

int kek_add_main(int argc, char **argv)
{
	struct fault f = { 0 };
	int64_t version = 0;

	if (argc != 3 || strcmp(argv[1], "--ring") != 0 || !*argv[2]) {
		fputs("usage: footplate server kek add --ring FILE\n", stderr);
		return 2;
	}
	enum rc rc = add(argv[2], &version, &f);
	if (rc != RC_OK) {
		fprintf(stderr, "footplate server kek add: %s\n", *f.text ? f.text : rc_title(rc));
		return 1;
	}
	printf("%s: version %lld was added. Give it to every control plane, then: footplate server kek rotate\n",
		argv[2], (long long)version);
	return 0;
}
