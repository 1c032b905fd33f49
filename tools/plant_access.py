#!/usr/bin/env python3
"""Plants one hole at a time into who may do what, and says which test sees it. A hole is a replacement in a copy of a source file,
   which is compiled and linked in the place of its original; the sources are not touched.
   usage: plant_access.py BUILD [--only NAME]. Status 1: one was not seen."""
import json, os, re, shlex, subprocess, sys, tempfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
C = 'src/control/'
# name, what it is; then file, what is there, what is planted, once or more
PLANTS = [
    ('no-decision', 'nothing is decided before the handler runs', C + 'http/perform.c', 'rc = decide_route(c);', 'rc = c->who ? RC_OK : RC_DENIED;'),
    ('no-scope', 'the scope is not asked for', C + 'access/decide.c', 'if (!route_may(c->who, r->scope))', 'if (!c->who)'),
    ('no-tenant', 'a thing of another tenant is let through', C + 'access/decide.c', 'if (tenant && strcmp(tenant, decide_tenant(who)) != 0 &&', 'if (tenant && !*tenant &&'),
    ('crosses-all', 'administrators of a tenant reach into others', C + 'access/decide.c',
     'return decide_is_platform(who) && who->grants && grant_is_admin(who->grants);', 'return who->grants && grant_is_admin(who->grants);'),
    ('says-more', 'a foreign thing has another answer than one that is not there', C + 'access/decide.c',
     'tx->foreign = true;\n\t\treturn RC_MISSING;', 'return fault_set(tx->fault, RC_MISSING, "another tenant has it");'),
    ('shared-writes', 'every tenant may write what is the installation\'s', C + 'access/decide.c', '(r->reach == REACH_SHARED && writes)', '(r->reach == REACH_SHARED && !r)'),
    ('platform-reads', 'every tenant may read what is the installation\'s alone', C + 'access/decide.c', 'r->reach == REACH_PLATFORM || (', '(r->reach == REACH_PLATFORM && writes) || ('),
    ('no-selector', 'selectors are not held against things', C + 'access/decide.c',
     'return who->grants && grant_covers_object(who->grants, s, who->actor, &o) ? RC_OK : RC_MISSING;', 'return who->grants ? RC_OK : RC_MISSING;'),
    ('no-filter', 'lists are not filtered by selectors', C + 'access/decide.c', 'if (r->lists == OBJECT_NONE ||', 'if (r->lists != OBJECT_NONE ||'),
    ('narrowed-all', 'who is narrowed may call what cannot be', C + 'access/decide.c', '\t\t(r->flags & ROUTE_NARROWED) ||', '\t\tr->flags < ~0u ||'),
    ('gives-more', 'a key that is narrowed makes one that is not', C + 'access/decide.c', 'return route_may(who, s) && !decide_is_narrowed(who, s);', 'return route_may(who, s);',
     C + 'access/keys_routes.c', '\t\t.flags = ROUTE_WRITE,\n\t\t.status = 201,', '\t\t.flags = ROUTE_NARROWED | ROUTE_WRITE,\n\t\t.status = 201,'),
    ('object-left-out', 'one row does not say what its {id} is', C + 'fleet/account_secrets.c', '\t\t.object = OBJECT_ACCOUNT,\n', ''),
    ('reach-open', 'one row is open to everyone', C + 'engine/jobs.c', '.reach = REACH_TENANT,\n\t\t.lists = OBJECT_JOB,', '.reach = REACH_OPEN,\n\t\t.lists = OBJECT_JOB,'),
    ('reach-shared', 'a tenant\'s things are called the installation\'s', C + 'schedules/schedule_routes.c', '.reach = REACH_TENANT,\n\t\t.object = OBJECT_SCHEDULE,', '.reach = REACH_SHARED,\n\t\t.object = OBJECT_SCHEDULE,'),
    ('list-accounts', 'the list of accounts is everybody\'s', C + 'fleet/accounts.c', "AND tenant_id = $5 ORDER", "AND tenant_id <> $5 || 'x' ORDER"),
    ('list-jobs', 'the list of jobs is everybody\'s', C + 'engine/jobs.c', 'AND tenant_id = $5 ', "AND tenant_id <> $5 || 'x' "),
    ('list-dead', 'the list of dead letters is everybody\'s', C + 'engine/dead_letters.c', '"= $7"', '"<> $7 || \'x\'"'),
    ('list-challenges', 'the list of challenges is everybody\'s', C + 'fleet/challenges.c', 'a.tenant_id = $5', "a.tenant_id <> $5 || 'x'"),
    ('list-schedules', 'the list of schedules is everybody\'s', C + 'schedules/schedule_routes.c', 'AND tenant_id = $3', "AND tenant_id <> $3 || 'x'"),
    ('list-webhooks', 'the list of webhooks is everybody\'s', C + 'webhooks/webhook_routes.c', 'AND w.tenant_id = $3', "AND w.tenant_id <> $3 || 'x'"),
    ('list-batches', 'the list of key batches is everybody\'s', C + 'keys/key_routes.c', 'AND tenant_id = $3', "AND tenant_id <> $3 || 'x'"),
    ('list-policies', 'the list of rules is everybody\'s', C + 'fleet/policies.c', 'WHERE tenant_id = $2 ORDER', "WHERE tenant_id <> $2 || 'x' ORDER"),
    ('list-keys', 'the list of API keys is of any tenant that is asked for', C + 'access/keys_routes.c', 'q->tenant_id && decide_is_administrator(c->who) ?', 'q->tenant_id ?'),
    ('events-all', 'events are told to everyone', C + 'events/feed_routes.c', 'if (!w->tenant_id || strcmp(w->tenant_id, e->tenant_id) != 0)', 'if (!w->tenant_id)'),
    ('events-nobodys', 'events of the engine are the installation\'s', C + 'events/events.c', '(SELECT tenant_id FROM jobs WHERE id = $3)', '(SELECT tenant_id FROM jobs WHERE id = $3 AND id IS NULL)'),
    ('targets-all', 'jobs may aim at others\' accounts', C + 'engine/submit_targets.c', 'a.id = e.value AND a.tenant_id = $2 ORDER BY e.key', "a.id = e.value AND a.tenant_id <> $2 || 'x' ORDER BY e.key"),
    ('labels-all', 'labels find others\' accounts', C + 'engine/submit_targets.c', 'labels FROM accounts WHERE tenant_id = $1 ', "labels FROM accounts WHERE tenant_id <> $1 || 'x' "),
    ('accounts-all', 'allAccounts finds others\' accounts', C + 'engine/submit_targets.c', '"WHERE tenant_id = $2 ORDER', '"WHERE tenant_id <> $2 || \'x\' ORDER'),
    ('targets-wide', 'a narrowed key\'s jobs aim at any account', C + 'engine/submit_targets.c', 'enum rc rc = hold(p, &p->targets[i]);', 'enum rc rc = p->who ? RC_OK : hold(p, &p->targets[i]);'),
    ('webhook-foreign', 'a webhook may name another tenant\'s job', C + 'webhooks/webhook_row.c', '\t\t\tof[i].id ? decide_thing', '\t\t\tof[i].id && !c->who ? decide_thing'),
    ('redrive-foreign', 'another tenant\'s dead letter is tried again', C + 'engine/dead_letters.c', 'redriven_job_id IS NULL AND tenant_id = $2', "redriven_job_id IS NULL AND tenant_id <> $2 || 'x'"),
    ('batch-foreign', 'keys are redeemed by others\' accounts', C + 'keys/key_import.c', 'return decide_use(&c->tx, c->who, SCOPE_GAME_KEYS_WRITE, &use);', 'return use.account_id ? RC_OK : RC_MISSING;'),
    ('second-id', 'the task of a path need not be its job\'s', C + 'engine/attempt_routes.c', 'if (rc == RC_OK && strcmp(t.job_id, c->arg[0]) != 0)', 'if (rc == RC_OK && !t.job_id)'),
    ('relabels', 'a narrowed key labels an account away', C + 'fleet/account_row.c', 'enum rc rc = decide_object(c, OBJECT_ACCOUNT, id);', 'enum rc rc = id ? RC_OK : decide_object(c, OBJECT_ACCOUNT, id);'),
]
TESTS = ['matrix', 'tenants']


def commands(build):
    """Of each source its compile command, and the link command of footplate."""
    units = {os.path.relpath(os.path.join(u['directory'], u['file']), root): u for u in json.load(open(os.path.join(build, 'compile_commands.json')))
             if re.search(r'libfp_control\.a\.p', u.get('output', u['command']))}
    link = subprocess.run(['ninja', '-C', build, '-t', 'commands', 'footplate'], capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    return units, link


def plant(build, units, link, changes, to):
    """Compiles the changed copies and links a program of them; its path. The library's objects stand before the archive."""
    objects = []
    for i in range(0, len(changes), 3):
        path, old, new = changes[i:i + 3]
        text = open(os.path.join(root, path)).read()
        if text.count(old) < 1:
            sys.exit(f'{path}: "{old}" is not there (any more): mend the plant')
        u = units[path]
        copy, obj = os.path.join(to, f'{i}.c'), os.path.join(to, f'{i}.o')
        open(copy, 'w').write(text.replace(old, new, 1))
        words = shlex.split(u['command'])
        out = u.get('output') or words[words.index('-o') + 1]
        words[words.index('-o') + 1] = obj
        words[-1] = copy
        for flag in ('-MQ', '-MF'):
            if flag in words: words[words.index(flag) + 1] = obj + '.d'
        subprocess.run(words + ['-Wno-error'], cwd=u['directory'], check=True, capture_output=True)
        objects.append((out, obj))
    archive = os.path.join(to, 'libfp_control.a')
    subprocess.run(['cp', os.path.join(build, 'libfp_control.a'), archive], check=True)
    thin = open(archive, 'rb').read(8) == b'!<thin>\n'
    members = subprocess.run(['ar', 't', os.path.join(build, 'libfp_control.a')], capture_output=True, text=True, check=True).stdout.split()
    paths = [m if os.path.isabs(m) else os.path.join(build, m) for m in members] if thin else None
    os.remove(archive)
    if thin:
        swap = {os.path.realpath(os.path.join(build, o)): n for o, n in objects}
        subprocess.run(['ar', 'csrD', archive] + [swap.get(os.path.realpath(p), p) for p in paths], check=True)
    else:
        sys.exit('the library is not a thin archive: build with meson as the project does')
    program = os.path.join(to, 'footplate')
    words = [archive if w == 'libfp_control.a' else w for w in shlex.split(link)]
    words[words.index('-o') + 1] = program
    subprocess.run(words, cwd=build, check=True, capture_output=True)
    return program


def main():
    build = os.path.abspath(sys.argv[1])
    only = sys.argv[3] if len(sys.argv) > 3 and sys.argv[2] == '--only' else None
    units, link = commands(build)
    missed = 0
    for name, what, *changes in PLANTS:
        if only and name != only:
            continue
        with tempfile.TemporaryDirectory() as to:
            env = dict(os.environ, FOOTPLATE=plant(build, units, link, changes, to), STEAMSIM=os.path.join(build, 'sim/steamsim'))
            seen = []
            for test in TESTS:
                r = subprocess.run([os.path.join(build, f'tests/system/{test}_system')], env=env, cwd=root, capture_output=True, text=True, timeout=120)
                if r.returncode:
                    told = [l for l in (r.stderr + r.stdout).splitlines() if not l.startswith('RIG_SEED')]
                    seen.append(test + ': ' + (told[0] if told else '?')[:150])
            missed += not seen
            print(f'{name:16} {what}\n' + '\n'.join('    seen by ' + s for s in seen) if seen else f'{name:16} {what}\n    NOT SEEN', flush=True)
    print(f'{missed} not seen' if missed else 'all were seen')
    sys.exit(missed > 0)


main()
