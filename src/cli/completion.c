#include "cli/completion.h"
#include "cli/help.h"
#include "cli/nouns.h"

#include <string.h>

enum cli_exit completion_run(struct cmd *c, char **words, int n)
{
	struct buf b = { 0 };

	if (n != 1)
		return cmd_usage(c, "name one shell: footplate completion bash|zsh|fish");
	if (!strcmp(words[0], "bash"))
		completion_bash(&b, c->extra);
	else if (!strcmp(words[0], "zsh"))
		completion_zsh(&b, c->extra);
	else if (!strcmp(words[0], "fish"))
		completion_fish(&b, c->extra);
	else
		return cmd_usage(
			c, "there is no completion for \"%.40s\"; there is for bash, zsh and fish", words[0]);
	cmd_write(c, &b);
	buf_done(&b);
	return CLI_OK;
}

/* A text inside single quotes, which zsh and bash write as '\'' and fish as \'. */
static void put_quoted(struct buf *to, const char *s, size_t n, const char *quote)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\'')
			buf_str(to, quote);
		else
			buf_u8(to, (uint8_t)s[i]);
}

/* Every option that takes the next word as its value, as patterns of a `case`. */
static void put_valued(struct buf *to, const struct verb_option *t, const char *between, size_t *n)
{
	for (; t && t->row.name; t++) {
		if (!t->value || t->optional)
			continue;
		buf_fmt(to, "%s--%s", (*n)++ ? between : "", t->row.name);
		if (t->letter)
			buf_fmt(to, "%s-%c", between, t->letter);
	}
}

/* Of all verbs at once: no option takes a value with one verb and none with another (a test holds that). */
static void put_all_valued(struct buf *to, const char *between)
{
	size_t n = 0;
	put_valued(to, cmd_options, between, &n);
	for (const struct noun *noun = nouns; noun->name; noun++)
		for (const struct verb *v = noun->verbs; v->name; v++)
			put_valued(to, v->options, between, &n);
}

static void put_extra_options(struct buf *to, const struct cli_extra *e)
{
	const char *at = e->help;
	struct help_line line;

	while (help_next(&at, &line)) {
		buf_u8(to, ' ');
		buf_put(to, line.name, strcspn(line.name, " \t\n=["));
	}
}

static void put_option_words(struct buf *to, const struct verb_option *t)
{
	for (; t && t->row.name; t++)
		buf_fmt(to, " --%s", t->row.name);
}

/* What stands around the fixed values of an option, in a line of a `case`. */
struct frame {
	const char *before, *after;
};

static void put_line(struct buf *to, const char *verb, const struct verb_option *o, struct frame f)
{
	buf_fmt(to, "\t\"%s --%s\"", verb, o->row.name);
	if (o->letter)
		buf_fmt(to, "|\"%s -%c\"", verb, o->letter);
	buf_str(to, f.before);
	for (int i = 0; o->row.words[i]; i++)
		buf_fmt(to, "%s%s", i ? " " : "", o->row.words[i]);
	buf_str(to, f.after);
}

/* The line of every option with fixed values. */
static void put_values(struct buf *to, struct frame f)
{
	char verb[64];

	for (const struct noun *n = nouns; n->name; n++)
		for (const struct verb *v = n->verbs; v->name; v++) {
			snprintf(verb, sizeof(verb), "%s %s", n->name, v->name);
			for (const struct verb_option *o = v->options; o && o->row.name; o++)
				if (o->row.words)
					put_line(to, verb, o, f);
		}
}

static void put_bash_verb(struct buf *to, const char *noun, const struct nouns_word *w)
{
	buf_fmt(to, "\t\"%s %s\") words=\"", noun, w->name);
	if (w->extra) {
		buf_str(to, "--help");
		put_extra_options(to, w->extra);
	} else {
		const char *const *words = w->verb->args[0].words;
		for (int i = 0; words && words[i]; i++)
			buf_fmt(to, "%s ", words[i]);
		buf_str(to, "$every");
		put_option_words(to, w->verb->options);
	}
	buf_str(to, "\" ;;\n");
}

static void put_bash_noun(struct buf *to, const struct cli_extra *extra, const char *noun)
{
	const struct cli_extra *alone = nouns_extra(extra, noun, NULL);
	struct nouns_word w;

	buf_fmt(to, "\t\"%s \") words=\"--help", noun);
	if (alone)
		put_extra_options(to, alone);
	for (size_t at = 0; nouns_next(extra, noun, &at, &w);)
		buf_fmt(to, " %s", w.name);
	if (!strcmp(noun, "completion"))
		buf_str(to, " bash zsh fish");
	buf_str(to, "\" ;;\n");
	for (size_t at = 0; nouns_next(extra, noun, &at, &w);)
		put_bash_verb(to, noun, &w);
}

void completion_bash(struct buf *to, const struct cli_extra *extra)
{
	struct nouns_word w;

	buf_str(to, "# bash completion for footplate; made by: footplate completion bash\n"
		    "_footplate() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		    "\tlocal noun= verb= words= every= i\n"
		    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	put_all_valued(to, "|");
	buf_str(to, ") ((i++)) ;;\n\t\t-*) ;;\n"
		    "\t\t*) if [[ -z $noun ]]; then noun=${COMP_WORDS[i]}; elif [[ -z $verb ]]; then "
		    "verb=${COMP_WORDS[i]}; fi ;;\n"
		    "\t\tesac\n\tdone\n\tevery=\"");
	put_option_words(to, cmd_options);
	buf_str(to, "\"\n\tcase $prev in\n"
		    "\t--output|-o) COMPREPLY=($(compgen -W 'table json jsonl yaml csv' -- \"$cur\")); return ;;\n"
		    "\t--key-file|--ca-file) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n\tesac\n"
		    "\tcase \"$noun $verb $prev\" in\n");
	put_values(to, (struct frame){ ") words=\"", "\" ;;\n" });
	buf_str(to,
		"\tesac\n\tif [[ -n $words ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); return; fi\n"
		"\tcase \"$noun $verb\" in\n\t\" \") words=\"$every");
	for (size_t at = 0; nouns_next(extra, NULL, &at, &w);)
		buf_fmt(to, " %s", w.name);
	buf_str(to, "\" ;;\n");
	for (size_t at = 0; nouns_next(extra, NULL, &at, &w);)
		put_bash_noun(to, extra, w.name);
	buf_str(to, "\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
		    "complete -o default -F _footplate footplate\n");
}

/* --- zsh */

static void put_zsh_word(struct buf *to, const char *dashes, const char *name, const char *doc, size_t doc_n)
{
	buf_fmt(to, " '%s%s:", dashes, name);
	put_quoted(to, doc, doc_n, "'\\''");
	buf_u8(to, '\'');
}

static void put_zsh_options(struct buf *to, const struct verb_option *t)
{
	for (; t && t->row.name; t++)
		put_zsh_word(to, "--", t->row.name, t->row.doc, strlen(t->row.doc));
}

static void put_zsh_extra(struct buf *to, const struct cli_extra *e)
{
	const char *at = e->help;
	struct help_line line;
	char name[64];

	while (help_next(&at, &line)) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(line.name, " \t\n=["), line.name);
		put_zsh_word(to, "", name, line.doc, line.doc_n);
	}
}

static void put_zsh_noun(struct buf *to, const struct cli_extra *extra, const char *noun)
{
	const struct cli_extra *alone = nouns_extra(extra, noun, NULL);
	struct nouns_word w;

	buf_fmt(to, "\t'%s ') all=(", noun);
	for (size_t at = 0; nouns_next(extra, noun, &at, &w);)
		put_zsh_word(to, "", w.name, w.doc, strlen(w.doc));
	if (alone)
		put_zsh_extra(to, alone);
	if (!strcmp(noun, "completion"))
		buf_str(to, " bash zsh fish");
	buf_str(to, ") ;;\n");
	for (size_t at = 0; nouns_next(extra, noun, &at, &w);) {
		buf_fmt(to, "\t'%s %s') all=(", noun, w.name);
		if (w.extra)
			put_zsh_extra(to, w.extra);
		for (int i = 0; w.verb && w.verb->args[0].words && w.verb->args[0].words[i]; i++)
			buf_fmt(to, " %s", w.verb->args[0].words[i]);
		put_zsh_options(to, w.verb ? w.verb->options : NULL);
		buf_str(to, w.verb ? " \"${every[@]}\") ;;\n" : ") ;;\n");
	}
}

void completion_zsh(struct buf *to, const struct cli_extra *extra)
{
	struct nouns_word w;

	buf_str(to, "#compdef footplate\n# zsh completion for footplate; made by: footplate completion zsh\n"
		    "_footplate() {\n\tlocal noun= verb= i\n\tlocal -a all every\n"
		    "\tfor ((i = 2; i < CURRENT; i++)); do\n\t\tcase ${words[i]} in\n\t\t");
	put_all_valued(to, "|");
	buf_str(to,
		") ((i++)) ;;\n\t\t-*) ;;\n"
		"\t\t*) if [[ -z $noun ]]; then noun=${words[i]}; elif [[ -z $verb ]]; then verb=${words[i]}; fi "
		";;\n\t\tesac\n\tdone\n\tcase ${words[CURRENT-1]} in\n"
		"\t--output|-o) compadd table json jsonl yaml csv; return ;;\n"
		"\t--key-file|--ca-file) _files; return ;;\n\tesac\n\tevery=(");
	put_zsh_options(to, cmd_options);
	buf_str(to, ")\n\tcase \"$noun $verb ${words[CURRENT-1]}\" in\n");
	put_values(to, (struct frame){ ") compadd ", "; return ;;\n" });
	buf_str(to, "\tesac\n\tcase \"$noun $verb\" in\n\t' ') all=(");
	for (size_t at = 0; nouns_next(extra, NULL, &at, &w);)
		put_zsh_word(to, "", w.name, w.doc, strlen(w.doc));
	buf_str(to, " \"${every[@]}\") ;;\n");
	for (size_t at = 0; nouns_next(extra, NULL, &at, &w);)
		put_zsh_noun(to, extra, w.name);
	buf_str(to, "\tesac\n\t_describe -t commands footplate all || _files\n}\n"
		    "if [[ $funcstack[1] == _footplate ]]; then _footplate \"$@\"; else compdef _footplate "
		    "footplate; fi\n");
}

/* --- fish */

static void put_fish_doc(struct buf *to, const char *doc, size_t n)
{
	buf_str(to, " -d '");
	put_quoted(to, doc, n, "\\'");
	buf_str(to, "'\n");
}

static void put_fish_options(struct buf *to, const char *when, const struct verb_option *t)
{
	for (; t && t->row.name; t++) {
		buf_fmt(to, "complete -c footplate%s -l %s", when, t->row.name);
		if (t->letter)
			buf_fmt(to, " -s %c", t->letter);
		if (t->value && !t->optional)
			buf_str(to, strstr(t->value, "FILE") ? " -r -F" : " -x");
		for (int i = 0; t->row.words && t->row.words[i]; i++)
			buf_fmt(to, "%s%s%s", i ? " " : " -a '", t->row.words[i], t->row.words[i + 1] ? "" : "'");
		put_fish_doc(to, t->row.doc, strlen(t->row.doc));
	}
}

static void put_fish_extra(struct buf *to, const char *when, const struct cli_extra *e)
{
	const char *at = e->help;
	struct help_line line;

	while (help_next(&at, &line)) {
		size_t n = strcspn(line.name, " \t\n=[");
		if (n < 3 || strncmp(line.name, "--", 2) != 0)
			continue;
		buf_fmt(to, "complete -c footplate%s -l %.*s%s", when, (int)(n - 2), line.name + 2,
			n < line.name_n ? " -r" : "");
		put_fish_doc(to, line.doc, line.doc_n);
	}
}

static void put_fish_noun(struct buf *to, const struct cli_extra *extra, const char *noun)
{
	const struct cli_extra *alone = nouns_extra(extra, noun, NULL);
	char when[128];
	struct nouns_word w;

	for (size_t at = 0; nouns_next(extra, noun, &at, &w);) {
		buf_fmt(to, "complete -c footplate -f -n '__footplate_at %s' -a %s", noun, w.name);
		put_fish_doc(to, w.doc, strlen(w.doc));
		snprintf(when, sizeof(when), " -n '__footplate_at %s %s'", noun, w.name);
		if (w.extra)
			put_fish_extra(to, when, w.extra);
		else
			put_fish_options(to, when, w.verb->options);
		for (int i = 0; w.verb && w.verb->args[0].words && w.verb->args[0].words[i]; i++)
			buf_fmt(to, "complete -c footplate%s -a %s\n", when, w.verb->args[0].words[i]);
	}
	snprintf(when, sizeof(when), " -n '__footplate_at %s'", noun);
	if (alone)
		put_fish_extra(to, when, alone);
	if (!strcmp(noun, "completion"))
		buf_fmt(to, "complete -c footplate%s -a 'bash zsh fish'\n", when);
}

void completion_fish(struct buf *to, const struct cli_extra *extra)
{
	struct nouns_word w;

	buf_str(to, "# fish completion for footplate; made by: footplate completion fish\n"
		    "function __footplate_at\n\tset -l found\n\tset -l skip 0\n"
		    "\tfor w in (commandline -opc)[2..-1]\n\t\tif test $skip = 1\n\t\t\tset skip "
		    "0\n\t\t\tcontinue\n\t\tend\n"
		    "\t\tswitch $w\n\t\t\tcase ");
	put_all_valued(to, " ");
	buf_str(to,
		"\n\t\t\t\tset skip 1\n\t\t\tcase '-*'\n\t\t\tcase '*'\n\t\t\t\tset -a found $w\n\t\tend\n\tend\n"
		"\ttest \"$found[1..2]\" = \"$argv\"\nend\n");
	put_fish_options(to, "", cmd_options);
	for (size_t at = 0; nouns_next(extra, NULL, &at, &w);) {
		buf_fmt(to, "complete -c footplate -f -n '__footplate_at' -a %s", w.name);
		put_fish_doc(to, w.doc, strlen(w.doc));
	}
	for (size_t at = 0; nouns_next(extra, NULL, &at, &w);)
		put_fish_noun(to, extra, w.name);
}
