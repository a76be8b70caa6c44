#!/usr/bin/env python3
"""Checks what no compiler checks: `rules.py [repository]`.

  include direction   every #include against the table in ARCHITECTURE.md
  machine paths       no path of the machine that a file was written on
  links               the relative links of *.md lead to files and headings
  examples            the shell blocks of *.md are valid bash

Prints one line for each breach, `path:line: what is wrong`, and exits with 1
if there is any. Each check takes a list of `File` and returns such lines.
"""

import os
import re
import subprocess
import sys
from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple


class File(NamedTuple):
    path: str  # From the repository's root, with `/`.
    text: str


# Which folders a folder may include from: the table of ARCHITECTURE.md.
ALLOWED: Dict[str, Set[str]] = {
    'stats': {'stats'},
    'engine': {'engine', 'stats'},
    'service': {'service', 'engine', 'proto'},
    'clients': {'clients', 'proto'},
    'simulations': {'simulations', 'clients', 'engine', 'proto'},
    'tests': {'tests', 'simulations', 'clients', 'service', 'engine', 'stats',
              'proto'},
}

# Folders or files within them with rules of their own, as they begin: the
# exceptions that ARCHITECTURE.md admits. What has a `/` is the beginning of an
# include.
ALLOWED_WITHIN: Dict[str, Set[str]] = {
    'service/statistics/': {'stats', 'proto', 'service/statistics/'},
    'clients/cli/': {'clients', 'proto', 'service/statistics/'},
    'clients/cli/main.cc': {'clients', 'simulations/command/'},
    'service/assignment/': {'engine', 'proto', 'service/assignment/',
                            'service/convert_', 'service/names.h'},
    'service/wire/': {'proto'},
    'clients/cpp/event_columns': {'clients', 'engine/uuid.h', 'proto',
                                  'service/wire/'},
    'clients/cpp/local_': {'clients', 'engine', 'proto', 'service/assignment/',
                           'service/convert_'},
    'simulations/scenario/': {'simulations', 'clients', 'engine', 'proto',
                              'service/convert_', 'service/names.h'},
    'simulations/proof/': {'simulations', 'engine', 'stats'},
}

# First parts of includes of libraries, and the folders that may use them.
# None: any folder.
EVERYWHERE = None
LIBRARIES: Dict[str, Optional[Tuple[str, ...]]] = {
    'absl': EVERYWHERE,
    'boost': ('stats/', 'tests/'),
    'xxhash.h': ('engine/', 'clients/importer/', 'tests/'),
    'rocksdb': ('engine/store/', 'tests/'),
    'google': ('service/', 'clients/', 'simulations/', 'tests/'),  # protobuf
    'grpc': ('service/', 'clients/', 'simulations/', 'tests/'),
    'grpcpp': ('service/', 'clients/', 'simulations/', 'tests/'),
    'spdlog': ('service/', 'tests/'),
    'CLI': ('clients/cli/', 'simulations/', 'tests/'),
    'csv.h': ('clients/importer/', 'tests/'),
    'zlib.h': ('clients/importer/', 'tests/'),
    'nlohmann': ('clients/importer/', 'tests/'),
    'gtest': ('tests/',),
    'gmock': ('tests/',),
    'benchmark': ('tests/',),
}

SOURCE = re.compile(r'\.(cc|h|cpp|hpp|inc)$')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.M)
GENERATED = re.compile(r'^(stagecraft/v1/\w+)(\.grpc)?\.pb\.h$')
# Generated from statistics.proto as well.
GENERATED_RPCS = 'stagecraft/v1/statistics_rpcs.inc'


def line_of(text: str, offset: int) -> int:
    return text.count('\n', 0, offset) + 1


def check_includes(files: List[File]) -> List[str]:
    paths = {file.path for file in files}
    breaches = []
    for file in files:
        folder = file.path.split('/')[0]
        if not SOURCE.search(file.path):
            continue
        for match in INCLUDE.finditer(file.text):
            quote, include = match.groups()
            where = f'{file.path}:{line_of(file.text, match.start())}'
            fault = include_fault(file.path, folder, quote, include, paths)
            if fault:
                breaches.append(f'{where}: {fault}')
    return breaches


def include_fault(path: str, folder: str, quote: str, include: str,
                  paths: Set[str]) -> Optional[str]:
    if folder not in ALLOWED:
        return (f'code in the folder "{folder}", want one of '
                + ', '.join(sorted(ALLOWED)))
    first = include.split('/')[0]
    if first in LIBRARIES:
        users = LIBRARIES[first]
        if users is None or path.startswith(users):
            return None
        return f'includes {include}, want {first} only in ' + ', '.join(users)
    allowed = ALLOWED[folder]
    for within, own in ALLOWED_WITHIN.items():
        if path.startswith(within):
            folder, allowed = within.rstrip('/'), own
    generated = GENERATED.match(include)
    if generated:
        if 'proto' not in allowed:
            return f'{folder} includes {include}, want no wire format in it'
        source = f'proto/{generated.group(1)}.proto'
        return (None if source in paths
                else f'includes {include}, want {source} to exist')
    if first in ALLOWED and '/' in include:
        if quote == '<':
            return f'includes <{include}>, want "{include}"'
        if first not in allowed and not any(
                '/' in part and include.startswith(part)
                for part in allowed):
            return (f'{folder} includes {include}, want only '
                    + ', '.join(sorted(allowed)))
        return None if include in paths else f'{include} does not exist'
    if include == GENERATED_RPCS and 'proto' in allowed:
        return None
    if quote == '"':
        return (f'includes "{include}", want a path from the repository\'s '
                'root or a known library (LIBRARIES in tests/repository/'
                'rules.py)')
    return None  # The standard library, or the system's.


# In parts, so that this file does not hold them.
MACHINE_PATHS = ['/' + 'work/', '/' + 'tmp/bash_jobs', '/' + 'farm']
# Not where they are the end of a longer path or word (`home/` + `work/`).
MACHINE_PATH = re.compile(
    r'(?<![\w.\-])(?:' + '|'.join(map(re.escape, MACHINE_PATHS)) + r')')


def check_machine_paths(files: List[File]) -> List[str]:
    return [
        f'{file.path}:{line_of(file.text, match.start())}: holds '
        f'"{match.group()}", want no path of a machine'
        for file in files for match in MACHINE_PATH.finditer(file.text)
    ]


FENCE = re.compile(r'^(```+)([^\n]*)\n(.*?)^\1[ \t]*$', re.M | re.S)
LINK = re.compile(r'(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)')
HEADING = re.compile(r'^#{1,6} +(.+?) *#*$', re.M)


def without_code(text: str) -> str:
    """Blanks code, keeping offsets."""
    blank = lambda m: re.sub(r'[^\n]', ' ', m.group())
    return re.sub(r'`[^`\n]+`', blank, FENCE.sub(blank, text))


def anchors(text: str) -> Set[str]:
    """The ids of headings, as the usual renderers make them."""
    found: Set[str] = set()
    for heading in HEADING.findall(FENCE.sub('', text)):
        plain = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading)
        slug = re.sub(r'[^\w\- ]', '', plain.lower()).replace(' ', '-')
        unique, n = slug, 1
        while unique in found:
            unique, n = f'{slug}-{n}', n + 1
        found.add(unique)
    return found


def check_links(files: List[File]) -> List[str]:
    texts = {file.path: file.text for file in files}
    folders = {'/'.join(path.split('/')[:n])
               for path in texts for n in range(1, path.count('/') + 1)}
    breaches = []
    for file in files:
        if not file.path.endswith('.md'):
            continue
        for match in LINK.finditer(without_code(file.text)):
            link = match.group(1) or match.group(2)
            if re.match(r'[a-z][a-z0-9+.-]*:', link):
                continue  # Somebody else's page.
            where = f'{file.path}:{line_of(file.text, match.start())}'
            target, _, anchor = link.partition('#')
            path = file.path if not target else os.path.normpath(
                os.path.join(os.path.dirname(file.path), target)).replace(
                    os.sep, '/')
            if path not in texts and path not in folders:
                breaches.append(f'{where}: links to {link}, want a file or '
                                'folder of the repository')
            elif anchor and path.endswith('.md') and (
                    anchor not in anchors(texts[path])):
                breaches.append(f'{where}: links to {link}, want a heading '
                                f'of {path}')
    return breaches


def blocks(file: File) -> Iterator[Tuple[int, str, str]]:
    """The fenced blocks: line of the first line, info string, content."""
    for match in FENCE.finditer(file.text):
        yield (line_of(file.text, match.start(3)), match.group(2).strip(),
               match.group(3))


def check_examples(files: List[File]) -> List[str]:
    breaches = []
    for file in files:
        if not file.path.endswith('.md'):
            continue
        for line, info, content in blocks(file):
            if info.split(' ')[0] not in ('sh', 'bash'):
                continue
            run = subprocess.run(['bash', '-n'], input=content, text=True,
                                 stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, check=False)
            # bash warns, but exits with 0, where a here-document has no end.
            if run.returncode != 0 or run.stderr:
                fault = run.stderr.strip().splitlines()
                breaches.append(f'{file.path}:{line}: no valid bash: '
                                + (fault[0] if fault else '?'))
    return breaches


CHECKS = [check_includes, check_machine_paths, check_links, check_examples]


def list_paths(root: str) -> List[str]:
    """Tracked files and those that could be, as git sees them; all but build
    folders where there is no git."""
    git = subprocess.run(
        ['git', '-C', root, 'ls-files', '-z', '--cached', '--others',
         '--exclude-standard'],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if git.returncode == 0 and git.stdout:
        return sorted(set(os.fsdecode(git.stdout).rstrip('\0').split('\0')))
    paths = []
    for folder, folders, names in os.walk(root):
        at_root = os.path.samefile(folder, root)
        folders[:] = [name for name in folders
                      if name != '.git' and name != '__pycache__' and not (
                          at_root and name.startswith(('build', 'demo-out',
                                                       'node_modules')))]
        paths += [os.path.relpath(os.path.join(folder, name), root)
                  for name in names]
    return sorted(path.replace(os.sep, '/') for path in paths)


def read_files(root: str) -> List[File]:
    files = []
    for path in list_paths(root):
        try:
            with open(os.path.join(root, path), 'rb') as stream:
                data = stream.read()
        except (FileNotFoundError, IsADirectoryError):
            continue  # Deleted and not committed yet; a submodule.
        # Binary files still count as targets of links.
        text = '' if b'\0' in data else data.decode('utf-8', 'replace')
        files.append(File(path, text))
    return files


def main(arguments: List[str]) -> int:
    root = arguments[0] if arguments else os.path.join(
        os.path.dirname(os.path.abspath(__file__)), '..', '..')
    files = read_files(root)
    if not any(SOURCE.search(file.path) for file in files):
        print(f'{root}: no source files, want the root of the repository')
        return 1
    breaches = [line for check in CHECKS for line in check(files)]
    for breach in breaches:
        print(breach)
    print(f'{len(files)} files, {len(breaches)} breaches')
    return 1 if breaches else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
