#include "cli/help.h"
#include "cli/cmd.h"

#include <string.h>

#define NAME_COLUMN 28 /* where sentences begin */

const struct help_exit help_exits[] = {
	{ CLI_OK, "Done." },
	{ CLI_FAILED, "It failed, or a job that was waited for failed or was canceled." },
	{ CLI_USAGE, "The command was typed wrong, or the server found a value that is not valid." },
	{ CLI_PARTIAL, "A part of it succeeded." },
	{ CLI_MISSING, "There is no such thing." },
	{ CLI_DENIED, "The key is missing, not valid, or does not allow it." },
	{ CLI_CONFLICT, "Not possible in the present state, or somebody else changed it in between." },
	{ CLI_LIMITED, "Over a limit; try later." },
	{ CLI_UNKNOWN, "Nobody knows whether it was done, or somebody must look." },
	{ CLI_AWAY, "The server cannot be reached." },
	{ CLI_WAIT_EXPIRED, "The time to wait is over; the work goes on." },
	{ 0 },
};

const struct help_variable help_variables[] = {
	{ "FOOTPLATE_SERVER", "Address of the control plane, when there is no --server." },
	{ "FOOTPLATE_KEY_FILE", "File with the API key, when there is no --key-file and no --key-fd." },
	{ "NO_COLOR", "When it is not empty, nothing is coloured." },
	{ 0 },
};

static void put_row(struct buf *to, const char *name, size_t name_n, const char *doc, size_t doc_n)
{
	buf_str(to, "  ");
	buf_put(to, name, name_n);
	if (name_n + 2 < NAME_COLUMN)
		for (size_t i = name_n + 2; i < NAME_COLUMN; i++)
			buf_u8(to, ' ');
	else
		buf_fmt(to, "\n%*s", NAME_COLUMN, "");
	buf_put(to, doc, doc_n);
	buf_u8(to, '\n');
}

void help_option(struct buf *to, const struct verb_option *o)
{
	if (o->letter)
		buf_fmt(to, "-%c, ", o->letter);
	buf_fmt(to, "--%s", o->row.name);
	if (o->value)
		buf_fmt(to, o->optional ? "[=%s]" : " %s", o->value);
}

static void put_options(struct buf *to, const struct verb_option *t)
{
	for (; t && t->row.name; t++) {
		struct buf name = { 0 }, doc = { 0 };
		help_option(&name, t);
		buf_str(&doc, t->row.doc);
		for (int i = 0; t->row.words && t->row.words[i]; i++)
			buf_fmt(&doc, "%s%s", i ? ", " : " One of: ", t->row.words[i]);
		if (t->row.words)
			buf_u8(&doc, '.');
		if (t->row.flags & FIELD_REQUIRED)
			buf_str(&doc, " Required.");
		put_row(to, buf_text(&name), name.n, buf_text(&doc), doc.n);
		buf_done(&name);
		buf_done(&doc);
	}
}

void help_usage(struct buf *to, const char *noun, const struct verb *v)
{
	buf_fmt(to, "footplate %s %s", noun, v->name);
	for (int i = 0; i < VERB_ARGS_MAX && v->args[i].name; i++)
		buf_fmt(to, " %s", v->args[i].name);
	buf_str(to, v->options ? " [OPTION…]" : "");
}

static void put_words(struct buf *to, const struct cli_extra *extra, const char *noun)
{
	struct nouns_word w;
	for (size_t at = 0; nouns_next(extra, noun, &at, &w);)
		put_row(to, w.name, strlen(w.name), w.doc, strlen(w.doc));
}

void help_all(struct buf *to, const struct cli_extra *extra)
{
	buf_str(to, "Usage: footplate NOUN VERB [ARGUMENT…] [OPTION…]\n\n"
		    "Footplate runs fleets of Steam accounts. This is its command line, a client of its "
		    "API.\n\nNouns:\n");
	put_words(to, extra, NULL);
	buf_str(to, "\nOptions of every verb:\n");
	put_options(to, cmd_options);
	buf_str(to, "\nExit codes:\n");
	for (const struct help_exit *e = help_exits; e->doc; e++) {
		struct buf code = { 0 };
		buf_fmt(&code, "%d", e->code);
		put_row(to, buf_text(&code), code.n, e->doc, strlen(e->doc));
		buf_done(&code);
	}
	buf_str(to, "\nEnvironment:\n");
	for (const struct help_variable *v = help_variables; v->name; v++)
		put_row(to, v->name, strlen(v->name), v->doc, strlen(v->doc));
	buf_str(to, "\nfootplate NOUN --help lists its verbs; footplate NOUN VERB --help explains one.\n");
}

void help_noun(struct buf *to, const struct cli_extra *extra, const char *noun)
{
	const struct noun *n = nouns_find(noun);
	const struct cli_extra *alone = nouns_extra(extra, noun, NULL);
	struct nouns_word w;
	size_t at = 0;

	if (alone) {
		help_extra(to, alone);
		return;
	}
	if (n && !nouns_next(extra, noun, &at, &w)) {
		buf_fmt(to, "Usage: footplate %s\n\n%s\n", noun, n->doc);
		return;
	}
	buf_fmt(to, "Usage: footplate %s VERB [ARGUMENT…] [OPTION…]\n\n", noun);
	if (n)
		buf_fmt(to, "%s\n\n", n->doc);
	buf_str(to, "Verbs:\n");
	put_words(to, extra, noun);
	buf_fmt(to, "\nfootplate %s VERB --help explains one.\n", noun);
}

void help_verb(struct buf *to, const char *noun, const struct verb *v)
{
	buf_str(to, "Usage: ");
	help_usage(to, noun, v);
	buf_fmt(to, "\n\n%s\n", v->doc);
	if (v->args[0].name)
		buf_str(to, "\nArguments:\n");
	for (int i = 0; i < VERB_ARGS_MAX && v->args[i].name; i++)
		put_row(to, v->args[i].name, strlen(v->args[i].name), v->args[i].doc, strlen(v->args[i].doc));
	if (v->options)
		buf_str(to, "\nOptions:\n");
	put_options(to, v->options);
	buf_str(to, "\nOptions of every verb:\n");
	put_options(to, cmd_options);
	if (v->path)
		buf_fmt(to, "\nRoute: %s %s\n", v->method, v->path);
	if (v->example)
		buf_fmt(to, "\nExample: %s\n", v->example);
}

bool help_next(const char **at, struct help_line *ret)
{
	const char *p = *at;

	while (p && *p == '\n')
		p++;
	if (!p || !*p)
		return false;
	size_t n = strcspn(p, "\n"), name = strcspn(p, "\t\n");
	*ret = (struct help_line){ .name = p, .name_n = name, .doc = p + name, .doc_n = n - name };
	while (ret->doc_n > 0 && *ret->doc == '\t') {
		ret->doc++;
		ret->doc_n--;
	}
	*at = p + n;
	return true;
}

void help_extra(struct buf *to, const struct cli_extra *e)
{
	const char *at = e->help;
	struct help_line line;

	buf_fmt(to, "Usage: footplate %s%s%s%s\n\n%s\n", e->noun, e->verb ? " " : "", e->verb ? e->verb : "",
		e->help ? " [OPTION…]" : "", e->doc);
	if (e->help)
		buf_str(to, "\nOptions:\n");
	while (help_next(&at, &line))
		put_row(to, line.name, line.name_n, line.doc, line.doc_n);
}

static enum cli_exit no_word(struct cmd *c, const char *noun, const char *word)
{
	const char *near = nouns_nearest(c->extra, noun, word);
	return cmd_usage(c, "there is no %s \"%.60s\"%s%s%s", noun ? "verb" : "noun", word,
		near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

enum cli_exit help_run(struct cmd *c, char **words, int n)
{
	const struct verb *v = n > 1 ? nouns_verb(nouns_find(words[0]), words[1]) : NULL;
	const struct cli_extra *e = n > 1 ? nouns_extra(c->extra, words[0], words[1]) : NULL;
	struct buf b = { 0 };

	if (n > 0 && !nouns_is_noun(c->extra, words[0]))
		return no_word(c, NULL, words[0]);
	if (n > 1 && !v && !e)
		return no_word(c, words[0], words[1]);
	if (v)
		help_verb(&b, words[0], v);
	else if (e)
		help_extra(&b, e);
	else if (n > 0)
		help_noun(&b, c->extra, words[0]);
	else
		help_all(&b, c->extra);
	cmd_write(c, &b);
	buf_done(&b);
	return CLI_OK;
}
