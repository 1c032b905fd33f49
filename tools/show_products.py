#!/usr/bin/env python3
"""Prints what a person wants to see of a pics.product_info task: show_products.py TASK.json"""
import json, sys

result = json.load(open(sys.argv[1]))['result']
for app in result['apps']:
    data = app['data'].get('appinfo', app['data'])
    print(f"\napp {app['id']}  {app.get('name', '?')}  change {app['changeNumber']}  sha1 {app['sha1'][:12]}…")
    depots = data.get('depots', {})
    for name, branch in depots.get('branches', {}).items():
        print(f"  branch {name:<20} build {branch.get('buildid', '?')}")
    numbers = [d for d in depots if d.isdigit()]
    for d in numbers:
        manifests = depots[d].get('manifests', {}) if isinstance(depots[d], dict) else {}
        public = manifests.get('public') or manifests.get('Public') or ''
        gid = public.get('gid', '') if isinstance(public, dict) else public
        print(f"  depot  {d:<8} {depots[d].get('name', '')[:40]:<40} {gid}")
for package in result['packages']:
    print(f"\npackage {package['id']}  change {package['changeNumber']}  sha1 {package['sha1'][:12]}…  {package['size']} bytes")
