/* steamsim: reads the command line, makes the world, and serves it until it is told to end. */
#include "base/rc.h"
#include "io/file.h"
#include "io/logger.h"
#include "sim/load.h"
#include "sim/options.h"
#include "sim/web/site.h"
#include "sim/web/tls_files.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A signal handler has no argument of its own. */
static struct loop *running;

static void on_signal(int number)
{
	(void)number;
	loop_stop(running); /* NOLINT(bugprone-signal-handler): it is made for this, see loop.h */
}

static enum rc add_faults(struct sim *sim, const struct options *o, struct fault *f)
{
	for (unsigned i = 0; i < o->faults_n; i++) {
		enum rc rc = faults_add(&sim->faults, o->faults[i], f);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

static enum rc tell_ready(
	const struct options *o, const struct site *site, const struct tls_files *tls, struct fault *f)
{
	struct buf line = { 0 };
	enum rc rc = RC_OK;

	buf_fmt(&line, "ready https://%s:%u ca=%s", o->host, site_port(site, 0), tls->ca);
	if (site_plain_port(site))
		buf_fmt(&line, " plain=http://%s:%u", o->host, site_plain_port(site));
	buf_str(&line, "\n");
	if (o->ready_file)
		rc = file_write(o->ready_file, line.p, line.n, 0644, f);
	fputs(buf_text(&line), stdout);
	fflush(stdout);
	buf_done(&line);
	return rc;
}

static enum rc serve(const struct options *o, struct sim *sim, struct fault *f)
{
	struct tls_files tls;
	auto_of(loop) struct loop *loop = NULL;
	auto_of(site) struct site *site = NULL;

	char tcp_key[1024];

	snprintf(tcp_key, sizeof(tcp_key), "%s/tcp.pem", o->tls_dir);
	enum rc rc = tls_files_make(o->tls_dir, o->names, &tls, f);
	if (rc == RC_OK)
		rc = loop_new(sim->log, &loop, f);
	if (rc == RC_OK)
		rc = site_new(loop,
			&(struct site_conf){ .sim = sim,
				.host = o->host,
				.port = (uint16_t)o->port,
				.cms = o->cms,
				.plain_port = o->plain_port,
				.content = o->content,
				.tcp = o->tcp,
				.tcp_key = tcp_key,
				.tls_cert = tls.cert,
				.tls_key = tls.key },
			&site, f);
	if (rc != RC_OK)
		return rc;
	running = loop;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGPIPE, SIG_IGN);
	rc = tell_ready(o, site, &tls, f);
	if (rc == RC_OK)
		loop_run(loop);
	return rc;
}

int main(int argc, char **argv)
{
	struct options o;
	struct fault f = { 0 };

	if (options_read(argc, argv, &o, &f) != RC_OK) {
		fprintf(stderr, "steamsim: %s\n", f.text);
		return 2;
	}
	if (o.help) {
		options_help();
		return 0;
	}
	struct log log = logger_over(STDERR_FILENO, o.log_level, o.log_json);
	struct sim sim = { .log = &log,
		.heartbeat_s = o.heartbeat_s,
		.cell_id = 1,
		.lancache = o.lancache,
		.part_bytes = o.part_bytes,

		.poll_ms = o.poll_ms,
		.limits = o.limits };
	enum rc rc = sim_load(&sim, o.world, &f);
	if (rc == RC_OK)
		rc = add_faults(&sim, &o, &f);
	if (rc == RC_OK)
		rc = serve(&o, &sim, &f);
	sim_done(&sim);
	if (rc == RC_OK)
		return 0;
	fprintf(stderr, "steamsim: %s\n", f.text);
	return 1;
}
