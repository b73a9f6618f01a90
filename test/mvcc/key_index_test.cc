// The key index against its twin on random input, and the corners of its layout.
#include "mvcc/key_index.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "mvcc/bulk_build.h"
#include "mvcc/index_twin.h"

namespace keelson::mvcc {
namespace {

using test::IndexTwin;
using test::same_meta;

// Keys that make heads collide: long shared prefixes, zero bytes, one key a prefix of another.
std::string random_key(Rng& rng, uint64_t variety) {
  static const std::string kPrefixes[] = {"", "/registry/pods/default/",
                                          "/registry/pods/kube-system/", std::string(40, 'x'),
                                          std::string("z\0\0\0\0\0\0\0\0", 9)};
  std::string key = kPrefixes[rng.below(5)];
  const uint64_t n = rng.below(variety);
  switch (rng.below(3)) {
    case 0:
      key += std::to_string(n);
      break;
    case 1:
      key += std::string(n % 11, '\0');
      break;
    default:
      put_u64be(key, n);
      break;
  }
  if (key.empty()) key = "e";
  return key;
}

// An index and its twin that see the same changes.
class Pair {
 public:
  explicit Pair(uint64_t seed, uint64_t variety) : rng_(seed), variety_(variety) {}

  void change() {
    const uint64_t changes = 1 + rng_.below(3);
    ++main_;
    for (uint32_t sub = 0; sub < changes; ++sub) change_one(sub);
  }

  void change_one(uint32_t sub) {
    const std::string key = random_key(rng_, variety_);
    Change c{.mod = Revision(main_), .sub = sub, .seq = Seq(seq_ + 1), .tombstone = false};
    if (rng_.below(3) != 0) {
      const auto made = index.put(key, c);
      ASSERT_TRUE(same_meta(made.now, twin.put(key, c)));
    } else {
      c.tombstone = true;
      ASSERT_EQ(index.erase(key, c).has_value(), twin.erase(key, c));
    }
    ++seq_;
  }

  void compact_all(Revision rev) {
    std::vector<Seq> dropped;
    std::string from;
    while (index.compact_leaf(from, rev, dropped)) {
    }
    std::vector<Seq> expected = twin.compact(rev);
    std::sort(dropped.begin(), dropped.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(dropped, expected);
    compacted_ = rev;
  }

  Revision random_revision() {
    const auto span = static_cast<uint64_t>(main_ - compacted_.value + 1);
    return Revision(compacted_.value + static_cast<int64_t>(rng_.below(span)));
  }

  void compare_some() {
    const std::string key = random_key(rng_, variety_);
    std::string end = rng_.below(4) == 0 ? std::string(1, '\0') : random_key(rng_, variety_);
    if (rng_.below(8) == 0) end.clear();
    const Revision at = random_revision();
    const KeyRange range{.key = key, .end = end};
    ASSERT_EQ(index.count(range, at), twin.count(range, at));
    const Entry* entry = index.find(key);
    const auto got = entry == nullptr ? std::nullopt : entry->live_at(at);
    const auto want = twin.live_at(key, at);
    ASSERT_EQ(got.has_value(), want.has_value());
    if (got) {
      ASSERT_TRUE(same_meta(*got, *want));
    }
  }

  void compare_parts() {
    std::string from = random_key(rng_, variety_);
    const KeyRange range{.key = from, .end = std::string_view("\0", 1)};
    const Revision at = random_revision();
    const int64_t want = twin.count(range, at);
    int64_t got = 0;
    do {
      got += index.count_part(from, "", at, 1 + rng_.below(3));
    } while (!from.empty());
    ASSERT_EQ(got, want);
  }

  void compare_walk() {
    KeyIndex::Cursor cursor(index, "");
    for (const auto& [key, versions] : twin.keys()) {
      ASSERT_NE(cursor.entry(), nullptr);
      ASSERT_EQ(cursor.entry()->key(), key);
      ASSERT_EQ(cursor.entry()->versions(), versions.size());
      ASSERT_EQ(cursor.live_now(), !versions.back().tombstone);
      cursor.next();
    }
    ASSERT_EQ(cursor.entry(), nullptr);
  }

  KeyIndex index;
  IndexTwin twin;
  Rng& rng() { return rng_; }
  Revision now() const { return Revision(main_); }

 private:
  SeededRng rng_;
  uint64_t variety_;
  int64_t main_ = 1;
  uint64_t seq_ = 0;
  Revision compacted_{0};
};

TEST(KeyIndexTest, randomChanges_sameAsTwin) {
  // Any disagreement of lookup, history, order or count with the obvious implementation.
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Pair pair(seed, seed % 2 == 0 ? 40 : 4000);
    for (int round = 0; round < 30; ++round) {
      for (int i = 0; i < 100; ++i) pair.change();
      for (int i = 0; i < 10; ++i) pair.compare_some();
      pair.compare_parts();
      if (round % 7 == 6) pair.compact_all(pair.random_revision());
      pair.compare_walk();
      pair.index.check_invariants();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " round " << round;
    }
  }
}

TEST(KeyIndexTest, compactEverything_shrinksToNothing) {
  // Nodes that empty must leave the tree, or an index of deleted keys keeps its memory.
  Pair pair(9, 3000);
  const size_t empty = pair.index.memory();
  std::vector<std::string> keys;
  for (int i = 0; i < 5000; ++i) pair.change();
  for (const auto& [key, versions] : pair.twin.keys()) keys.push_back(key);
  const Revision last = pair.now().next();
  uint64_t seq = 1'000'000;
  for (const std::string& key : keys) {
    const Change c{.mod = last, .sub = 0, .seq = Seq(++seq), .tombstone = true};
    pair.index.erase(key, c);
    pair.twin.erase(key, c);
  }
  EXPECT_EQ(pair.index.live(), 0);
  pair.compact_all(last.next());
  pair.index.check_invariants();
  EXPECT_EQ(pair.index.entries(), 0);
  EXPECT_EQ(pair.index.memory(), empty);
}

TEST(KeyIndexTest, sequentialInserts_leaveFullLeaves) {
  // A leaf split in the middle by ascending keys would waste half of the index.
  KeyIndex index;
  for (int i = 0; i < 100'000; ++i) {
    char key[65];
    std::snprintf(key, sizeof key, "/registry/pods/some-namespace/%034d", i);
    index.put(std::string_view(key, 64), {.mod = Revision(i + 2),
                                          .sub = 0,
                                          .seq = Seq(static_cast<uint64_t>(i) + 1),
                                          .tombstone = false});
  }
  index.check_invariants();
  EXPECT_LE(index.memory() / 100'000, 115u);
}

TEST(KeyIndexTest, oddSizes_takeTheWideForm) {
  // Numbers that do not fit the compact header must not be cut off.
  KeyIndex index;
  const std::string long_key(70'000, 'k');
  const KeyMeta first =
      index.put(long_key, {.mod = Revision(2), .sub = 70'000, .seq = Seq(1), .tombstone = false})
          .now;
  EXPECT_EQ(first.sub, 70'000u);
  ASSERT_NE(index.find(long_key), nullptr);
  EXPECT_EQ(index.find(long_key)->key(), long_key);
  std::vector<Seq> dropped;
  std::string from;
  for (int i = 0; i < 70'000; ++i) {
    index.put("hot", {.mod = Revision(3 + i),
                      .sub = 0,
                      .seq = Seq(2 + static_cast<uint64_t>(i)),
                      .tombstone = false});
  }
  index.compact_leaf(from, Revision(70'002), dropped);
  EXPECT_EQ(dropped.size(), 69'999u);
  EXPECT_EQ(index.find("hot")->newest().version, 70'000);
  EXPECT_EQ(index.find("hot")->newest().create, Revision(3));
  EXPECT_EQ(index.find(long_key)->newest().sub, 70'000u);
}

TEST(BulkBuildTest, randomHistory_sameAsInserting) {
  // The sort works on heads of keys; a wrong order or join would lose keys silently.
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SeededRng rng(seed);
    IndexTwin twin;
    BulkBuilder builder;
    for (int64_t main = 2; main < 3000; ++main) {
      const std::string key = random_key(rng, seed * 300);
      Change c{.mod = Revision(main),
               .sub = 0,
               .seq = Seq(static_cast<uint64_t>(main)),
               .tombstone = rng.below(3) == 0};
      if (c.tombstone && !twin.erase(key, c)) continue;
      if (!c.tombstone) twin.put(key, c);
      builder.add(key, twin.keys().at(key).back());
    }
    KeyIndex index;
    ASSERT_TRUE(builder.finish(index));
    index.check_invariants();
    KeyIndex::Cursor cursor(index, "");
    for (const auto& [key, versions] : twin.keys()) {
      ASSERT_EQ(cursor.entry()->key(), key);
      ASSERT_EQ(cursor.entry()->versions(), versions.size());
      for (const KeyMeta& meta : versions) {
        ASSERT_TRUE(same_meta(*cursor.entry()->newest_at(meta.mod), meta));
      }
      cursor.next();
    }
    ASSERT_EQ(cursor.entry(), nullptr);
  }
}

TEST(BulkBuildTest, versionsThatDoNotFollow_areRefused) {
  // Rows that contradict each other mean a damaged database, not a crash later.
  KeyIndex index;
  BulkBuilder builder;
  KeyMeta meta;
  meta.mod = Revision(2);
  meta.create = Revision(2);
  meta.version = 1;
  meta.seq = Seq(1);
  builder.add("a", meta);
  meta.mod = Revision(3);
  meta.version = 5;
  meta.seq = Seq(2);
  builder.add("a", meta);
  EXPECT_FALSE(builder.finish(index));
}

}  // namespace
}  // namespace keelson::mvcc
