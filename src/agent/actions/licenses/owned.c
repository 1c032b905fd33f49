#include "agent/actions/licenses/owned.h"
#include "agent/sessions_self.h"

enum rc owned_read(struct action_task *t, CMsgClientLicenseList **ret, struct fault *f)
{
	struct sessions_self self = { 0 };
	ProtobufCMessage *m;

	enum rc rc = ask_self_licensed(t, &self, f);
	if (rc != RC_OK)
		return rc;
	if (!self.licenses.p)
		return fault_set(f, RC_AWAY, "Steam has not told the account's licences yet");
	rc = pb_unpack(&cmsg_client_license_list__descriptor, self.licenses.p, self.licenses.n, t->arena, &m, f);
	if (rc == RC_OK)
		*ret = (CMsgClientLicenseList *)m;
	return rc;
}

const CMsgClientLicenseList__License *owned_find(const CMsgClientLicenseList *l, uint32_t package)
{
	for (size_t i = 0; i < l->n_licenses; i++)
		if (l->licenses[i]->package_id == package)
			return l->licenses[i];
	return NULL;
}
