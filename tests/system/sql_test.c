/*
 * Every SQL text of the program is one that PostgreSQL understands, against the tables that the program makes there. The texts are
 * found in the program's own file; those that SQLite alone is given have a second text beside them, and are left out.
 */
#include "tests/system/rig.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 8192

/* A statement, and not a piece of one or words about one. */
static bool is_statement(const char *text)
{
	static const char *const begins[] = { "SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH " };
	static const char *const of_sqlite[] = { "json_each(", "json_extract(", "json_group_", "strftime(",
		"sqlite_", "pragma_", "PRAGMA", "VACUUM" };

	for (size_t i = 0; i < sizeof(of_sqlite) / sizeof(*of_sqlite); i++)
		if (strstr(text, of_sqlite[i]))
			return false;
	if (strchr(text, '%') && !strstr(text, "'%"))
		return false; /* a format, or a sentence */
	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (!strncmp(text, begins[i], strlen(begins[i])))
			return strlen(text) > 20;
	return false;
}

static int write_statements(const char *program, FILE *to)
{
	static char text[TEXT_MAX];
	FILE *f = fopen(program, "re");
	size_t n = 0;
	int found = 0;

	CHECK(f != NULL);
	for (int c; (c = fgetc(f)) != EOF;) {
		bool part = isprint(c) || c == '\n' || c == '\t';
		if (part && n < sizeof(text) - 1) {
			text[n++] = (char)c;
			continue;
		}
		text[n] = 0;
		if (c == 0 && is_statement(text))
			fprintf(to, "PREPARE q%d AS %s;\n", ++found, text);
		n = 0;
	}
	fclose(f);
	return found;
}

int main(void)
{
	char path[128], command[600], line[2000];
	struct rig r;
	int bad = 0;

	setenv("FOOTPLATE_STORE", "postgres", 1);
	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL }); /* makes the tables */
	snprintf(path, sizeof(path), "%s/all.sql", r.dir);
	FILE *f = fopen(path, "we");
	CHECK(f != NULL);
	int n = write_statements(getenv("FOOTPLATE"), f);
	CHECK(fclose(f) == 0);
	printf("%d statements\n", n);
	CHECK(n > 200);
	snprintf(command, sizeof(command), "psql -q '%s' -f %s 2>&1", r.pg.url, path);
	f = popen(command, "re");
	CHECK(f != NULL);
	for (; fgets(line, sizeof(line), f); bad += strstr(line, "ERROR") != NULL)
		fputs(line, stderr);
	pclose(f);
	if (bad)
		fprintf(stderr,
			"%d of them are no SQL of PostgreSQL. One that has an .sql_pg beside it: name its function "
			"in of_sqlite\n",
			bad);
	CHECK(bad == 0);
	rig_done(&r);
	return 0;
}
