#include "cli/profile.h"
#include "io/file.h"
#include "wire/field_conf.h"

#include <jansson.h>
#include <string.h>

struct client {
	const char *server, *key_file, *ca_file;
	uint32_t timeout;
};
struct profile {
	struct client client;
};

static const struct field client_fields[] = {
	{ .name = "server",
		.type = FIELD_STR,
		FIELD_AT(struct client, server),
		.doc = "Address of the control plane." },
	{ .name = "key_file",
		.type = FIELD_STR,
		FIELD_AT(struct client, key_file),
		.doc = "File with the API key." },
	{ .name = "ca_file",
		.type = FIELD_STR,
		FIELD_AT(struct client, ca_file),
		.doc = "PEM file of certificate authorities." },
	{ .name = "timeout",
		.type = FIELD_U32,
		FIELD_AT(struct client, timeout),
		.max = 3600,
		.doc = "Seconds that one request may take." },
	{ 0 },
};
static const struct field profile_fields[] = {
	{ .name = "client",
		.type = FIELD_OBJ,
		FIELD_AT(struct profile, client),
		.sub = client_fields,
		.sub_size = sizeof(struct client),
		.doc = "What every command has." },
	{ 0 },
};

static bool is_name(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	return *s && *s != '.' && strlen(s) < 64 && strspn(s, letters) == strlen(s);
}

static const char *folder(struct arena *a)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config)
		return arena_fmt(a, "%s/footplate/profiles", config);
	return arena_fmt(a, "%s/.config/footplate/profiles", home ? home : "");
}

const char *profile_path(const char *name, const char *ending, struct arena *a)
{
	const char *dir = is_name(name) ? folder(a) : NULL;
	return dir ? arena_fmt(a, "%s/%s.%s", dir, name, ending) : NULL;
}

static bool has(const json_t *given, const char *option) { return json_object_get(given, option) != NULL; }

static void put(json_t *given, const char *option, const char *value)
{
	if (value && !has(given, option))
		json_object_set_new(given, option, json_string(value));
}

static const char *beside(struct arena *a, const char *dir, const char *file)
{
	return !file || *file == '/' ? file : arena_fmt(a, "%s/%s", dir, file);
}

static void apply(const struct client *v, const char *dir, json_t *given, struct arena *a)
{
	put(given, "server", v->server);
	put(given, "ca-file", beside(a, dir, v->ca_file));
	if (!has(given, "key-fd"))
		put(given, "key-file", beside(a, dir, v->key_file));
	if (v->timeout && !has(given, "timeout"))
		json_object_set_new(given, "timeout", json_integer(v->timeout));
}

enum rc profile_use(const char *name, struct json_t *given, struct arena *a, struct fault *f)
{
	const char *dir = folder(a);
	struct profile p = { 0 };
	struct buf b = { 0 };
	struct fault why = { 0 };

	if (!is_name(name))
		return fault_set(f, RC_INVALID, "a profile's name has letters, digits, '.', '_' and '-' only");
	const char *path = dir ? arena_fmt(a, "%s/%s.toml", dir, name) : NULL;
	enum rc rc = path ? file_read(path, FIELD_CONF_MAX, &b, &why) : RC_NOMEM;
	if (rc != RC_OK)
		return fault_set(
			f, RC_INVALID, "there is no profile %s: %s", name, *why.text ? why.text : rc_title(rc));
	rc = field_conf_read(profile_fields, buf_text(&b), a, &p, &why);
	buf_done(&b);
	if (rc != RC_OK)
		return fault_set(f, RC_INVALID, "%s: %s", path, *why.text ? why.text : rc_title(rc));
	apply(&p.client, dir, given, a);
	return RC_OK;
}
