#include "agent/sessions_call.h"

void sessions_web_done(struct sessions_web *w)
{
	hush_done(&w->access_token);
	hush_done(&w->community_unlock);
	hush_done(&w->store_unlock);
	hush_done(&w->proxy_login);
	hush_done(&w->identity_secret);
	hush_done(&w->shared_secret);
	*w = (struct sessions_web){ 0 };
}
