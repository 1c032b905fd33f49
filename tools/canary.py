#!/usr/bin/env python3
"""No secret is left behind: looks through what a run of all tests leaves (logs of the tests, folders of theirs in /tmp) for canaries, the
   marked secrets of tests, and for what looks like one of our own keys and tokens. The rigs have looked through their own folders before
   they removed them (tests/system/canary.h). It plants one first, and fails when it does not find it: canary.py FOLDER..."""
import base64, pathlib, re, sys, tempfile

MARKS = [b'CANARY-', b'plAnted-Passw0rd', b'planted-proxy-password']
FORMS = [m for mark in MARKS for m in (mark, base64.b64encode(mark[:len(mark) // 3 * 3]), mark.hex().encode())]
# a key or token in full: prefix and 36 characters; a JSON Web Token of three parts
LIVE = re.compile(b'fp_(?:live|agt)_[0-9A-Za-z]{36}|eyJ[0-9A-Za-z_-]{16,}\\.eyJ[0-9A-Za-z_-]{16,}\\.[0-9A-Za-z_-]{32,}')
MEANT = {'world', 'admin.key'}  # files that are there to hold one

def look(path):
    found = []
    try:
        data = path.read_bytes()
    except OSError:
        return found
    for form in FORMS:
        if form in data: found.append(f'{path} holds {form.decode()}')
    for m in LIVE.finditer(data):
        found.append(f'{path} holds {m.group()[:12].decode()}…')
    return found

def look_all(folders):
    found, files = [], 0
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob('*')):
            if path.is_file() and not path.is_symlink() and path.name not in MEANT and not path.name.startswith('token'):
                files += 1
                found += look(path)
    return found, files

def can_find():
    with tempfile.TemporaryDirectory() as d:
        planted = [MARKS[0] + b'planted', base64.b64encode(MARKS[0] + b'planted-here'), (MARKS[0] + b'x').hex().encode(),
                   b'fp_live_' + b'7' * 36]
        for i, text in enumerate(planted):
            (pathlib.Path(d) / f'{i}.log').write_bytes(b'before ' + text + b' after')
        (pathlib.Path(d) / 'clean.log').write_bytes(b'fp_live_abc CANAR')
        return len(look_all([d])[0]) == len(planted)

if not can_find():
    sys.exit('the look for canaries does not find those that it planted')
folders = sys.argv[1:] + [str(p) for p in pathlib.Path('/tmp').glob('footplate-test-*')]
found, files = look_all(folders)
print('\n'.join(found) or f'canaries: none in {files} files')
sys.exit(bool(found))
