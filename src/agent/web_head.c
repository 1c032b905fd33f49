#include "agent/web_head.h"

#include <inttypes.h>

/* steamLoginSecure is SteamID, "||" and the access token, percent-encoded. */
void web_head_cookies(const struct sessions_web *w, const struct hush *unlocked, struct buf *to)
{
	buf_fmt(to, "steamLoginSecure=%" PRIu64 "%%7C%%7C", w->steamid);
	buf_put(to, w->access_token.p, w->access_token.n);
	buf_fmt(to, "; sessionid=%s", w->session_id);
	if (!unlocked || unlocked->n == 0)
		return;
	buf_str(to, "; steamparental=");
	buf_put(to, unlocked->p, unlocked->n);
}

void web_head_way(const struct sessions_web *w, struct http_ask *ask)
{
	ask->http_proxy = *w->http_proxy ? w->http_proxy : NULL;
	ask->socks5 = *w->socks5 ? w->socks5 : NULL;
	ask->proxy_login = &w->proxy_login;
	ask->bind_address = w->bind_address;
}
