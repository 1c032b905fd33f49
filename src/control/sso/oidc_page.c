#include "control/sso/oidc_page.h"
#include "base/rc.h"
#include "control/http/problem.h"

static const char *words_of(enum rc why)
{
	switch ((int)why) {
	case RC_AWAY:
	case RC_TIMEOUT:
		return "Your identity provider does not answer. Try again in a minute.";
	case RC_OVERLOADED:
		return "Your identity provider was asked too often. Try again in a minute.";
	case RC_DENIED:
		return "This log-on was begun in another browser, took too long, or is over already. Begin it "
		       "again.";
	default:
		return "What your identity provider answered was not accepted. An administrator finds the reason "
		       "in the log.";
	}
}

static enum rc shown(enum rc why)
{
	switch ((int)why) {
	case RC_AWAY:
	case RC_TIMEOUT:
	case RC_OVERLOADED:
	case RC_DENIED:
		return why == RC_TIMEOUT ? RC_AWAY : why;
	default:
		return RC_REFUSED;
	}
}

enum rc oidc_page(struct call *c, enum rc why, const char *words)
{
	enum rc rc = shown(why);

	words = words ? words : words_of(why);
	c->status = rc_http(rc);
	if (!c->accept || !strstr(c->accept, "text/html")) {
		c->out_type = "application/problem+json";
		problem_write(c->body, rc, words, NULL, "", NULL);
		return c->body->bad ? RC_NOMEM : RC_OK;
	}
	c->out_type = "text/html; charset=utf-8";
	buf_str(c->body,
		"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Footplate</title></head>"
		"<body><h1>You are not logged on</h1><p>");
	buf_str(c->body, words);
	buf_str(c->body, "</p><p><a href=\"/\">Back</a></p></body></html>\n");
	return c->body->bad ? RC_NOMEM : RC_OK;
}
