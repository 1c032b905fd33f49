#include "cli/words.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/login.h"
#include "cli/manual.h"
#include "cli/options.h"
#include "cli/run.h"

#include <jansson.h>
#include <string.h>

/* A command on its way to be understood. */
struct words {
	struct cmd *c;
	struct options options;
	const struct cli_extra *extra; /* set when it is one of main's: the words behind it are its own */
	char *all[WORDS_MAX];          /* without the options: noun, verb, arguments */
	int n;
	bool ended;       /* "--" was seen */
	const char *half; /* the first word of a verb of two: "secret set" is secret-set */
};

/* The words that print something of the command line itself. */
static const struct own {
	const char *noun;
	enum cli_exit (*run)(struct cmd *c, char **words, int n);
} owns[] = { { "help", help_run }, { "completion", completion_run }, { "man", manual_run }, { 0 } };

static const struct own *own_of(const char *noun)
{
	for (const struct own *o = owns; o->noun; o++)
		if (!strcmp(o->noun, noun))
			return o;
	return NULL;
}

static enum cli_exit unknown(struct words *w, const char *noun, const char *word)
{
	const char *near = nouns_nearest(w->c->extra, noun, word);
	char of[80] = "";

	if (noun)
		snprintf(of, sizeof(of), "%s has no verb", noun);
	else
		snprintf(of, sizeof(of), "there is no noun");
	if (near)
		return cmd_usage(w->c, "%s \"%.60s\"; did you mean \"%s\"?", of, word, near);
	return cmd_usage(
		w->c, "%s \"%.60s\"; see footplate %s%s--help", of, word, noun ? noun : "", noun ? " " : "");
}

static enum cli_exit take_noun(struct words *w, const char *word)
{
	struct cmd *c = w->c;

	if (!nouns_is_noun(c->extra, word))
		return unknown(w, NULL, word);
	c->noun = nouns_find(word);
	w->extra = nouns_extra(c->extra, word, NULL);
	return CLI_OK;
}

static bool is_half(const struct noun *noun, const char *word)
{
	size_t n = strlen(word);

	for (const struct verb *v = noun ? noun->verbs : NULL; v && v->name; v++)
		if (!strncmp(v->name, word, n) && v->name[n] == '-')
			return true;
	return false;
}

static enum cli_exit take_verb(struct words *w, char *word)
{
	struct cmd *c = w->c;

	if (!w->half && !nouns_verb(c->noun, word) && is_half(c->noun, word)) {
		w->half = word;
		w->n--;
		return CLI_OK;
	}
	if (w->half)
		word = w->all[1] = arena_fmt(&c->arena, "%s-%s", w->half, word);
	if (!word)
		return CLI_FAILED;
	w->extra = nouns_extra(c->extra, w->all[0], word);
	c->verb = nouns_verb(c->noun, word);
	if (w->extra || c->verb || own_of(w->all[0]))
		w->options.tables[0] = c->verb ? c->verb->options : NULL;
	else
		return unknown(w, w->all[0], word);
	return CLI_OK;
}

/* What people type every day has no noun. */
static const struct {
	const char *word, *noun, *verb;
} shorts[] = {
	{ "get", "download", "fetch" },
	{ "login", "auth", "login" },
	{ "logout", "auth", "logout" },
	{ "whoami", "auth", "whoami" },
};

static enum cli_exit take_word(struct words *w, char *word);

/* *word becomes the verb when it is one of them, and its noun is taken. */
static enum cli_exit take_short(struct words *w, char **word)
{
	for (size_t i = 0; i < sizeof(shorts) / sizeof(*shorts); i++)
		if (!strcmp(*word, shorts[i].word)) {
			char *noun = arena_str(&w->c->arena, shorts[i].noun);
			*word = arena_str(&w->c->arena, shorts[i].verb);
			return noun && *word ? take_word(w, noun) : CLI_FAILED;
		}
	return CLI_OK;
}

static enum cli_exit take_word(struct words *w, char *word)
{
	enum cli_exit code = CLI_OK;

	if (w->n == 0)
		code = take_short(w, &word);
	if (code != CLI_OK)
		return code;
	if (w->n == WORDS_MAX)
		return cmd_usage(w->c, "too many words");
	w->all[w->n++] = word;
	if (w->n == 1)
		code = take_noun(w, word);
	else if (w->n == 2)
		code = take_verb(w, word);
	return code;
}

/* Until the end, or until one of main's verbs, whose words are not ours. */
static enum cli_exit read_all(struct words *w)
{
	struct options *o = &w->options;
	struct fault f = { 0 };

	while (o->at < o->argc && !w->extra) {
		char *word = o->argv[o->at];
		if (!w->ended && !strcmp(word, "--")) {
			w->ended = true;
			o->at++;
			continue;
		}
		if (!w->ended && options_is(word)) {
			enum rc rc = options_take(o, &f);
			if (rc != RC_OK)
				return cmd_usage(w->c, "%s", *f.text ? f.text : rc_title(rc));
			continue;
		}
		o->at++;
		enum cli_exit code = take_word(w, word);
		if (code != CLI_OK)
			return code;
	}
	return CLI_OK;
}

static bool asks_help(char **argv, int from, int argc)
{
	for (int i = from; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

static int run_extra(struct words *w)
{
	struct options *o = &w->options;

	if (cmd_has(w->c, "help") || asks_help(o->argv, o->at, o->argc))
		return (int)help_run(w->c, w->all, w->n);
	fflush(w->c->out);
	return w->extra->run(o->argc - o->at + 1, o->argv + o->at - 1);
}

static bool may_be(const struct verb_arg *a, const char *word)
{
	for (int i = 0; a->words && a->words[i]; i++)
		if (!strcmp(a->words[i], word))
			return true;
	return !a->words;
}

static enum cli_exit wrong(struct words *w, const char *what, const char *name)
{
	struct buf usage = { 0 };

	help_usage(&usage, w->c->noun->name, w->c->verb);
	cmd_say(w->c, "%s %s; usage: %s", name, what, buf_text(&usage));
	buf_done(&usage);
	return CLI_USAGE;
}

static enum cli_exit none_of(struct cmd *c, const struct verb_arg *a)
{
	struct buf words = { 0 };

	for (int i = 0; a->words[i]; i++)
		buf_fmt(&words, "%s%s", i ? ", " : "", a->words[i]);
	cmd_say(c, "%s must be one of: %s", a->name, buf_text(&words));
	buf_done(&words);
	return CLI_USAGE;
}

/* The arguments are all there, and so are the options that must be. */
static enum cli_exit check(struct words *w)
{
	struct cmd *c = w->c;
	const struct verb *v = c->verb;

	for (int i = 0; i < VERB_ARGS_MAX && v->args[i].name; i++) {
		if (w->n < 3 + i)
			return wrong(w, "is missing", v->args[i].name);
		c->arg[i] = w->all[2 + i];
		if (!may_be(&v->args[i], c->arg[i]))
			return none_of(c, &v->args[i]);
	}
	if (w->n > 2 && (w->n - 3 >= VERB_ARGS_MAX || !v->args[w->n - 3].name))
		return wrong(w, "is one word too many", w->all[w->n - 1]);
	for (const struct verb_option *o = v->options; o && o->row.name; o++)
		if ((o->row.flags & FIELD_REQUIRED) && !cmd_has(c, o->row.name))
			return cmd_usage(c, "--%s is missing", o->row.name);
	return CLI_OK;
}

static enum cli_exit run(struct words *w)
{
	struct cmd *c = w->c;
	enum cli_exit code = check(w);

	if (code == CLI_OK)
		code = cmd_open(c);
	if (code == CLI_OK && !(c->verb->flags & VERB_ANYBODY))
		code = login_use(c);
	if (code == CLI_OK)
		code = c->verb->run ? c->verb->run(c) : run_verb(c);
	return code;
}

static enum cli_exit show_version(struct cmd *c)
{
	fprintf(c->out, "footplate %s\n", FOOTPLATE_VERSION);
	return CLI_OK;
}

/* A noun alone, or nothing at all. */
static enum cli_exit incomplete(struct words *w)
{
	struct buf b = { 0 };

	if (w->n > 0)
		help_noun(&b, w->c->extra, w->all[0]);
	else
		help_all(&b, w->c->extra);
	fwrite(b.p, 1, b.n, w->c->err);
	buf_done(&b);
	return CLI_USAGE;
}

static enum cli_exit run_ours(struct words *w)
{
	struct cmd *c = w->c;
	const struct own *own = w->n > 0 ? own_of(w->all[0]) : NULL;

	if (cmd_has(c, "help"))
		return help_run(c, w->all, w->n);
	if (cmd_has(c, "version"))
		return show_version(c);
	if (own)
		return own->run(c, w->all + 1, w->n - 1);
	return c->verb ? run(w) : incomplete(w);
}

int words_run(struct cmd *c, int argc, char **argv)
{
	struct words w = { .c = c,
		.options = { .tables = { NULL, cmd_options },
			.argc = argc,
			.at = 1,
			.argv = argv,
			.given = c->given,
			.arena = &c->arena } };
	enum cli_exit code = read_all(&w);

	if (code == CLI_OK && w.extra)
		return run_extra(&w);
	return (int)(code == CLI_OK ? run_ours(&w) : code);
}
