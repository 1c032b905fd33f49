/* Help, completion, the man page and the reference name all that can be typed; the tables themselves are sound. */
#include "cli/completion.h"
#include "cli/manual.h"
#include "cli/nouns.h"
#include "tests/unit/cli/run.h"

static int ran, ran_argc;
static char ran_last[64];

static int run_it(int argc, char **argv)
{
	ran++;
	ran_argc = argc;
	snprintf(ran_last, sizeof(ran_last), "%s|%s", argv[0], argv[argc - 1]);
	return 7;
}

static const struct cli_extra extra[] = {
	{ "serve", NULL, run_it, "Runs the control plane.",
		"--config FILE\tWhere it's configured.\n--demo\tWith a Steam." },
	{ "agent", "run", run_it, "Runs an agent.", NULL },
	{ "server", "doctor", run_it, "Looks for what is wrong.", "--deep\tLooks longer." },
	{ 0 },
};

static bool has(const struct buf *b, const char *words)
{
	bool found = memmem(b->p, b->n, words, strlen(words)) != NULL;
	if (!found)
		fprintf(stderr, "nowhere: %s\n", words);
	return found;
}

/* As the man page spells it: each '-' as "\\-". */
static bool has_roff(const struct buf *b, const char *words)
{
	struct buf roff = { 0 };
	for (; *words; words++)
		buf_fmt(&roff, *words == '-' ? "\\%c" : "%c", *words);
	bool found = has(b, buf_text(&roff));
	buf_done(&roff);
	return found;
}

static bool is_sentence(const char *s) { return s && strlen(s) > 3 && s[strlen(s) - 1] == '.'; }

/* An option takes a value with every verb or with none: the completion scripts count on it. */
static void same_everywhere(const struct verb_option *o)
{
	for (const struct noun *n = nouns; n->name; n++)
		for (const struct verb *v = n->verbs; v->name; v++)
			for (const struct verb_option *p = v->options; p && p->row.name; p++) {
				bool same =
					!strcmp(o->row.name, p->row.name) || (o->letter && o->letter == p->letter);
				if (same && (o->value && !o->optional) != (p->value && !p->optional)) {
					fprintf(stderr, "--%s and --%s of %s %s\n", o->row.name, p->row.name,
						n->name, v->name);
					exit(1);
				}
			}
}

static void check_options(const struct verb *v)
{
	for (const struct verb_option *o = v->options; o && o->row.name; o++) {
		CHECK(is_sentence(o->row.doc));
		CHECK(!o->value == (o->row.type == FIELD_BOOL));
		CHECK(!!o->row.words == (o->row.type == FIELD_ENUM));
		same_everywhere(o);
		for (const struct verb_option *p = v->options; p->row.name; p++)
			CHECK(p == o ||
				(strcmp(o->row.name, p->row.name) && (!o->letter || o->letter != p->letter)));
		for (const struct verb_option *p = cmd_options; p->row.name; p++)
			CHECK(strcmp(o->row.name, p->row.name) && (!o->letter || o->letter != p->letter));
	}
}

static void the_tables_are_sound(void)
{
	for (const struct noun *n = nouns; n->name; n++) {
		CHECK(is_sentence(n->doc));
		for (const struct verb *v = n->verbs; v->name; v++) {
			int gaps = 0, free_args = 0;
			CHECK(is_sentence(v->doc));
			CHECK(v->run || (v->method && v->path));
			check_options(v);
			for (const char *at = v->path; at && (at = strstr(at, "{}")); at += 2)
				gaps++;
			for (int i = 0; i < VERB_ARGS_MAX && v->args[i].name; i++) {
				CHECK(is_sentence(v->args[i].doc));
				free_args += !v->args[i].member;
			}
			CHECK(v->run || gaps == free_args);
		}
	}
}

static void each_names_all(void)
{
	struct buf bash = { 0 }, zsh = { 0 }, fish = { 0 }, man = { 0 }, md = { 0 };
	char words[128];

	completion_bash(&bash, extra);
	completion_zsh(&zsh, extra);
	completion_fish(&fish, extra);
	manual_page(&man, extra);
	cli_document(&md, extra);
	for (const struct noun *n = nouns; n->name; n++)
		for (const struct verb *v = n->verbs; v->name; v++) {
			snprintf(words, sizeof(words), "footplate %s %s", n->name, v->name);
			CHECK(has_roff(&man, words) && has(&md, words));
			snprintf(words, sizeof(words), "\"%s %s\") words=", n->name, v->name);
			CHECK(has(&bash, words));
			snprintf(words, sizeof(words), "'%s %s') all=(", n->name, v->name);
			CHECK(has(&zsh, words));
			snprintf(words, sizeof(words), "'__footplate_at %s' -a %s -d", n->name, v->name);
			CHECK(has(&fish, words));
			for (const struct verb_option *o = v->options; o && o->row.name; o++) {
				snprintf(words, sizeof(words), "--%s", o->row.name);
				CHECK(has(&bash, words) && has(&zsh, words) && has(&md, words));
				snprintf(words, sizeof(words), "__footplate_at %s %s' -l %s", n->name, v->name,
					o->row.name);
				CHECK(has(&fish, words));
			}
		}
	CHECK(has(&man, ".SS footplate serve") && has(&man, ".SS footplate agent run") && has(&man, "\\-\\-deep"));
	CHECK(has(&md, "### footplate server doctor") && has(&md, "| `--config FILE` | Where it's configured. |"));
	CHECK(has(&bash, "\"serve \") words=\"--help --config --demo") && has(&bash, "\"agent run\")"));
	CHECK(has(&zsh, "'--config:Where it'\\''s configured.'") &&
		has(&fish, "-l config -r -d 'Where it\\'s configured.'"));
	CHECK(has(&man, ".SH EXIT STATUS") && has(&man, "\\fB124\\fR") && has(&md, "| 124 |"));
	buf_done(&bash);
	buf_done(&zsh);
	buf_done(&fish);
	buf_done(&man);
	buf_done(&md);
}

/* What bash itself makes of the script. */
static void bash_completes(void)
{
	struct buf script = { 0 };
	char path[] = "/tmp/cli_help.XXXXXX", command[1024], line[4096] = "";
	int fd = mkstemp(path);

	completion_bash(&script, extra);
	CHECK(fd >= 0 && write(fd, script.p, script.n) == (ssize_t)script.n);
	close(fd);
	snprintf(command, sizeof(command),
		"bash -c 'source %s; t() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($#-1)); _footplate; echo "
		"\"${COMPREPLY[*]};\"; }; "
		"t footplate tas; t footplate --server http://x job c; t footplate job list --status par; "
		"t footplate dev decode v; t footplate job run x --acc; t footplate -o y; t footplate serve --d'",
		path);
	FILE *p = popen(command, "r");
	CHECK(p != NULL);
	size_t n = fread(line, 1, sizeof(line) - 1, p);
	CHECK(pclose(p) == 0);
	line[n] = 0;
	CHECK_STR(line, "task;\ncancel;\npartially_succeeded;\nvdf;\n--account;\nyaml;\n--demo;\n");
	unlink(path);
	buf_done(&script);
}

static void help_on_every_level(void)
{
	run_extra = extra;
	CHECK(run("--help") == CLI_OK && strstr(said_out, "Nouns:") && strstr(said_out, "  serve") && !*said_err);
	CHECK(run("help") == CLI_OK && strstr(said_out, "Nouns:"));
	CHECK(run("job", "--help") == CLI_OK && strstr(said_out, "  cancel"));
	CHECK(run("help", "job") == CLI_OK && strstr(said_out, "  cancel"));
	CHECK(run("job", "run", "-h") == CLI_OK && strstr(said_out, "Route: POST /v1/jobs\n"));
	CHECK(run("help", "job", "run") == CLI_OK && strstr(said_out, "--idempotency-key KEY"));
	CHECK(run("agent", "--help") == CLI_OK && strstr(said_out, "  enroll") && strstr(said_out, "  run"));
	for (const struct noun *n = nouns; n->name; n++)
		for (const struct verb *v = n->verbs; v->name; v++)
			CHECK(run(n->name, v->name, "--help") == CLI_OK && strstr(said_out, v->doc));
	CHECK(run() == CLI_USAGE && !*said_out && strstr(said_err, "Nouns:"));
	CHECK(run("job") == CLI_USAGE && !*said_out && strstr(said_err, "Verbs:"));
	CHECK(run("--version") == CLI_OK && !strncmp(said_out, "footplate ", 10));
	CHECK(run("man") == CLI_OK && !strncmp(said_out, ".TH FOOTPLATE 1", 15));
	CHECK(run("completion", "fish") == CLI_OK && strstr(said_out, "function __footplate_at"));
	CHECK(run("completion", "tcsh") == CLI_USAGE && run("completion") == CLI_USAGE &&
		run("man", "x") == CLI_USAGE);
}

static void wrong_words(void)
{
	CHECK(run("jbo", "list") == CLI_USAGE && strstr(said_err, "did you mean \"job\"?"));
	CHECK(run("serv") == CLI_USAGE && strstr(said_err, "did you mean \"serve"));
	CHECK(run("server", "docter") == CLI_USAGE && strstr(said_err, "did you mean \"doctor\"?"));
	CHECK(run("job", "lsit") == CLI_USAGE && strstr(said_err, "did you mean \"list\"?"));
	CHECK(run("job", "zzzzzz") == CLI_USAGE && strstr(said_err, "see footplate job --help"));
	CHECK(run("help", "jobb") == CLI_USAGE && run("help", "job", "runn") == CLI_USAGE);
	CHECK(run("job", "list", "--stat", "failed") == CLI_USAGE && strstr(said_err, "did you mean --status?"));
	CHECK(run("job", "get") == CLI_USAGE && strstr(said_err, "usage: footplate job get JOB"));
	CHECK(run("job", "get", "a", "b") == CLI_USAGE && strstr(said_err, "one word too many"));
	CHECK(run("key", "create", "x") == CLI_USAGE && strstr(said_err, "--scope is missing"));
	CHECK(run("dev", "decode", "zip", "x") == CLI_USAGE &&
		strstr(said_err, "chunk, jwt, manifest, packet, qr, tcp, vdf"));
	CHECK(run("job", "list", "--server", "ftp://x") == CLI_USAGE && strstr(said_err, "http://"));
	CHECK(run("a\033[2J") == CLI_USAGE && !strchr(said_err, '\033'));
}

static void verbs_of_others(void)
{
	run_extra = extra;
	CHECK(run("serve", "--config", "x") == 7 && ran == 1 && ran_argc == 3);
	CHECK_STR(ran_last, "serve|x");
	CHECK(run("agent", "run") == 7 && ran == 2 && ran_argc == 1);
	CHECK_STR(ran_last, "run|run");
	CHECK(run("serve", "--demo", "--help") == CLI_OK && strstr(said_out, "Where it's configured."));
	CHECK(run("--help", "serve") == CLI_OK && run("agent", "run", "-h") == CLI_OK && ran == 2);
	CHECK(run("serve", "--", "--help") == 7 && ran == 3);
	run_extra = NULL;
	CHECK(run("serve") == CLI_USAGE && run("agent", "run") == CLI_USAGE && ran == 3);
}

static void decodes_files(void)
{
	CHECK(run("dev", "decode", "vdf", "tests/corpus/vdf_binary/package_0.bin") == CLI_OK);
	CHECK(!strncmp(said_out, "{\n  \"0\": {\n    \"packageid\": 0,", 30));
	CHECK(run("dev", "decode", "packet", "tests/corpus/steam_frame/ClientVACBanStatus.bin", "-o", "jsonl") ==
		CLI_OK);
	CHECK(!strncmp(said_out, "{\"emsg\":782,", 12));
	CHECK(run("dev", "decode", "packet", "tests/corpus/vdf_binary/package_0.bin") == CLI_FAILED && !*said_out);
	CHECK(run("dev", "decode", "chunk",
		      "tests/corpus/depot/depot_440_chunk_bac8e2657470b2eb70d6ddcd6c07004be8738697.bin", "--key",
		      "tests/corpus/depot/440.key", "-o", "jsonl") == CLI_OK);
	CHECK_STR(said_out, "{\"kind\":\"zip\",\"packed\":320,\"size\":544,\"adler\":2130218374,"
			    "\"sha1\":\"bac8e2657470b2eb70d6ddcd6c07004be8738697\"}\n");
	CHECK(run("dev", "decode", "manifest", "tests/corpus/manifest/depot_440_1118032470228587934.manifest",
		      "--key=tests/corpus/depot/440.key") == CLI_OK);
	CHECK(strstr(said_out, "\"name\": \"bin\\\\dxsupport.cfg\""));
	CHECK(run("dev", "decode", "manifest", "tests/corpus/manifest/depot_440_1118032470228587934.manifest",
		      "--key=tests/corpus/depot/232250.key") == CLI_FAILED);
	CHECK(strstr(said_err, "not encrypted with this key") && !*said_out);
	CHECK(run("dev", "decode", "manifest", "x", "--key", "README.md") == CLI_USAGE);
	CHECK(run("dev", "decode", "vdf", "/nonexistent") == CLI_USAGE && strstr(said_err, "/nonexistent"));
}

int main(void)
{
	the_tables_are_sound();
	each_names_all();
	bash_completes();
	help_on_every_level();
	wrong_words();
	verbs_of_others();
	decodes_files();
	run_done();
	return 0;
}
