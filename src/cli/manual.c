#include "cli/manual.h"
#include "cli/help.h"
#include "cli/nouns.h"

#include <string.h>

/* Text that roff must not take for a request: '-' stays a hyphen-minus that can be copied, a line never begins with a dot. */
static void put(struct buf *to, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\\')
			buf_str(to, "\\e");
		else if (s[i] == '-')
			buf_str(to, "\\-");
		else if ((s[i] == '.' || s[i] == '\'') && (i == 0 || s[i - 1] == '\n'))
			buf_fmt(to, "\\&%c", s[i]);
		else
			buf_u8(to, (uint8_t)s[i]);
}

static void put_str(struct buf *to, const char *s) { put(to, s, strlen(s)); }

/* A word in bold and what it means. */
static void put_item(struct buf *to, const char *name, size_t name_n, const char *doc, size_t doc_n)
{
	buf_str(to, ".TP\n\\fB");
	put(to, name, name_n);
	buf_str(to, "\\fR\n");
	put(to, doc, doc_n);
	buf_u8(to, '\n');
}

static void put_options(struct buf *to, const struct verb_option *t)
{
	for (; t && t->row.name; t++) {
		struct buf name = { 0 }, doc = { 0 };
		help_option(&name, t);
		buf_str(&doc, t->row.doc);
		for (int i = 0; t->row.words && t->row.words[i]; i++)
			buf_fmt(&doc, "%s%s", i ? ", " : " One of: ", t->row.words[i]);
		put_item(to, buf_text(&name), name.n, buf_text(&doc), doc.n);
		buf_done(&name);
		buf_done(&doc);
	}
}

static void put_verb(struct buf *to, const char *noun, const struct verb *v)
{
	struct buf usage = { 0 };

	help_usage(&usage, noun, v);
	buf_str(to, ".SS ");
	put(to, buf_text(&usage), usage.n);
	buf_u8(to, '\n');
	put_str(to, v->doc);
	buf_u8(to, '\n');
	for (int i = 0; i < VERB_ARGS_MAX && v->args[i].name; i++)
		put_item(to, v->args[i].name, strlen(v->args[i].name), v->args[i].doc, strlen(v->args[i].doc));
	put_options(to, v->options);
	if (v->example) {
		buf_str(to, ".PP\nExample:\n.PP\n.RS\n");
		put_str(to, v->example);
		buf_str(to, "\n.RE\n");
	}
	buf_done(&usage);
}

static void put_extra(struct buf *to, const struct cli_extra *e)
{
	const char *at = e->help;
	struct help_line line;

	buf_fmt(to, ".SS footplate %s%s%s\n", e->noun, e->verb ? " " : "", e->verb ? e->verb : "");
	put_str(to, e->doc);
	buf_u8(to, '\n');
	while (help_next(&at, &line))
		put_item(to, line.name, line.name_n, line.doc, line.doc_n);
}

static void put_noun(struct buf *to, const struct cli_extra *extra, const struct nouns_word *noun)
{
	const struct cli_extra *alone = nouns_extra(extra, noun->name, NULL);
	struct nouns_word w;

	if (alone)
		put_extra(to, alone);
	else if (noun->noun && !noun->noun->verbs[0].name) {
		buf_fmt(to, ".SS footplate %s\n", noun->name);
		put_str(to, noun->doc);
		buf_u8(to, '\n');
	}
	for (size_t at = 0; nouns_next(extra, noun->name, &at, &w);)
		if (w.verb)
			put_verb(to, noun->name, w.verb);
		else
			put_extra(to, w.extra);
}

void manual_page(struct buf *to, const struct cli_extra *extra)
{
	struct nouns_word w;
	char code[8];

	buf_str(to, ".TH FOOTPLATE 1 \"\" \"footplate " FOOTPLATE_VERSION "\" \"User Commands\"\n"
		    ".SH NAME\nfootplate \\- control plane for fleets of Steam accounts\n"
		    ".SH SYNOPSIS\n.B footplate\n.I NOUN VERB\n[\\fIARGUMENT\\fR...] [\\fIOPTION\\fR...]\n"
		    ".SH DESCRIPTION\nEvery verb is one operation of the HTTP API. Secrets are never arguments: "
		    "keys come from a "
		    "file that only its owner may read, or from an open file descriptor. "
		    "Answers go to the standard output, everything else to the standard error.\n.SH COMMANDS\n");
	for (size_t at = 0; nouns_next(extra, NULL, &at, &w);)
		put_noun(to, extra, &w);
	buf_str(to, ".SH OPTIONS OF EVERY VERB\n");
	put_options(to, cmd_options);
	buf_str(to, ".SH EXIT STATUS\n");
	for (const struct help_exit *e = help_exits; e->doc; e++) {
		int n = snprintf(code, sizeof(code), "%d", e->code);
		put_item(to, code, (size_t)n, e->doc, strlen(e->doc));
	}
	buf_str(to, ".SH ENVIRONMENT\n");
	for (const struct help_variable *v = help_variables; v->name; v++)
		put_item(to, v->name, strlen(v->name), v->doc, strlen(v->doc));
}

enum cli_exit manual_run(struct cmd *c, char **words, int n)
{
	struct buf b = { 0 };

	(void)words;
	if (n > 0)
		return cmd_usage(c, "man takes no argument");
	manual_page(&b, c->extra);
	cmd_write(c, &b);
	buf_done(&b);
	return CLI_OK;
}
