#!/usr/bin/env python3
"""Tests of rules.py on small made-up repositories."""

import contextlib
import io
import os
import subprocess
import tempfile
import unittest

import rules
from rules import File

WORK = '/' + 'work/'


class IncludesTest(unittest.TestCase):
    TREE = [
        File('stats/mean.h', ''), File('engine/engine.h', ''),
        File('service/server.h', ''), File('clients/cpp/client.h', ''),
        File('proto/stagecraft/v1/event.proto', ''),
        File('tests/support/status_matchers.h', ''),
        File('service/statistics/means.h', ''),
        File('service/assignment/answer.h', ''),
        File('service/convert_time.h', ''),
    ]

    def faults(self, path, line):
        return rules.check_includes(self.TREE + [File(path, line + '\n')])

    def test_takes_what_the_table_allows(self):
        for path, include in [
                ('stats/a.cc', '"stats/mean.h"'),
                ('engine/a.cc', '"stats/mean.h"'),
                ('service/a.cc', '"engine/engine.h"'),
                ('service/a.cc', '"stagecraft/v1/event.pb.h"'),
                ('clients/a.cc', '"stagecraft/v1/event.grpc.pb.h"'),
                ('simulations/a.cc', '"engine/engine.h"'),
                ('simulations/a.cc', '"clients/cpp/client.h"'),
                ('tests/a/b_test.cc', '"service/server.h"'),
                ('tests/a/b_test.cc', '"tests/support/status_matchers.h"'),
                ('stats/a.cc', '<boost/math/distributions/beta.hpp>'),
                ('stats/a.cc', '"absl/status/status.h"'),
                ('stats/a.cc', '<vector>'),
                ('engine/store/a.cc', '"rocksdb/db.h"'),
                ('service/a.cc', '"service/statistics/means.h"'),
                ('service/a.cc', '"stagecraft/v1/statistics_rpcs.inc"'),
                ('service/statistics/a.cc', '"stats/mean.h"'),
                ('service/statistics/a.cc', '"service/statistics/means.h"'),
                ('service/statistics/a.cc', '"stagecraft/v1/event.pb.h"'),
                ('clients/cli/a.cc', '"service/statistics/means.h"'),
                ('clients/cli/a.cc', '"clients/cpp/client.h"'),
                ('service/a.cc', '"service/assignment/answer.h"'),
                ('service/assignment/a.cc', '"service/convert_time.h"'),
                ('service/assignment/a.cc', '"engine/engine.h"'),
                ('clients/cpp/local_a.cc', '"service/assignment/answer.h"'),
                ('clients/cpp/local_a.cc', '"service/convert_time.h"'),
                ('simulations/scenario/a.cc', '"service/convert_time.h"'),
                ('clients/cpp/local_a.cc', '"engine/engine.h"'),
                ('service/a.cc', '<grpcpp/grpcpp.h>')]:
            self.assertEqual(self.faults(path, '#include ' + include), [],
                             (path, include))

    def test_refuses_what_it_does_not(self):
        for path, include in [
                ('stats/a.cc', '"engine/engine.h"'),
                ('engine/a.cc', '"service/server.h"'),
                ('engine/a.cc', '"stagecraft/v1/event.pb.h"'),
                ('service/a.cc', '"clients/cpp/client.h"'),
                ('clients/a.cc', '"engine/engine.h"'),
                ('clients/a.cc', '"stats/mean.h"'),
                ('service/a.cc', '"stats/mean.h"'),
                ('service/statistics/a.cc', '"service/server.h"'),
                ('service/statistics/a.cc', '"engine/engine.h"'),
                ('clients/cli/a.cc', '"service/server.h"'),
                ('clients/cli/a.cc', '"stats/mean.h"'),
                ('clients/cpp/a.cc', '"service/statistics/means.h"'),
                ('service/assignment/a.cc', '"service/server.h"'),
                ('clients/cpp/a.cc', '"service/assignment/answer.h"'),
                ('clients/cpp/local_a.cc', '"service/server.h"'),
                ('simulations/scenario/a.cc', '"service/server.h"'),
                ('simulations/world/a.cc', '"service/convert_time.h"'),
                ('clients/cpp/client_local_a.cc', '"engine/engine.h"'),
                ('engine/a.cc', '"stagecraft/v1/statistics_rpcs.inc"'),
                ('simulations/a.cc', '"service/server.h"'),
                ('service/a.cc', '"tests/support/status_matchers.h"'),
                ('engine/a.cc', '<google/protobuf/message.h>'),
                ('engine/a.cc', '"rocksdb/db.h"'),
                ('engine/a.cc', '<boost/math/distributions/beta.hpp>'),
                ('engine/a.cc', '"engine/missing.h"'),
                ('engine/a.cc', '"engine.h"'),
                ('engine/a.cc', '<engine/engine.h>'),
                ('service/a.cc', '"stagecraft/v1/missing.pb.h"'),
                ('extras/a.cc', '<vector>')]:
            faults = self.faults(path, '#include ' + include)
            self.assertEqual(len(faults), 1, (path, include, faults))
            self.assertTrue(faults[0].startswith(path + ':1: '), faults)

    def test_sees_includes_however_they_are_written(self):
        text = '// about\n\n  #  include\t"service/server.h"  // why\n'
        self.assertEqual(
            [f.split(': ')[0] for f in self.faults('stats/a.h', text)],
            ['stats/a.h:3'])

    def test_reads_code_alone(self):
        self.assertEqual(
            self.faults('stats/notes.md', '#include "service/server.h"'), [])


class MachinePathsTest(unittest.TestCase):

    def test_finds_them_anywhere(self):
        for text in [WORK, f'"{WORK}a"', f'cd {WORK}', f'x={WORK}b',
                     '/' + 'tmp/bash_jobs.0/x', '/' + 'farm/a']:
            found = rules.check_machine_paths([File('a.txt', 'one\n' + text)])
            self.assertEqual(len(found), 1, text)
            self.assertTrue(found[0].startswith('a.txt:2: '), found)

    def test_leaves_other_words(self):
        for text in ['a net' + WORK, 'home' + WORK + 'a', '/tmp/x', 'farm',
                     '~/works/']:
            self.assertEqual(
                rules.check_machine_paths([File('a.txt', text)]), [], text)


class LinksTest(unittest.TestCase):
    TREE = [
        File('ARCHITECTURE.md', '# The path of the data\n## Why, twice?\n'
             '## Why, twice?\n```sh\n# not a heading\n```\n'),
        File('engine/store/FORMAT.md', ''),
    ]

    def faults(self, text, path='README.md'):
        return rules.check_links(self.TREE + [File(path, text)])

    def test_takes_files_folders_and_headings(self):
        text = ('# Here\n[a](ARCHITECTURE.md) [b](engine/store) [c](#here)\n'
                '[d](ARCHITECTURE.md#the-path-of-the-data)\n'
                '[e](ARCHITECTURE.md#why-twice-1) [f](engine/store/)\n'
                '[g](https://example.com/x) [h](mailto:a@example.com)\n')
        self.assertEqual(self.faults(text), [])
        self.assertEqual(
            self.faults('[up](../ARCHITECTURE.md)', 'engine/NOTES.md'), [])

    def test_refuses_what_is_not_there(self):
        for text in ['[a](MISSING.md)', '[a](engine/none/)', '[a](#nowhere)',
                     '[a](ARCHITECTURE.md#nowhere)', '![a](a.png)',
                     '[a](ARCHITECTURE.md#not-a-heading)',
                     '[a](../ARCHITECTURE.md)']:
            found = self.faults('one\n' + text)
            self.assertEqual(len(found), 1, (text, found))
            self.assertTrue(found[0].startswith('README.md:2: '), found)

    def test_leaves_code(self):
        self.assertEqual(
            self.faults('`[a](b)`\n```cpp\n[x](y)\n```\n'), [])


class ExamplesTest(unittest.TestCase):

    def test_takes_valid_bash_and_leaves_other_languages(self):
        text = ('```sh run\nls | wc -l\n```\n```json\n{"a": (\n```\n'
                "```sh\ncat <<'EOF'\nx\nEOF\n```\n")
        self.assertEqual(rules.check_examples([File('README.md', text)]), [])

    def test_refuses_what_bash_cannot_read(self):
        for block in ['if true; then\n', 'echo "a\n', "cat <<'EOF'\nx\n"]:
            found = rules.check_examples(
                [File('README.md', f'one\n```sh run\n{block}```\n')])
            self.assertEqual(len(found), 1, (block, found))
            self.assertTrue(found[0].startswith('README.md:3: '), found)


class RepositoryTest(unittest.TestCase):

    def write(self, root, path, text):
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as stream:
            stream.write(text)

    def run_main(self, root):
        with contextlib.redirect_stdout(io.StringIO()):
            return rules.main([root])

    def test_lists_tracked_and_untracked_but_not_ignored_files(self):
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(['git', 'init', '-q', root], check=True)
            self.write(root, '.gitignore', '/build*/\n')
            self.write(root, 'stats/tracked.cc', '')
            self.write(root, 'stats/new.cc', '')
            self.write(root, 'build/made.cc', '')
            subprocess.run(['git', '-C', root, 'add', 'stats/tracked.cc'],
                           check=True)
            self.assertEqual(
                rules.list_paths(root),
                ['.gitignore', 'stats/new.cc', 'stats/tracked.cc'])

    def test_lists_all_but_build_folders_without_git(self):
        with tempfile.TemporaryDirectory() as root:
            self.write(root, 'stats/a.cc', '')
            self.write(root, 'stats/build/b.cc', '')
            self.write(root, 'build-asan/c.cc', '')
            self.assertEqual(rules.list_paths(root),
                             ['stats/a.cc', 'stats/build/b.cc'])

    def test_fails_where_there_is_a_breach_or_no_code(self):
        with tempfile.TemporaryDirectory() as root:
            self.assertEqual(self.run_main(root), 1)
            self.write(root, 'stats/a.cc', '#include <vector>\n')
            self.assertEqual(self.run_main(root), 0)
            self.write(root, 'notes.txt', WORK)
            self.assertEqual(self.run_main(root), 1)


if __name__ == '__main__':
    unittest.main()
