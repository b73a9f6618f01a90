#!/usr/bin/env python3
"""The checks must find what they are for: a check that finds nothing looks the same as a clean tree."""
import os
import tempfile
import unittest

import layers
import lengths
import thread_safety
import words


class LayersTest(unittest.TestCase):
    def refused(self, source, header, part="server"):
        check = layers.check_angle if header.startswith("<") else layers.check_quoted
        return check(part, source, header.strip('<>"')) is not None

    def test_downward_edges_are_allowed(self):
        for source, header in [("node", '"raft/raft.h"'), ("front", '"rpc/call.h"'), ("io", '"base/log.h"'),
                               ("front", '"config/config.h"'), ("main", '"front/front.h"'), ("rpc", "<rpc.pb.h>"),
                               ("mvcc", "<sqlite3.h>"), ("base", "<sys/stat.h>"), ("base", "<vector>")]:
            self.assertFalse(self.refused(source, header), (source, header))

    def test_other_edges_are_refused(self):
        for source, header in [("raft", '"io/fs.h"'), ("base", '"io/fs.h"'), ("mvcc", '"wal/wal.h"'),
                               ("node", '"rpc/call.h"'), ("http", '"front/front.h"'), ("front", '"config/parse.h"'),
                               ("node", '"peer/peer.h"'), ("wal", "<openssl/ssl.h>"), ("rpc", "<grpcpp/grpcpp.h>"),
                               ("raft", "<rpc.pb.h>"), ("io", "<boost/asio.hpp>"), ("io", '"fs.h"')]:
            self.assertTrue(self.refused(source, header), (source, header))

    def test_operator_keeps_its_own_edges(self):
        self.assertFalse(self.refused("act", '"plan/plan.h"', "operator"))
        self.assertTrue(self.refused("plan", '"kube/client.h"', "operator"))
        self.assertTrue(self.refused("ctl", '"mvcc/store.h"', "operator"))
        self.assertFalse(self.refused("ctl", "<grpcpp/grpcpp.h>", "operator"))


SAMPLE = '''namespace a {
struct S {
  explicit S(int x) : x_(x), y_{1} {
    call([&] { if (x) { y(); } });
  }
  int get() const { return x_; }
};
const int kTable[] = {
    {1, [](int x) { return x; }},
    {2},
};
std::string text() {
  return R"({{{)" "}" + std::string("\\"{");  // {{
}
template <typename T>
auto
spread(
    T t) -> int {
  switch (t) {
    case 1'000: return '{';
  }
  return 0;
}
}  // namespace a
'''


class LengthsTest(unittest.TestCase):
    def test_functions_are_told_from_other_braces(self):
        found = lengths.Scanner(lengths.blank_strings_and_comments(SAMPLE)).functions
        self.assertEqual([("S", 3, 5), ("get", 6, 6), ("text", 12, 14), ("spread", 15, 23)], found)

    def test_long_ones_are_found_and_the_ratchet_only_shrinks(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "server"))
            with open(os.path.join(root, "server", "x.cc"), "w", encoding="utf-8") as file:
                file.write("void f() {\n" + "  g();\n" * 70 + "}\n" + "\n" * 600)
            self.assertEqual(2, len(lengths.check(root, {})))
            self.assertEqual([], lengths.check(root, {"server/x.cc:f": 72, "server/x.cc": 672}))
            self.assertEqual(1, len(lengths.check(root, {"server/x.cc:f": 73, "server/x.cc": 672})))
            self.assertEqual(1, len(lengths.check(root, {"server/x.cc:f": 71, "server/x.cc": 672})))


class WordsTest(unittest.TestCase):
    def test_bad_lines_are_found(self):
        for line in ["// TODO: later", "x = '/root/thing'", "TEST(A, DISABLED_b) {", "GTEST_SKIP();", "// TEST(A, b) {",
                     "t.Skip(\"flaky\")", "<<<<<<< HEAD"]:
            self.assertIsNotNone(words.problem_of(line), line)

    def test_good_lines_are_left_alone(self):
        for line in ["// TODO(#12): later", "t.Skip(\"#12, until 2030-01-31\")", "TEST(A, b) {", "a /root b", "$HOME/work/x",
                     "https://x.example/root/y"]:
            self.assertIsNone(words.problem_of(line), line)


class ThreadSafetyTest(unittest.TestCase):
    def test_command_is_turned_into_an_analysis(self):
        entry = {"command": "/usr/bin/ccache /usr/bin/c++ -I/x -Wall -O2 -std=c++20 -o a.o -c a.cc"}
        self.assertEqual(["clang++-19", "-I/x", "-O2", "-std=c++20", "a.cc"], thread_safety.command_of(entry)[:5])

    # A flag too many switches the analysis off without a word.
    def test_unlocked_access_is_an_error(self):
        server = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "server")
        for body, code in [("return x;", 1), ("keelson::MutexLock hold(m); return x;", 0)]:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "a.cc")
                with open(path, "w", encoding="utf-8") as file:
                    file.write('#include "base/mutex.h"\nstruct A { keelson::Mutex m; int x GUARDED_BY(m) = 0;\n'
                               "int get() { " + body + " } };\n")
                entry = {"file": path, "directory": folder, "command": f"c++ -std=c++20 -I{server} -c {path}"}
                self.assertEqual(code, thread_safety.analyse(entry)[1], body)


if __name__ == "__main__":
    unittest.main()
