#include "cli/reference.h"
#include "cli/cmd.h"
#include "cli/help.h"
#include "cli/nouns.h"

static void put_md_options(struct buf *to, const struct verb_option *t)
{
	if (t && t->row.name)
		buf_str(to, "| option | meaning |\n|---|---|\n");
	for (; t && t->row.name; t++) {
		struct buf name = { 0 };
		help_option(&name, t);
		buf_fmt(to, "| `%s` | %s", buf_text(&name), t->row.doc);
		for (int i = 0; t->row.words && t->row.words[i]; i++)
			buf_fmt(to, "%s`%s`", i ? ", " : " One of ", t->row.words[i]);
		buf_str(to, t->row.words ? ". |\n" : " |\n");
		buf_done(&name);
	}
}

static void put_md_verb(struct buf *to, const char *noun, const struct verb *v)
{
	buf_str(to, "\n### ");
	help_usage(to, noun, v);
	buf_fmt(to, "\n\n%s", v->doc);
	if (v->path)
		buf_fmt(to, " Route: `%s %s`.", v->method, v->path);
	buf_str(to, "\n\n");
	for (int i = 0; i < VERB_ARGS_MAX && v->args[i].name; i++)
		buf_fmt(to, "- `%s`: %s\n", v->args[i].name, v->args[i].doc);
	if (v->args[0].name)
		buf_u8(to, '\n');
	put_md_options(to, v->options);
	if (v->example)
		buf_fmt(to, "\n    %s\n", v->example);
}

static void put_md_extra(struct buf *to, const struct cli_extra *e)
{
	const char *at = e->help;
	struct help_line line;

	buf_fmt(to, "\n### footplate %s%s%s\n\n%s\n\n", e->noun, e->verb ? " " : "", e->verb ? e->verb : "",
		e->doc);
	if (e->help)
		buf_str(to, "| option | meaning |\n|---|---|\n");
	while (help_next(&at, &line))
		buf_fmt(to, "| `%.*s` | %.*s |\n", (int)line.name_n, line.name, (int)line.doc_n, line.doc);
}

static void put_md_noun(struct buf *to, const struct cli_extra *extra, const struct nouns_word *noun)
{
	const struct cli_extra *alone = nouns_extra(extra, noun->name, NULL);
	struct nouns_word w;

	buf_fmt(to, "\n## %s\n\n%s\n", noun->name, noun->doc);
	if (alone)
		put_md_extra(to, alone);
	for (size_t at = 0; nouns_next(extra, noun->name, &at, &w);)
		if (w.verb)
			put_md_verb(to, noun->name, w.verb);
		else
			put_md_extra(to, w.extra);
}

void reference_write(struct buf *to, const struct cli_extra *extra)
{
	struct nouns_word w;

	buf_str(to, "# Command line\n\n`footplate NOUN VERB [ARGUMENT…] [OPTION…]`\n\nEvery verb is one operation "
		    "of the HTTP "
		    "API. Secrets are never arguments.\n\n## Options of every verb\n\n");
	put_md_options(to, cmd_options);
	buf_str(to, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
	for (const struct help_exit *e = help_exits; e->doc; e++)
		buf_fmt(to, "| %d | %s |\n", e->code, e->doc);
	buf_str(to, "\n## Environment\n\n| variable | meaning |\n|---|---|\n");
	for (const struct help_variable *v = help_variables; v->name; v++)
		buf_fmt(to, "| `%s` | %s |\n", v->name, v->doc);
	for (size_t at = 0; nouns_next(extra, NULL, &at, &w);)
		put_md_noun(to, extra, &w);
}
