#!/usr/bin/env python3
"""Four rules of the house, from the compiled objects: usage: check_objects.py BUILD
   1. every symbol that leaves foo.o begins with foo_ (or with its folder and foo_): the prefix tells the file;
   2. no writable globals: .data, .bss and thread-local sections are empty;
   3. floors 1 to 3 know no outside: they do not call the clock, files, sockets, processes, threads, randomness.
   4. no symbol leaves two objects: where both are linked from libraries, one would silently stand for the other.
   Exceptions, each with its reason, stand in tools/symbols.allow: one "MODULE SYMBOL" or "MODULE .SECTION" a line."""
import os, re, subprocess, sys

build = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
allow = {tuple(line.split('#')[0].split()) for line in open(os.path.join(here, 'symbols.allow')) if line.split('#')[0].split()}
PURE = {'base', 'wire', 'model', 'flow', 'contract'}
OUTSIDE = re.compile(r'^(time|clock_gettime|gettimeofday|(u|nano)?sleep|socket|connect|accept4?|bind|listen|send(to|msg)?|recv(from|msg)?|p?poll|epoll_.*'
                     r'|select|open(at)?|creat|p?(read|write)v?|close|fopen|fork|vfork|exec.*|system|popen|pthread_.*|s?rand(om)?|getrandom|getentropy|(un)?setenv|getenv)$')

def lines(*command): return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

bad, count, home = [], 0, {}
for folder, _, names in os.walk(build):
    for name in names:
        m = re.match(r'(src|sim)_(.+)\.c\.o$', name)
        if not m or not re.search(r'libfp_\w+\.a\.p$|steamsim.*\.p$|footplate\.p$', folder): continue
        path, count = os.path.join(folder, name), count + 1
        source = m.group(1) + '_' + m.group(2)  # src_wire_steam_frame: folders and file, joined by the build
        def belongs(s): # any tail of the folders and the file, as foo_…, or foo alone
            parts = source.split('_')
            for i in range(1, len(parts)):
                stem = '_'.join(parts[i:])
                if s == stem or s.startswith(stem + '_') or (stem.endswith('s') and s.startswith(stem[:-1] + '_')): return True
            return False
        module = m.group(2)
        for line in lines('nm', '-g', '--defined-only', path):
            s = line.split()[-1]
            if s != 'main' and not s.startswith('__odr_asan') and home.setdefault(s, source) != source:
                bad.append(f'{source}: {s} leaves {home[s]} too')
            if s != 'main' and not s.startswith('__odr_asan') and not belongs(s) and not any(a[1] == s and module.endswith(a[0]) for a in allow):
                bad.append(f'{source}: {s} does not begin with the name of its file')
        for line in lines('size', '-A', path):
            w = line.split()
            if len(w) == 3 and re.match(r'\.(data|bss|tdata|tbss)$', w[0]) and w[1] != '0' \
                and not any(a[1] == w[0] and module.endswith(a[0]) for a in allow): bad.append(f'{source}: {w[1]} bytes of writable globals in {w[0]}')
        if m.group(1) == 'src' and module.split('_')[0] in PURE:
            for line in lines('nm', '-u', path):
                s = line.split()[-1].split('@')[0]
                if OUTSIDE.match(s): bad.append(f'{source}: calls {s}')
print('\n'.join(sorted(bad)) or f'objects: {count} modules, names told, no writable globals, floors 1 to 3 pure')
sys.exit(bool(bad) or count == 0)
