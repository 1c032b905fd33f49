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

static const char *folder(struct cmd *c)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config)
		return arena_fmt(&c->arena, "%s/footplate/profiles", config);
	return arena_fmt(&c->arena, "%s/.config/footplate/profiles", home ? home : "");
}

static void put(struct cmd *c, const char *option, const char *value)
{
	if (value && !cmd_has(c, option))
		json_object_set_new(c->given, option, json_string(value));
}

static const char *beside(struct cmd *c, const char *dir, const char *file)
{
	return !file || *file == '/' ? file : arena_fmt(&c->arena, "%s/%s", dir, file);
}

static void apply(struct cmd *c, const char *dir, const struct client *v)
{
	put(c, "server", v->server);
	put(c, "ca-file", beside(c, dir, v->ca_file));
	if (!cmd_has(c, "key-fd"))
		put(c, "key-file", beside(c, dir, v->key_file));
	if (v->timeout && !cmd_has(c, "timeout"))
		json_object_set_new(c->given, "timeout", json_integer(v->timeout));
}

enum cli_exit profile_use(struct cmd *c)
{
	const char *name = cmd_text(c, "profile"), *dir = folder(c);
	struct profile p = { 0 };
	struct buf b = { 0 };
	struct fault f = { 0 };

	if (!name)
		return CLI_OK;
	if (!is_name(name))
		return cmd_usage(c, "a profile's name has letters, digits, '.', '_' and '-' only");
	const char *path = arena_fmt(&c->arena, "%s/%s.toml", dir ? dir : "", name);
	enum rc rc = path ? file_read(path, FIELD_CONF_MAX, &b, &f) : RC_NOMEM;
	if (rc != RC_OK)
		return cmd_usage(c, "there is no profile %s: %s", name, *f.text ? f.text : rc_title(rc));
	rc = field_conf_read(profile_fields, buf_text(&b), &c->arena, &p, &f);
	buf_done(&b);
	if (rc != RC_OK)
		return cmd_usage(c, "%s: %s", path, *f.text ? f.text : rc_title(rc));
	apply(c, dir, &p.client);
	return CLI_OK;
}
