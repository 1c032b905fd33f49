#include "cli/secret.h"
#include "cli/output.h"
#include "cli/run.h"
#include "io/file.h"
#include "wire/json.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { KEY_BREAK = 3, KEY_END = 4, KEY_BACK = 8, KEY_WIPE_LINE = 21, KEY_DELETE = 127 };

/* Takes what is typed until the line ends. False: it was broken off. The terminal shows nothing of it. */
static bool take_line(int tty, uint8_t *room, size_t max, size_t *ret_n)
{
	size_t n = 0;
	uint8_t k;

	while (n < max && read(tty, &k, 1) == 1) {
		if (k == '\n' || k == '\r' || k == KEY_END) {
			*ret_n = n;
			return true;
		}
		if (k == KEY_BREAK)
			break;
		if (k == KEY_WIPE_LINE)
			n = 0;
		else if (k == KEY_BACK || k == KEY_DELETE)
			n -= n > 0;
		else
			room[n++] = k;
	}
	return false;
}

static enum cli_exit ask(struct cmd *c, const char *prompt, struct buf *ret)
{
	struct termios was, quiet;
	auto_close int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	uint8_t *room = buf_room(ret, SECRET_MAX + 1);
	bool done = false;

	if (tty < 0 || !room || tcgetattr(tty, &was) != 0)
		return cmd_usage(c, "there is no terminal to ask on: use --secret-file FILE or --secret-fd N");
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	/* Before it asks, so that nothing typed is shown or lost. */
	if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0) {
		dprintf(tty, "%s: ", prompt);
		done = take_line(tty, room, SECRET_MAX + 1, &ret->n);
	}
	tcsetattr(tty, TCSAFLUSH, &was);
	dprintf(tty, "\n");
	return done ? CLI_OK : cmd_usage(c, "nothing was sent");
}

/* `fd`: NULL: the standard input. */
static enum cli_exit read_from(struct cmd *c, const char *path, const int64_t *fd, struct buf *ret)
{
	struct fault f = { 0 };
	char fd_path[32];

	snprintf(fd_path, sizeof(fd_path), "/dev/fd/%u", fd ? (unsigned)*fd : STDIN_FILENO);
	enum rc rc = path ? file_read_secret(path, SECRET_MAX + 2, ret, &f)
			  : file_read(fd_path, SECRET_MAX + 2, ret, &f);
	if (rc != RC_OK)
		cmd_say(c, "%s", f.text);
	return rc == RC_OK ? CLI_OK : rc == RC_DENIED ? CLI_DENIED : CLI_USAGE;
}

static enum cli_exit read_it(struct cmd *c, struct buf *ret)
{
	const char *path = cmd_text(c, "secret-file");
	int64_t fd = cmd_number(c, "secret-fd");
	bool has_fd = cmd_has(c, "secret-fd");

	if (path && has_fd)
		return cmd_usage(c, "give --secret-file or --secret-fd, not both");
	if (!path && !has_fd && isatty(STDIN_FILENO))
		return ask(c, c->verb->prompt, ret);
	return read_from(c, path, has_fd ? &fd : NULL, ret);
}

/* The line end that an editor or echo puts behind it is not part of it. */
static enum cli_exit trim(struct cmd *c, struct buf *b)
{
	if (b->n > 0 && b->p[b->n - 1] == '\n')
		b->n--;
	if (b->n > 0 && b->p[b->n - 1] == '\r')
		b->n--;
	if (b->n == 0)
		return cmd_usage(c, "the secret is empty");
	return b->n > SECRET_MAX ? cmd_usage(c, "a secret has at most %d bytes", SECRET_MAX) : CLI_OK;
}

enum cli_exit secret_read(struct cmd *c, struct buf *ret)
{
	enum cli_exit code = read_it(c, ret);
	return code == CLI_OK ? trim(c, ret) : code;
}

enum cli_exit secret_ask(struct cmd *c, const char *option, const char *prompt, struct buf *ret)
{
	struct fault f = { 0 };
	char path[32];
	enum cli_exit code = CLI_OK;

	if (!cmd_has(c, option)) {
		code = ask(c, prompt, ret);
		return code == CLI_OK ? trim(c, ret) : code;
	}
	snprintf(path, sizeof(path), "/dev/fd/%u", (unsigned)cmd_number(c, option));
	return file_read(path, SECRET_MAX + 2, ret, &f) == RC_OK ? trim(c, ret) : cmd_usage(c, "%s", f.text);
}

static enum cli_exit put(struct cmd *c, const char *member, const struct buf *b, json_t *body)
{
	if (json_object_set_new(body, member, json_stringn((const char *)b->p, b->n)) != 0)
		return cmd_usage(c, "the secret is not UTF-8");
	return CLI_OK;
}

static enum cli_exit send(struct cmd *c, struct request *r, const char *member, struct buf *secret)
{
	struct api_answer a = { 0 };
	enum cli_exit code = put(c, member, secret, r->body);

	hush_wipe(secret->p, secret->room);
	if (code == CLI_OK)
		code = request_ask(c, r, &a);
	if (code == CLI_OK && a.json)
		output_object(c, a.json);
	api_answer_done(&a);
	return code;
}

enum cli_exit secret_run(struct cmd *c)
{
	struct request r = { 0 };
	struct buf b = { 0 };
	enum cli_exit code = run_prepare(c, &r);

	if (code == CLI_OK)
		code = secret_read(c, &b);
	if (code == CLI_OK)
		code = send(c, &r, c->verb->secret, &b);
	hush_wipe(b.p, b.room);
	buf_done(&b);
	json_wipe(r.body);
	request_done(&r);
	return code;
}

enum cli_exit secret_option(struct cmd *c, const char *file, const char *fd, struct buf *ret, bool *ret_given)
{
	const char *path = cmd_text(c, file);
	int64_t number = cmd_number(c, fd);

	*ret_given = path || cmd_has(c, fd);
	if (path && cmd_has(c, fd))
		return cmd_usage(c, "give --%s or --%s, not both", file, fd);
	if (!*ret_given)
		return CLI_OK;
	enum cli_exit code = read_from(c, path, &number, ret);
	return code == CLI_OK ? trim(c, ret) : code;
}

enum cli_exit secret_run_with(struct cmd *c, const char *member, const char *file, const char *fd)
{
	struct request r = { 0 };
	struct buf b = { 0 };
	bool given = false;
	enum cli_exit code = secret_option(c, file, fd, &b, &given);

	if (code == CLI_OK && !given)
		return run_verb(c);
	if (code == CLI_OK)
		code = run_prepare(c, &r);
	if (code == CLI_OK)
		code = send(c, &r, member, &b);
	hush_wipe(b.p, b.room);
	buf_done(&b);
	json_wipe(r.body);
	request_done(&r);
	return code;
}
