#include "watch/interval_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>

#include "base/rng.h"
#include "watch/range_set.h"

namespace keelson::watch {
namespace {

using mvcc::KeyRange;

struct Owned {
  std::string key, end;
  KeyRange range() const { return {key, end}; }
  bool operator==(const Owned&) const = default;
};

std::string random_key(Rng& rng) {
  std::string key(1 + rng.below(3), 'a');
  for (char& c : key) c = static_cast<char>('a' + rng.below(4));
  return key;
}

Owned random_range(Rng& rng) {
  Owned out{random_key(rng), random_key(rng)};
  if (out.key > out.end) std::swap(out.key, out.end);
  if (out.key == out.end) out.end.push_back('b');
  if (rng.below(8) == 0) out.end.assign(1, '\0');
  return out;
}

std::vector<uint32_t> stabbed(const IntervalIndex& index, std::string_view key) {
  std::vector<uint32_t> out;
  index.stab(key, [&out](uint32_t id) { out.push_back(id); });
  std::sort(out.begin(), out.end());
  return out;
}

// The slow twin looks at every range.
std::vector<uint32_t> looked_up(const std::deque<std::pair<Owned, bool>>& all,
                                std::string_view key) {
  std::vector<uint32_t> out;
  for (uint32_t id = 0; id < all.size(); id++)
    if (all[id].second && all[id].first.range().contains(key)) out.push_back(id);
  return out;
}

// A rotation that forgets to lift the highest end would hide ranges from some keys.
TEST(IntervalIndex, random_changes_finds_what_a_full_look_finds) {
  for (uint64_t seed = 1; seed <= 30; seed++) {
    SeededRng rng(seed);
    IntervalIndex index;
    std::deque<std::pair<Owned, bool>> all;
    for (int step = 0; step < 400; step++) {
      const Owned range = random_range(rng);
      const auto found = index.find(range.range());
      if (!found) {
        all.emplace_back(range, true);
        index.add(all.back().first.range(), static_cast<uint32_t>(all.size() - 1));
      } else if (rng.below(2) == 0) {
        all[*found].second = false;
        index.remove(range.range());
      }
      const std::string key = random_key(rng);
      ASSERT_EQ(stabbed(index, key), looked_up(all, key)) << "seed " << seed << " step " << step;
    }
    index.check_invariants();
  }
}

// Thousands of watched prefixes must not be walked for a key that is under one of them.
TEST(IntervalIndex, many_prefixes_one_match) {
  std::deque<Owned> ranges;
  IntervalIndex index;
  for (int i = 0; i < 5000; i++) {
    const std::string prefix = "/registry/" + std::to_string(10000 + i) + "/";
    ranges.push_back({prefix, prefix.substr(0, prefix.size() - 1) + "0"});
    index.add(ranges.back().range(), static_cast<uint32_t>(i));
  }
  EXPECT_EQ(stabbed(index, "/registry/12345/pods/a"), std::vector<uint32_t>{2345});
  EXPECT_TRUE(stabbed(index, "/registry/").empty());
}

// Two watchers of one range share an id until the last one leaves.
TEST(RangeSet, shared_range_lives_until_last_user_leaves) {
  RangeSet set;
  const uint32_t first = set.add({"k", ""});
  EXPECT_EQ(set.add({"k", ""}), first);
  const uint32_t range = set.add({"k", "m"});
  EXPECT_NE(range, first);
  EXPECT_EQ(set.add({"k", "m"}), range);
  set.release(first);
  EXPECT_TRUE(set.matches("k"));
  set.release(range);
  set.release(range);
  EXPECT_FALSE(set.matches("l"));
  EXPECT_TRUE(set.matches("k"));
  set.release(first);
  EXPECT_FALSE(set.matches("k"));
  EXPECT_EQ(set.size(), 0u);
  EXPECT_LT(set.add({"other", ""}), 2u);  // ids are used again
  set.check_invariants();
}

}  // namespace
}  // namespace keelson::watch
