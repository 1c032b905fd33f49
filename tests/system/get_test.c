/*
 * `footplate get`: what a person types to have an app's files in a folder: by a server, and by the program itself. The files are those
 * of the depot; one that was damaged or lost is brought again, the others are left alone; what cannot be had says why.
 */
#include "tests/system/rig.h"

#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define APP   900
#define DEPOT 901
#define GID   "7617088375292372759"

static struct rig r;

static int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *fmt, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	int status = system(command);
	CHECK(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void write_file(const char *name, const void *p, size_t n)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", r.dir, name);
	FILE *f = fopen(path, "we");
	CHECK(f && fwrite(p, 1, n, f) == n && fclose(f) == 0);
}

/* What the depot holds: a text, an empty file, and one of several chunks in a folder of its own. */
static void make_content(void)
{
	static uint8_t big[2500000];
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
	CHECK(shell("mkdir -p %s/content/data", r.dir) == 0);
	write_file("content/read me.txt", "hello\n", 6);
	write_file("content/empty", "", 0);
	write_file("content/data/big.bin", big, sizeof(big));
}

static void start_steam(void)
{
	static const char info[] =
		"\"appinfo\"\n{\n\"appid\" \"900\"\n\"common\" { \"name\" \"A server\" \"type\" \"Tool\" "
		"}\n\"depots\"\n{\n"
		"\"901\" { \"manifests\" { \"public\" { \"gid\" \"" GID
		"\" \"size\" \"2500006\" \"download\" \"2500100\" } } }\n"
		"\"branches\" { \"public\" { \"buildid\" \"17\" \"timeupdated\" \"1700000000\" }\n"
		"\"secret\" { \"buildid\" \"18\" \"pwdrequired\" \"1\" } }\n}\n}\n";
	/* What Steam tells of the branch to those who know its password. */
	static const char secret[] = "\"depots\"\n{\n\"901\" { \"manifests\" { \"secret\" { \"gid\" \"77\" } } "
				     "}\n}\n";
	char world[512];

	write_file("app.vdf", info, sizeof(info) - 1);
	write_file("secret.vdf", secret, sizeof(secret) - 1);
	CHECK(shell("mkdir %1$s/locked && echo locked >%1$s/locked/file", r.dir) == 0);
	snprintf(world, sizeof(world),
		"change 1000\napp %d app.vdf change=990\ndepot %d app=%d manifest=" GID
		" key=auto dir=content kind=vsz\nbeta %d secret password=open-sesame depots=secret.vdf\n"
		"depot %d app=%d manifest=77 key=auto dir=locked kind=vsz branch=secret\n",
		APP, DEPOT, APP, APP, DEPOT, APP);
	rig_sim(&r, world, NULL);
}

static int get(const char *what, const char *folder, const char *more)
{
	return shell("%s get %s -C %s/%s %s >%s/get.out 2>%s/get.err", getenv("FOOTPLATE"), what, r.dir, folder,
		more, r.dir, r.dir);
}

static bool said(const char *words) { return shell("grep -q '%s' %s/get.err", words, r.dir) == 0; }

static void same(const char *folder) { CHECK(shell("diff -r %s/content %s/%s", r.dir, r.dir, folder) == 0); }

/* A locked branch: by a file of one's own, or a descriptor; no public build comes in its name, and the words stand nowhere. */
static void locked(const char *how)
{
	char more[200];

	CHECK(shell("cd %s && umask 077 && rm -f password && echo open-sesame >password && echo guess >wrong",
		      r.dir) == 0);
	snprintf(more, sizeof(more), "%s --branch-password-file %s/password", how, r.dir);
	CHECK(get("steam:900@secret", "unlocked", more) == 0);
	CHECK(shell("diff -r %1$s/locked %1$s/unlocked && rm -r %1$s/unlocked", r.dir) == 0);
	snprintf(more, sizeof(more), "%s --branch-password-file %s/wrong", how, r.dir);
	CHECK(get("steam:900@secret", "unlocked", more) == 5 && said("access_denied"));
	CHECK(shell("test ! -e %s/unlocked/file", r.dir) == 0);
	CHECK(shell("! grep -rqF open-sesame %1$s/get.err %1$s/get.out %1$s/serve.log %1$s/data", r.dir) == 0);
}

static void passwords(void)
{
	char more[200];

	locked("");
	CHECK(get("steam:900@secret", "unlocked", "") == 5);
	snprintf(more, sizeof(more), "--branch-password-fd 7 7<%s/password", r.dir);
	CHECK(get("steam:900@secret", "by_fd", more) == 0);
	CHECK(shell("diff -r %1$s/locked %1$s/by_fd", r.dir) == 0);
	CHECK(shell("chmod 644 %s/password", r.dir) == 0);
	snprintf(more, sizeof(more), "--branch-password-file %s/password", r.dir);
	CHECK(get("steam:900@secret", "unlocked", more) == 5 && said("chmod 600"));
	snprintf(more, sizeof(more), "--branch-password-file %s/password --branch-password-fd 7", r.dir);
	CHECK(get("steam:900@secret", "unlocked", more) == 2 && said("not both"));
	snprintf(more, sizeof(more), "--branch-password-file %s/none", r.dir);
	CHECK(get("steam:900@secret", "unlocked", more) == 2);
}

static void by_a_server(void)
{
	CHECK(get("steam:900", "app", "") == 0);
	same("app");
	CHECK(said("3 files, 2.5 MB") && said("0 were there"));

	CHECK(shell("cd %s/app && printf xxxxxx >'read me.txt' && rm empty && ln -s /etc/passwd empty", r.dir) ==
		0);
	CHECK(get("steam:900@public", "app", "") == 0);
	same("app");
	CHECK(said("1 were there"));
	CHECK(shell("grep -q root: /etc/passwd") == 0); /* the link that lay in its place was not followed */

	CHECK(get("steam:900/901:" GID, "depot", "--exclude '*.bin'") == 0);
	CHECK(shell("cd %s/depot && test -f 'read me.txt' && test ! -e data", r.dir) == 0);

	CHECK(get("steam:12345", "none", "") == 4);
	CHECK(said("not_found"));
	CHECK(get("steam:900:1", "none", "") == 2);
	CHECK(said("steam:APP/DEPOT:MANIFEST"));
	passwords();
}

/* `prefill benchmark`: what the content servers give, of which nothing is kept; `more` options. */
static json_t *measure(const char *more)
{
	char path[160];

	CHECK(shell("%s prefill benchmark --app 900 %s -o json >%s/measured", getenv("FOOTPLATE"), more, r.dir) ==
		0);
	snprintf(path, sizeof(path), "%s/measured", r.dir);
	json_t *j = json_load_file(path, 0, NULL);
	CHECK(j);
	return j;
}

static unsigned long number_of(const json_t *j, const char *name) { return strtoul(json_str(j, name), NULL, 10); }

static void measured(void)
{
	CHECK(shell("find %1$s/data -path '*content*' | sort >%1$s/before", r.dir) == 0);
	json_t *all = measure("");
	const json_t *servers = json_object_get(all, "servers");
	CHECK(number_of(all, "bytes") > 1000000 && number_of(all, "chunks") >= 3 && json_int(all, "errors") == 0);
	CHECK(number_of(all, "chunkP50Micros") > 0);
	CHECK(number_of(all, "chunkP99Micros") >= number_of(all, "chunkP50Micros"));
	CHECK((unsigned long)json_int(all, "tries") >= number_of(all, "chunks") && number_of(all, "rateBps") > 0);
	CHECK(json_array_size(servers) > 0 && *json_str(json_array_get(servers, 0), "host"));

	/* Once more is all of it once more; and enough is enough. */
	json_t *again = measure("");
	CHECK(number_of(again, "bytes") >= number_of(all, "bytes"));
	json_decref(again);
	rig_sim_say(&r, "/sim/faults", "cdn_chunk@*:latency=150");
	again = measure("--concurrency 1 --max-bytes 1000");
	rig_sim_clear(&r);
	CHECK(number_of(again, "bytes") > 0 && number_of(again, "bytes") < number_of(all, "bytes"));
	json_decref(again);
	json_decref(all);
	CHECK(shell("find %1$s/data -path '*content*' | sort | diff %1$s/before -", r.dir) == 0);
	CHECK(shell("%s prefill benchmark --app 12345 2>%s/get.err", getenv("FOOTPLATE"), r.dir) == 1);
	CHECK(said("not_found"));
}

static void by_itself(void)
{
	char cache[128];

	snprintf(cache, sizeof(cache), "%s/cache", r.dir);
	setenv("XDG_CACHE_HOME", cache, 1);
	unsetenv("FOOTPLATE_SERVER");
	unsetenv("FOOTPLATE_KEY_FILE");
	/* An installation's settings are not its own. */
	if (!getenv("DATABASE_URL"))
		setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing", 1);
	setenv("FOOTPLATE_SERVER__TLS_CERT", "/nowhere.pem", 1);
	CHECK(get("steam:900", "local", "--local") == 0);
	same("local");
	CHECK(get("steam:900", "again", "--local") == 0); /* from what is kept, without Steam's content servers */
	same("again");
	locked("--local");
}

int main(void)
{
	char key_file[128];

	rig_init(&r);
	make_content();
	start_steam();
	setenv("FOOTPLATE_LANES__UNSAFE", "true",
		1); /* each program would wait until the address may log on again */
	setenv("FOOTPLATE_LANES__LIMITS", "cm.connect=0,cm.login=0", 1);
	rig_serve(&r, NULL);
	snprintf(key_file, sizeof(key_file), "%s/data/admin.key", r.dir);
	setenv("FOOTPLATE_SERVER", r.url, 1);
	setenv("FOOTPLATE_KEY_FILE", key_file, 1);
	by_a_server();
	measured();
	rig_check_events(&r);
	rig_check_audit(&r);
	by_itself();
	rig_done(&r);
	return 0;
}
