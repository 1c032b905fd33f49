#!/usr/bin/env python3
"""What has to be built for the tests of a suite: usage: test_targets.py BUILD SUITE. Prints names of files below BUILD."""
import json, os, subprocess, sys

build, suite = sys.argv[1:]
def ask(what): return json.loads(subprocess.run(['meson', 'introspect', build, what], capture_output=True, text=True, check=True).stdout)

files = {t['id']: t['filename'] for t in ask('--targets')}
wanted = set()
for test in ask('--tests'):
    if any(s.split(':')[-1] == suite for s in test['suite']):
        wanted.add(test['cmd'][0])
        for d in test['depends']: wanted.update(files[d])
print('\n'.join(sorted(os.path.relpath(f, os.path.abspath(build)) for f in wanted)))
sys.exit(not wanted)
