/*
 * verb: one row of the command line: what is typed, which documented route it becomes, which columns its table has, and the
 * sentences of its help. A verb without `run` is the generic one: options and arguments become path, query and body, the
 * answer is printed.
 */
#pragma once

#include "base/field.h"
#include "cli/exit.h"

struct cmd;

#define VERB_ARGS_MAX 3

/* What a name typed by a person is looked up as when it is not an id; resolve.h. */
enum verb_names { VERB_AS_IT_IS, VERB_ACCOUNT, VERB_REGION, VERB_EGRESS };

struct verb_arg {
	const char *name;   /* as help spells it: ID */
	const char *member; /* of the body it becomes; NULL: it fills the next {} of the path */
	const char *doc;
	const char *const *words; /* all that it may be; NULL: anything */
	enum verb_names names;
};

enum verb_place {
	VERB_LOCAL, /* the program's own business */
	VERB_QUERY,
	VERB_BODY,
	VERB_KEY,   /* the Idempotency-Key header */
	VERB_MATCH, /* the If-Match header */
};

/* An option. A table of them ends in { 0 }. */
struct verb_option {
	const char *value; /* as help calls the value; NULL for a FIELD_BOOL */
	struct field row;  /* name as typed behind "--"; type, bounds, words and sentence as in every field table */
	const char
		*member;  /* of the query or the body it becomes; "a.b": b of the object a. NULL: the row's name */
	const char *json; /* of a FIELD_BOOL: what it stands for, when that is not true */
	enum verb_place place;
	enum verb_names names;
	char letter;   /* typed behind "-"; 0: none */
	bool optional; /* the value may be left out, and follows only after '=' */
	bool values;   /* of a FIELD_MAP: the values may be JSON, see params.h */
};

enum verb_flag {
	VERB_LIST = 1,       /* the answer is a page; the pages after it are read as far as --limit or --all say */
	VERB_EDITED = 2,     /* needs If-Match: the thing is read first, unless --if-match says it */
	VERB_IDEMPOTENT = 4, /* the server takes an Idempotency-Key: a lost answer may be asked for again */
	VERB_RAW = 8,        /* the answer is printed as it came */
	VERB_ANYBODY = 16,   /* works without a key */
	VERB_DRY = 32,       /* the server takes dryRun: --dry-run works */
};

struct verb {
	const char *name, *doc;
	struct verb_arg args[VERB_ARGS_MAX];
	const struct verb_option *options; /* NULL: none */
	const char *method, *path;         /* "{}" in the path is filled by the arguments */
	const char *body;                  /* JSON of an object: what the body has in any case; NULL: nothing */
	const char *action;                /* of a verb that is one action on one account, see act.h */
	const char *secret,
		*prompt;  /* the member of the body that is read as a secret, see secret.h; what people are asked */
	const char *page; /* VERB_LIST: the query parameter that goes on; NULL: cursor */
	const char *
		columns; /* of its table: members parted by commas, each with a heading after ':' if its own name is not one */
	const char *items;  /* the member of an action's result that is a list; NULL: the result is one thing */
	const char *id;     /* the member that --quiet prints; NULL: id */
	const char *format; /* what it prints when nobody says; NULL: table */
	unsigned flags;
	enum cli_exit (*run)(struct cmd *c); /* NULL: verb_run */
	const char *example;
};

/* A table of nouns and one of verbs ends in { 0 }. */
struct noun {
	const char *name, *doc;
	const struct verb *verbs;
};
