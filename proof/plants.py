#!/usr/bin/env python3
"""Plants one bug at a time into the product and says how many seeds footplate-sim needs to catch it. A bug is a replacement in a
   copy of a source file, which is compiled and linked in the place of its original; the sources are not touched.
   usage: plants.py BUILD [--seeds N] [--from N] [--only NAME] [--jobs N]. Status 1: one was not caught."""
import json, os, re, shlex, subprocess, sys, tempfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

EVENT_APART = r'''
	static struct event late;
	static char *late_text;
	struct event was = late;
	char *text = late_text;
	late = (struct event){ .type = strdup(e->type), .job_id = e->job_id ? strdup(e->job_id) : NULL, .task_id = e->task_id ? strdup(e->task_id) : NULL,
		.account_id = e->account_id ? strdup(e->account_id) : NULL, .region_id = e->region_id ? strdup(e->region_id) : NULL };
	late_text = strdup(buf_text(&b));
	tx->appended = true;
	b.n = 0;
	buf_str(&b, text ? text : "");
	e = &was;
	enum rc rc = !text ? RC_OK : b.bad ? RC_NOMEM
'''

# name, what it is; then file, what is there, what is planted, once or more
PLANTS = [
    ('no-fence', 'an effect goes out without asking whether the attempt counts', 'src/agent/task.c',
     'enum rc task_effect(struct action_task *t, const char *effect, struct fault *f)\n{\n',
     'enum rc task_effect(struct action_task *t, const char *effect, struct fault *f)\n{\n\tif (*effect)\n\t\treturn RC_OK;\n'),
    ('early-201', 'answers go out before the commit', 'src/control/writer.c',
     '\t\trc = store_commit(h->db, &f);\n',
     '\t\tfor (size_t i = 0; i < n; i++) {\n\t\t\twrite_of(jobs[i])->back.run = come_back;\n\t\t\tloop_post(c->loop, &write_of(jobs[i])->back);\n\t\t}\n'
     '\t\trc = store_commit(h->db, &f);\n\t\tn = 0;\n'),
    ('lease-off', 'an account\'s lease ends too early by twice its grace', 'src/control/fleet/bots.c',
     'find(tx, &lapsed, tx->now_ms - BOTS_GRACE_MS, &list)', 'find(tx, &lapsed, tx->now_ms + BOTS_GRACE_MS, &list)'),
    ('stale-result', 'a result counts, whichever attempt it is of and whoever says it', 'src/control/engine/moves.c',
     'bool mine = ret->agent_id && !strcmp(ret->agent_id, agent_id) && ret->attempt == attempt;', 'bool mine = ret->agent_id && agent_id && attempt;',
     'src/control/engine/outcome.c',
     'if (rc == RC_OK && (t.nonce && m->nonce && !strcmp(t.nonce, m->nonce)))', 'if (rc == RC_OK)'),
    ('forgets-early', 'the agent forgets a result before it is acknowledged', 'src/agent/runs.c',
     '\tw->sent = true;\n\twork_slim(w);\n\treturn true;\n', '\tw->sent = true;\n\twork_slim(w);\n\tdrop_record(w->runs, w->key);\n\tmap_take(&w->runs->by_key, w->key);\n\tlist_remove(&w->node);\n\treturn true;\n'),
    ('event-apart', 'an event is written outside of its transaction, with the next one', 'src/control/events/events.c',
     '\tenum rc rc = b.bad ? RC_NOMEM\n', EVENT_APART),
    ('key-apart', 'an Idempotency-Key is not kept with its job', 'src/control/http/idempotency.c',
     '\treturn store_put(c->tx.db, &keep,\n', '\tif (c->tx.now_ms)\n\t\treturn RC_OK;\n\treturn store_put(c->tx.db, &keep,\n'),
    ('no-sync', 'a commit returns before it is on the disk', 'src/driver/store/sqlite.c', 'synchronous=FULL', 'synchronous=OFF'),
    ('blind-retry', 'a once task is tried again after a loss', 'src/model/task.c',
     '\tif (!how.effect || task_may_repeat(class))\n', '\tif (!how.effect || task_may_repeat(class) || class == TASK_ONCE)\n'),
    ('no-self-fence', 'an agent goes on with its accounts when its leases have ended', 'src/agent/uplink_run.c',
     '\tr->conf.on.silent(r->conf.on.ctx);\n', ''),
    ('feed-skips', 'a stream that is resumed leaves out an event', 'src/control/events/feed_routes.c',
     'w->after = strtoll(digits, &end, 10);', 'w->after = strtoll(digits, &end, 10) + (c->last_event_id != NULL);'),
    ('no-probe', 'a guarded task in doubt is done again without asking', 'src/agent/work.c',
     '\tif (!w->probe || !w->action->probe)\n', '\tif (w->task.attempt)\n'),
    ('lost-answer', 'what an agent said and could not be kept is not asked for again', 'src/control/hub/inbox.c',
     '\tif (rc_retry(w->rc) && l->type != TUNNEL_MSG_HEARTBEAT)\n', '\tif (!l)\n'),
]


def commands(build):
    """Of each source its compile command, and the link command of footplate-sim."""
    of = {}
    for c in json.load(open(os.path.join(build, 'compile_commands.json'))):
        of.setdefault(os.path.relpath(os.path.join(c['directory'], c['file']), root), c['command'])
    link = subprocess.run(['ninja', '-C', build, '-t', 'commands', '-s', 'proof/footplate-sim'], capture_output=True, text=True, check=True).stdout
    return of, link.strip().split('\n')[-1]


def compile_one(build, dir, number, command, file, old, new):
    """A copy of the file with the bug, as an object; or why not."""
    text = open(os.path.join(root, file)).read()
    if text.count(old) != 1:
        return None, f'{file}: what it replaces is there {text.count(old)} times'
    source, object = (os.path.join(dir, f'plant{number}.{e}') for e in 'co')
    open(source, 'w').write(text.replace(old, new))
    words = [w for w in shlex.split(command) if w != '-Werror']
    words[words.index('-o') + 1] = object
    words[words.index('-c') + 1] = source
    done = subprocess.run(words + ['-w', '-I' + os.path.dirname(os.path.join(root, file))], cwd=build, capture_output=True, text=True)
    return object, 'does not compile: ' + done.stderr[-600:] if done.returncode else None


def plant(build, dir, of, link, edits):
    objects = []
    for i in range(0, len(edits), 3):
        object, why = compile_one(build, dir, i, of[edits[i]], *edits[i:i + 3])
        if why:
            return why
        objects.append(object)
    words = shlex.split(link)
    at = words.index('-o')
    words[at + 1:at + 2] = [os.path.join(dir, 'plant')] + objects # before the archives: what is defined here is not taken from them
    done = subprocess.run(words, cwd=build, capture_output=True, text=True)
    return 'does not link: ' + done.stderr[-600:] if done.returncode else None


def main():
    build = os.path.abspath(sys.argv[1])
    options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
    first, most = int(options.get('--from', 1)), int(options.get('--seeds', 1000))
    of, link = commands(build)
    missed = 0
    for name, what, *edits in PLANTS:
        if options.get('--only', name) != name:
            continue
        with tempfile.TemporaryDirectory() as dir:
            why = plant(build, dir, of, link, edits)
            if why:
                print(f'{name:14} NOT PLANTED  {why}', flush=True)
                missed += 1
                continue
            run = subprocess.run([os.path.join(dir, 'plant'), '--seeds', f'{first}..{first + most - 1}', '--jobs', options.get('--jobs', '2')], capture_output=True, text=True)
        broken = re.search(r'^seed (\d+): (.*)', run.stdout, re.M) or re.search(r'^(the world did not come up): (.*)', run.stdout, re.M)
        if broken:
            needed = int(broken[1]) - first + 1 if broken[1].isdigit() else 0
            print(f'{name:14} {needed:5} seeds  {broken[2][:110]}', flush=True)
        else:
            print(f'{name:14} NOT CAUGHT   {what}', flush=True)
            missed += 1
    sys.exit(missed > 0)


main()
