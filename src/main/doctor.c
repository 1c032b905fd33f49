#include "main/doctor.h"
#include "main/doctor_checks.h"
#include "wire/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void doctor_say(struct doctor *d, enum doctor_verdict v, const char *what, const char *mend, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "warn", "fail" }, *const shown[] = { "ok  ", "warn", "FAIL" };
	char detail[800];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	d->warned += v == DOCTOR_WARN;
	d->failed += v == DOCTOR_FAIL;
	if (!d->json) {
		buf_fmt(&d->out, "%s  %-10s %s%s%s\n", shown[v], what, detail, mend ? "; " : "", mend ? mend : "");
		return;
	}
	buf_fmt(&d->out, "%s{\"check\":\"%s\",\"verdict\":\"%s\",\"detail\":", d->said++ ? "," : "", what,
		words[v]);
	json_put_str(&d->out, detail);
	buf_str(&d->out, ",\"mend\":");
	json_put_str(&d->out, mend);
	buf_u8(&d->out, '}');
}

static void look(struct doctor *d)
{
	static void (*const checks[])(struct doctor * d) = { doctor_checks_folder, doctor_checks_secrets,
		doctor_checks_disk, doctor_checks_database, doctor_checks_queue, doctor_checks_tls,
		doctor_checks_port, doctor_checks_descriptors, doctor_checks_journal };

	if (d->json)
		buf_str(&d->out, "{\"checks\":[");
	doctor_say(d, DOCTOR_OK, "config", NULL, "is read and understood");
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		checks[i](d);
	if (d->json)
		buf_fmt(&d->out, "],\"warned\":%u,\"failed\":%u}\n", d->warned, d->failed);
}

/* Takes the flag out of the words; the others are the configuration's. */
static bool take_flag(int *argc, char **argv, const char *flag)
{
	int n = 0;
	bool found = false;

	for (int i = 0; i < *argc; i++) {
		if (!strcmp(argv[i], flag))
			found = true;
		else
			argv[n++] = argv[i];
	}
	argv[n] = NULL;
	*argc = n;
	return found;
}

int doctor_main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct fault f = { 0 };
	struct conf conf;
	int left = 0;
	struct doctor d = { .conf = &conf, .json = take_flag(&argc, argv, "--json") };

	enum rc rc = conf_load(argc - 1, argv + 1, &arena, &conf, &left, &f);
	if (rc == RC_OK && left < argc - 1)
		rc = fault_set(&f, RC_INVALID, "unknown word \"%.60s\"", argv[left + 1]);
	if (rc == RC_OK)
		look(&d);
	else
		fprintf(stderr, "footplate: %s\n", f.text);
	fputs(buf_text(&d.out), stdout);
	buf_done(&d.out);
	arena_done(&arena);
	return rc != RC_OK ? 2 : d.failed > 0;
}
