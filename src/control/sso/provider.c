#include "control/sso/provider.h"
#include "control/access/vault.h"
#include "control/rows.h"
#include "wire/field_json.h"

#define AT(member) FIELD_AT(struct provider_row, member)

const char *const provider_kind_words[] = { "oidc", "saml", NULL };

const struct field provider_row_fields[] = {
	{ .name = "id", .type = FIELD_STR, AT(id), .doc = "idp_ and a ULID." },
	{ .name = "tenantId", .type = FIELD_STR, AT(tenant_id), .doc = "Whose users its people become." },
	{ .name = "kind",
		.type = FIELD_ENUM,
		AT(kind),
		.words = provider_kind_words,
		.doc = "How it is spoken to." },
	{ .name = "name", .type = FIELD_STR, AT(name), .doc = "Its place in the paths of /v1/auth. Unique." },
	{ .name = "title", .type = FIELD_STR, AT(title), .doc = "What people read on the button." },
	{ .name = "baseUrl", .type = FIELD_STR, AT(base_url), .doc = "Where people's browsers reach us." },
	{ .name = "enabled", .type = FIELD_BOOL, AT(enabled), .doc = "Whether people can log on by it." },
	{ .name = "people",
		.type = FIELD_JSON,
		AT(people),
		.sub = claims_rules_fields,
		.doc = "How its people are read." },
	{ .name = "oidc",
		.type = FIELD_JSON,
		AT(oidc),
		.sub = oidc_conf_fields,
		.doc = "How to speak with it, when its kind is oidc; else null." },
	{ .name = "saml",
		.type = FIELD_JSON,
		AT(saml),
		.sub = saml_conf_fields,
		.doc = "How to speak with it, when its kind is saml; else null." },
	{ .name = "clientSecretSet", .type = FIELD_BOOL, AT(client_secret_set), .doc = "It has a client_secret." },
	{ .name = "privateKeySet", .type = FIELD_BOOL, AT(private_key_set), .doc = "It has a private_key." },
	{ .name = "version", .type = FIELD_I64, AT(version), .doc = "It is the ETag." },
	{ .name = "createdAt", .type = FIELD_TIME, AT(created_at), .doc = "When it was made." },
	{ .name = "updatedAt", .type = FIELD_TIME, AT(updated_at), .doc = "When it was edited last." },
	{ 0 },
};

enum rc provider_row_load(struct tx *tx, const char *id, struct provider_row *ret)
{
	static const struct store_query one = { .sql = PROVIDER_SELECT "WHERE p.id = $1" };
	return rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ provider_row_fields, tx->arena, ret }, tx->fault);
}

/* Our own row: what does not decode was written by another program. */
static enum rc open_row(struct tx *tx, const struct provider_row *row, struct provider *ret)
{
	struct field_reader r = { .arena = tx->arena, .lenient = true };
	struct fault f = { 0 };
	enum rc rc = provider_read(row, &r, ret, &f);

	return rc == RC_INVALID ? fault_set(tx->fault, RC_INTERNAL, "the identity provider %s cannot be read: %s",
					  row->id, r.problems_n ? r.problems[0].detail : f.text)
				: rc;
}

enum rc provider_load(struct tx *tx, const char *id, struct provider *ret)
{
	struct provider_row row = { 0 };
	enum rc rc = provider_row_load(tx, id, &row);
	return rc == RC_OK ? open_row(tx, &row, ret) : rc;
}

enum rc provider_named(struct tx *tx, const char *name, enum provider_kind kind, struct provider *ret)
{
	static const struct store_query one = { .sql = PROVIDER_SELECT
						"WHERE p.name = $1 AND p.kind = $2 AND p.enabled = 1" };
	struct provider_row row = { 0 };
	enum rc rc = rows_one(tx->db, &one, STORE_ARGS(store_text(name), store_text(provider_kind_words[kind])),
		(struct rows_into){ provider_row_fields, tx->arena, &row }, tx->fault);

	if (rc == RC_MISSING)
		return fault_set(tx->fault, rc, "there is no such identity provider");
	return rc == RC_OK ? open_row(tx, &row, ret) : rc;
}

/* A part of the row: its text, where it stands, and what it becomes. */
struct part {
	const char *name, *text;
	const struct field *t;
	void *to;
	const char **ret_text;
};

static void pass_on(struct field_reader *to, const struct field_reader *from, const char *name)
{
	for (size_t i = 0; i < from->problems_n; i++) {
		const char *pointer = arena_fmt(to->arena, "/%s%s", name, from->problems[i].pointer);
		field_json_problem(to, pointer ? pointer : name, from->problems[i].code, from->problems[i].detail);
	}
}

static enum rc write_part(const struct part *p, struct arena *a)
{
	struct buf text = { 0 };

	field_json_encode(p->t, p->to, &text);
	*p->ret_text = text.bad ? NULL : arena_strn(a, (const char *)text.p, text.n);
	buf_done(&text);
	return *p->ret_text ? RC_OK : RC_NOMEM;
}

static enum rc read_part(
	const struct part *p, struct field_reader *r, struct field_reader *ret_own, struct fault *f)
{
	auto_json struct json_t *j = NULL;
	struct fault own = { 0 }; /* names members without what stands before them here */

	*ret_own = (struct field_reader){ .arena = r->arena, .lenient = r->lenient };
	enum rc rc = json_read(p->text, strlen(p->text), &j, f);
	if (rc == RC_OK)
		rc = field_json_decode(p->t, j, ret_own, p->to, &own);
	return rc == RC_OK ? write_part(p, r->arena) : rc;
}

static enum rc read_people(struct provider *p, struct field_reader *r, struct fault *f)
{
	const struct part people = { "people", p->row.people, claims_rules_fields, &p->people, &p->row.people };
	struct field_reader own;
	enum rc rc = read_part(&people, r, &own, f);
	const struct claims_group *map = p->people.group_map.at;

	for (size_t i = 0; rc == RC_OK && i < p->people.group_map.n; i++) {
		const char *star = strchr(map[i].match, '*');
		if (star && strchr(star + 1, '*'))
			rc = field_json_problem(&own, arena_fmt(r->arena, "/groupMap/%zu/match", i), "malformed",
				"may have one * at most");
	}
	pass_on(r, &own, "people");
	return rc;
}

static enum rc read_conf(struct provider *p, struct field_reader *r, struct fault *f)
{
	bool oidc = p->row.kind == PROVIDER_OIDC;
	const struct part conf = { provider_kind_words[p->row.kind], oidc ? p->row.oidc : p->row.saml,
		oidc ? oidc_conf_fields : saml_conf_fields, oidc ? (void *)&p->oidc : (void *)&p->saml,
		oidc ? &p->row.oidc : &p->row.saml };
	struct field_reader own;

	if ((oidc ? p->row.saml : p->row.oidc) != NULL)
		return field_json_problem(
			r, oidc ? "/saml" : "/oidc", "not_one_of", "is for providers of the other kind");
	if (!conf.text)
		return field_json_problem(r, oidc ? "/oidc" : "/saml", "required", "is required with this kind");
	enum rc rc = read_part(&conf, r, &own, f);
	if (rc == RC_OK)
		rc = oidc ? oidc_conf_check(&p->oidc, &own) : saml_conf_check(&p->saml, &own);
	pass_on(r, &own, conf.name);
	return rc;
}

static bool is_none(const char *json) { return !json || !strcmp(json, "null"); }

enum rc provider_read(const struct provider_row *row, struct field_reader *r, struct provider *ret, struct fault *f)
{
	struct provider p = { .row = *row };
	enum rc people, conf;

	p.row.people = is_none(row->people) ? "{}" : row->people;
	p.row.oidc = is_none(row->oidc) ? NULL : row->oidc;
	p.row.saml = is_none(row->saml) ? NULL : row->saml;
	people = read_people(&p, r, f);
	conf = read_conf(&p, r, f);
	if (people != RC_OK || conf != RC_OK)
		return people != RC_OK ? people : conf;
	*ret = p;
	return RC_OK;
}

enum rc provider_secret(struct tx *tx, const char *id, const char *name, struct hush *ret)
{
	return vault_get(tx, &(const struct vault_at){ "identity_provider", id, name }, ret);
}
