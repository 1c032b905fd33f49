#include "cli/get_local.h"
#include "io/clock.h"
#include "io/file.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 30000
#define LOOK_MS  20
#define FILE_MAX 4096

/* $XDG_CACHE_HOME/footplate/get */
static const char *cache_folder(struct cmd *c)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (cache && *cache == '/')
		return arena_fmt(&c->arena, "%s/footplate/get", cache);
	if (home && *home == '/')
		return arena_fmt(&c->arena, "%s/.cache/footplate/get", home);
	cmd_say(c, "neither HOME nor XDG_CACHE_HOME says where files may be kept");
	return NULL;
}

/* Is it about an installation of this machine (its database, queue, keys, address)? Not about this one. */
static bool is_of_another(const char *variable)
{
	static const char *const prefixes[] = { "DATABASE_URL", "FOOTPLATE_DATABASE__", "FOOTPLATE_DATA__",
		"FOOTPLATE_KEK__", "FOOTPLATE_QUEUE__", "FOOTPLATE_SERVER__", "LISTEN_", "NATS_URL",
		"NOTIFY_SOCKET", "PORT=", "WATCHDOG_" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(variable, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static char **own_environment(struct arena *a)
{
	extern char **environ;
	size_t n = 0;

	while (environ[n])
		n++;
	char **own = arena_take(a, (n + 1) * sizeof(*own)), **to = own;
	for (size_t i = 0; own && i < n; i++)
		if (!is_of_another(environ[i]))
			*to++ = environ[i];
	return own;
}

/* Its log goes into a file: what it says is for those who look for a fault. */
static bool spawn(
	struct get_local *l, char *const *environment, const char *data, const char *ready, const char *log)
{
	const char *const argv[] = { "footplate", "serve", "--data", data, "--port", "0", "--ready-file", ready,
		NULL };
	posix_spawn_file_actions_t files;

	if (posix_spawn_file_actions_init(&files) != 0)
		return false;
	int bad = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0) |
		  posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600) |
		  posix_spawn_file_actions_adddup2(&files, 1, 2);
	if (!bad)
		bad = posix_spawn(&l->pid, "/proc/self/exe", &files, NULL, (char *const *)argv, environment);
	posix_spawn_file_actions_destroy(&files);
	if (bad)
		l->pid = 0;
	return !bad;
}

static bool has_ended(struct get_local *l)
{
	if (waitpid(l->pid, NULL, WNOHANG) != l->pid)
		return false;
	l->pid = 0;
	return true;
}

static enum cli_exit take_url(struct cmd *c, const struct buf *text)
{
	auto_json json_t *j = NULL;
	struct fault f = { 0 };

	if (json_read((const char *)text->p, text->n, &j, &f) != RC_OK)
		return CLI_FAILED;
	c->server = arena_str(&c->arena, json_string_value(json_object_get(j, "url")));
	return c->server ? CLI_OK : CLI_FAILED;
}

static enum cli_exit take_key(struct cmd *c, const char *path)
{
	struct buf text = { 0 };
	struct fault f = { 0 };
	enum rc rc = file_read_secret(path, FILE_MAX, &text, &f);

	while (text.n && text.p[text.n - 1] <= ' ')
		text.n--;
	hush_done(&c->key);
	if (rc == RC_OK)
		rc = hush_set(&c->key, text.p, text.n);
	else
		cmd_say(c, "%s", f.text);
	hush_wipe(text.p, text.room);
	buf_done(&text);
	return rc == RC_OK ? CLI_OK : CLI_FAILED;
}

static enum cli_exit await(struct cmd *c, struct get_local *l, const char *ready, const char *log)
{
	uint64_t until_ms = clock_mono_ms() + START_MS;

	while (clock_mono_ms() < until_ms && !has_ended(l)) {
		struct buf text = { 0 };
		enum rc rc = file_read(ready, FILE_MAX, &text, NULL);
		enum cli_exit code = rc == RC_OK && text.n ? take_url(c, &text) : CLI_FAILED;
		buf_done(&text);
		if (code == CLI_OK)
			return CLI_OK;
		clock_sleep_ms(LOOK_MS);
	}
	cmd_say(c, "it could not be started here; %s says why. Does another footplate get --local run?", log);
	return CLI_FAILED;
}

enum cli_exit get_local_start(struct cmd *c, struct get_local *l)
{
	const char *folder = cache_folder(c);
	struct fault f = { 0 };

	*l = (struct get_local){ 0 };
	if (!folder)
		return CLI_FAILED;
	const char *data = arena_fmt(&c->arena, "%s/data", folder), *log = arena_fmt(&c->arena, "%s/log", folder),
		   *ready = arena_fmt(&c->arena, "%s/ready", folder);
	const char *key = arena_fmt(&c->arena, "%s/data/admin.key", folder);
	char **environment = own_environment(&c->arena);
	if (!data || !log || !ready || !key || !environment)
		return CLI_FAILED;
	if (file_mkdirs(folder, 0700, &f) != RC_OK) {
		cmd_say(c, "%s", f.text);
		return CLI_FAILED;
	}
	unlink(ready);
	if (!spawn(l, environment, data, ready, log)) {
		cmd_say(c, "it could not be started here: %s", strerror(errno));
		return CLI_FAILED;
	}
	enum cli_exit code = await(c, l, ready, log);
	if (code == CLI_OK)
		code = take_key(c, key);
	if (code != CLI_OK)
		get_local_stop(l);
	return code;
}

void get_local_stop(struct get_local *l)
{
	if (!l->pid)
		return;
	kill(l->pid, SIGTERM);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	l->pid = 0;
}
