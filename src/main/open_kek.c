#include "main/open_kek.h"
#include "contract/kek.h"
#include "driver/kek/ring_file.h"

#include <stdio.h>
#include <unistd.h>

static enum rc open_file(const struct conf *c, bool make, struct kek **ret, struct fault *f)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char path[RING_FILE_PATH_MAX];

	if (c->data.master_key)
		return ring_file_open(&(struct ring_file_conf){ .path = c->data.master_key }, ret, f);
	snprintf(path, sizeof(path), "%s/" OPEN_KEK_CREDENTIAL, folder ? folder : "");
	if (folder && access(path, F_OK) == 0)
		return ring_file_open(&(struct ring_file_conf){ .path = path, .credential = true }, ret, f);
	snprintf(path, sizeof(path), "%s/master.key", c->data.dir);
	return ring_file_open(&(struct ring_file_conf){ .path = path, .make = make }, ret, f);
}

enum rc open_kek(const struct conf *c, bool make, struct kek **ret, struct kek **ret_old, struct fault *f)
{
	*ret_old = NULL;
	return open_file(c, make, ret, f);
}
