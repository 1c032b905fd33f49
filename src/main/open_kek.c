#include "main/open_kek.h"
#include "contract/kek.h"
#include "driver/kek/pkcs11.h"
#include "driver/kek/ring_file.h"
#include "driver/kek/transit.h"

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

static enum rc open_pkcs11(const struct conf *c, bool make, struct kek **ret, struct fault *f)
{
	const struct pkcs11_conf conf = { .module = c->kek.pkcs11_module,
		.token = c->kek.pkcs11_token,
		.label = c->kek.pkcs11_key,
		.pin_file = c->kek.pkcs11_pin_file,
		.make = make };
	return pkcs11_open(&conf, ret, f);
}

static enum rc open_vault(const struct conf *c, struct kek **ret, struct fault *f)
{
	const struct transit_conf conf = { .url = c->kek.vault_url,
		.mount = c->kek.vault_mount,
		.key = c->kek.vault_key,
		.namespace = c->kek.vault_namespace,
		.token_file = c->kek.vault_token_file,
		.ca_file = c->kek.vault_ca_file };
	return transit_open(&conf, ret, f);
}

enum rc open_kek(const struct conf *c, bool make, struct kek **ret, struct kek **ret_old, struct fault *f)
{
	*ret_old = NULL;
	if (c->kek.provider == CONF_KEK_FILE)
		return open_file(c, make, ret, f);
	enum rc rc = open_file(c, false, ret_old, f);
	if (rc != RC_OK && rc != RC_MISSING)
		return rc;
	return c->kek.provider == CONF_KEK_VAULT ? open_vault(c, ret, f) : open_pkcs11(c, make, ret, f);
}
