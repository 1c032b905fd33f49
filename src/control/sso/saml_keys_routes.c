#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/http/page.h"
#include "control/sso/provider.h"
#include "control/sso/saml_sp.h"

/* One of our keys, as the API shows it. */
struct key_view {
	const char *id, *certificate;
	int state;
	int64_t created_at;
};
static const struct field view_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct key_view, id), .doc = "smk_ and a ULID." },
	{ .name = "certificate",
		.type = FIELD_STR,
		FIELD_AT(struct key_view, certificate),
		.doc = "X.509, DER in base64." },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct key_view, state),
		.words = saml_sp_key_words,
		.doc = "current: it signs; next: it is in our metadata, and signs once it is activated; old: it "
		       "opens what "
		       "was encrypted for it." },
	{ .name = "createdAt",
		.type = FIELD_TIME,
		FIELD_AT(struct key_view, created_at),
		.doc = "When it was made." },
	{ 0 },
};

struct keys_view {
	struct field_list keys;
};
static const struct field keys_fields[] = {
	{ .name = "keys",
		.type = FIELD_LIST,
		.item = FIELD_OBJ,
		FIELD_AT(struct keys_view, keys),
		.sub = view_fields,
		.sub_size = sizeof(struct key_view),
		.doc = "At most two." },
	{ 0 },
};

static enum rc load(struct call *c, struct provider *ret)
{
	struct provider_row row = { 0 };
	enum rc rc = provider_row_load(&c->tx, c->arg[0], &row);

	if (rc == RC_OK && row.kind != PROVIDER_SAML)
		rc = fault_set(c->tx.fault, RC_CONFLICT, "the identity provider is not of SAML");
	return rc == RC_OK ? provider_load(&c->tx, row.id, ret) : rc;
}

static enum rc show(struct call *c, const struct provider *p, struct keys_view *ret)
{
	struct saml_sp sp = { 0 };
	struct key_view *v = arena_take(c->tx.arena, SAML_SP_KEYS * sizeof(*v));
	enum rc rc = v ? saml_sp_load(&c->tx, p, false, &sp) : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < sp.keys_n; i++)
		v[i] = (struct key_view){ sp.keys[i].id, sp.keys[i].certificate, sp.keys[i].state,
			sp.keys[i].created_at };
	if (rc == RC_OK)
		ret->keys = (struct field_list){ v, sp.keys_n };
	return rc;
}

static enum rc told(struct tx *tx, const char *action, const char *id)
{
	enum rc rc = events_add(tx, &(struct event){ .type = "identity_provider.updated", .resource = id });
	return rc == RC_OK ? audit_add(tx, action, id) : rc;
}

static enum rc list(struct call *c, void *ret_out)
{
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	enum rc rc = p ? load(c, p) : RC_NOMEM;

	return rc == RC_OK ? show(c, p, ret_out) : rc;
}

static enum rc add_before(struct call *c)
{
	struct saml_key_made *made = arena_take(c->tx.arena, sizeof(*made));
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	enum rc rc = made && p ? load(c, p) : RC_NOMEM;

	if (rc == RC_OK)
		rc = saml_sp_make(&c->tx, p, made);
	c->found = made;
	return rc;
}

/* The first is current at once; a further one waits for the provider to learn of it. */
static enum rc add(struct call *c, void *ret_out)
{
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	struct keys_view *view = ret_out;
	enum rc rc = p ? load(c, p) : RC_NOMEM;

	if (rc == RC_OK)
		rc = show(c, p, view);
	bool first = view->keys.n == 0;
	if (rc == RC_OK && !first) {
		rc = saml_sp_drop(&c->tx, p->row.id, SAML_KEY_OLD);
		rc = rc == RC_MISSING ? RC_OK : rc;
	}
	if (rc == RC_OK)
		rc = saml_sp_keep(&c->tx, p, c->found, first ? SAML_KEY_CURRENT : SAML_KEY_NEXT);
	if (rc == RC_OK)
		rc = told(&c->tx, "identity_provider.add_key", p->row.id);
	return rc == RC_OK ? show(c, p, view) : rc;
}

static enum rc turn(struct call *c, void *ret_out)
{
	struct provider *p = arena_take(c->tx.arena, sizeof(*p));
	enum rc rc = p ? load(c, p) : RC_NOMEM;

	if (rc == RC_OK)
		rc = saml_sp_turn(&c->tx, p->row.id);
	if (rc == RC_OK)
		rc = told(&c->tx, "identity_provider.activate_key", p->row.id);
	return rc == RC_OK ? show(c, p, ret_out) : rc;
}

#define KEYS_OUT    .out = keys_fields, .out_size = sizeof(struct keys_view)
#define OF_PROVIDER .reach = REACH_PLATFORM, .object = OBJECT_PROVIDER

extern const struct route saml_keys_routes[]; /* named by http/routes */

const struct route saml_keys_routes[] = {
	{ .name = "listSamlKeys",
		.method = "GET",
		.path = "/v1/identity-providers/{id}/saml-keys",
		OF_PROVIDER,
		.scope = SCOPE_IDENTITY_READ,
		KEYS_OUT,
		.run = list,
		.doc = "Shows the certificates of our keys for a SAML identity provider. Never the keys." },
	{ .name = "addSamlKey",
		.method = "POST",
		.path = "/v1/identity-providers/{id}/saml-keys",
		OF_PROVIDER,
		.scope = SCOPE_IDENTITY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		KEYS_OUT,
		.before = add_before,
		.run = add,
		.doc = "Makes the next key. It stands in our metadata from now on, for the provider to learn it. "
		       "What was "
		       "old is forgotten." },
	{ .name = "activateSamlKey",
		.method = "POST",
		.path = "/v1/identity-providers/{id}/saml-keys/activate",
		OF_PROVIDER,
		.scope = SCOPE_IDENTITY_WRITE,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		KEYS_OUT,
		.run = turn,
		.doc = "The next key signs from now on; the one before still opens what was encrypted for it." },
	{ 0 },
};
