// Checks of transactions: budgets, words, duplicate keys against a slow twin.
#include "rpc/txn_check.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "base/rng.h"
#include "rpc/decode.h"
#include "rpc/fakes.h"

namespace keelson::test {
namespace {

using rpc::TxnTree;

const Status kEmptyKey(Code::kInvalidArgument, "etcdserver: key is not provided");
const Status kTooManyOps(Code::kInvalidArgument, "etcdserver: too many operations in txn request");
const Status kDuplicate(Code::kInvalidArgument, "etcdserver: duplicate key given in txn request");

enum : uint32_t { kCompare = 1, kSuccess = 2, kFailure = 3 };

Message put(const std::string& key, const std::string& value = "") {
  return Message().message(2, Message().text(1, key).text(2, value));
}
Message del(const std::string& key, const std::string& end = "") {
  return Message().message(3, Message().text(1, key).text(2, end));
}
Message get(const std::string& key) { return Message().message(1, Message().text(1, key)); }
Message txn(const Message& request) { return Message().message(4, request); }
Message compare(const std::string& key) { return Message().text(3, key); }

Status check(const std::string& request, uint64_t max_ops = 128) {
  TxnTree tree;
  rpc::PlainBytes plain;
  if (!plain.decode(rpc::RequestKind::kTxn, request, tree)) return {Code::kInternal, "malformed"};
  return rpc::check_txn(tree, max_ops);
}

Message repeat(uint32_t field, const Message& item, int times) {
  Message out;
  for (int i = 0; i < times; i++) out.message(field, item);
  return out;
}

// Each list counts by itself.
TEST(TxnBudget, each_list_has_the_whole_budget) {
  Message full;
  full.raw(repeat(kCompare, compare("k"), 3).bytes());
  full.raw(repeat(kSuccess, get("k"), 3).bytes());
  full.raw(repeat(kFailure, get("k"), 3).bytes());
  EXPECT_EQ(check(full, 3), Status());
  EXPECT_EQ(check(repeat(kCompare, compare("k"), 4), 3), kTooManyOps);
  EXPECT_EQ(check(repeat(kSuccess, get("k"), 4), 3), kTooManyOps);
  EXPECT_EQ(check(repeat(kFailure, get("k"), 4), 3), kTooManyOps);
}

// Width and depth share the budget: a nested list may be as long as its parent's longest leaves
// room.
TEST(TxnBudget, nested_lists_get_what_the_parent_leaves) {
  const Message inner = repeat(kSuccess, get("k"), 2);
  Message outer;
  outer.message(kCompare, compare("k")).message(kSuccess, txn(inner));
  EXPECT_EQ(check(outer, 3), Status());
  EXPECT_EQ(check(outer, 2), kTooManyOps);
  Message wide = repeat(kCompare, compare("k"), 2);
  wide.message(kSuccess, txn(inner));
  EXPECT_EQ(check(wide, 3), kTooManyOps);
}

Message nest(int depth) {
  Message inner = Message().message(kSuccess, put("k"));
  for (int i = 1; i < depth; i++) inner = Message().message(kSuccess, txn(inner));
  return inner;
}

// Nesting is bounded whatever --max-txn-ops says: deeper does not decode.
TEST(TxnBudget, depth_is_bounded) {
  EXPECT_EQ(check(nest(limits::kTxnDepthMax), 1000), Status());
  EXPECT_EQ(check(nest(limits::kTxnDepthMax + 1), 1000), Status(Code::kInternal, "malformed"));
  EXPECT_EQ(check(nest(20), 19), kTooManyOps);
}

// The first failure in the order of looking wins: counts, compares, operations, duplicates.
TEST(TxnOrder, first_failure_wins) {
  Message request;
  request.message(kCompare, compare("")).message(kSuccess, Message());
  EXPECT_EQ(check(request), kEmptyKey);
  Message unset_op = Message().message(kSuccess, Message()).message(kFailure, get(""));
  EXPECT_EQ(check(unset_op), Status(Code::kInvalidArgument, "etcdserver: key not found"));
  Message twice = Message().message(kSuccess, put("k")).message(kSuccess, put("k"));
  EXPECT_EQ(check(twice), kDuplicate);
  twice.message(kFailure, get(""));
  EXPECT_EQ(check(twice), kEmptyKey);
  Message value = Message().message(
      kSuccess, Message().message(2, Message().text(1, "k").text(2, "v").number(5, 1)));
  EXPECT_EQ(check(value), Status(Code::kInvalidArgument, "etcdserver: value is provided"));
  Message sort =
      Message().message(kSuccess, Message().message(1, Message().text(1, "k").number(5, 7)));
  EXPECT_EQ(check(sort), Status(Code::kInvalidArgument, "etcdserver: invalid sort option"));
  EXPECT_EQ(check(Message().message(kSuccess, txn(Message().message(kCompare, compare(""))))),
            kEmptyKey);
}

bool duplicate(const Message& request) { return check(request) == kDuplicate; }
Message both(const Message& a, const Message& b) {
  return Message().message(kSuccess, a).message(kSuccess, b);
}

TEST(TxnDuplicates, puts_and_deletes_of_one_list) {
  EXPECT_TRUE(duplicate(both(put("k"), put("k"))));
  EXPECT_FALSE(duplicate(both(put("k"), put("l"))));
  EXPECT_TRUE(duplicate(both(put("k"), del("k"))));
  EXPECT_TRUE(duplicate(both(del("a", "z"), put("k"))));
  EXPECT_FALSE(duplicate(both(del("a", "k"), put("k"))));
  EXPECT_FALSE(duplicate(both(del("k"), del("a", "z"))));
  EXPECT_FALSE(duplicate(both(put("k"), get("k"))));
  EXPECT_FALSE(duplicate(Message().message(kSuccess, put("k")).message(kFailure, put("k"))));
}

// etcd reads an open end as a plain string, which no key is below.
TEST(TxnDuplicates, open_ended_delete_meets_no_put) {
  EXPECT_FALSE(duplicate(both(del("a", std::string(1, '\0')), put("k"))));
  EXPECT_FALSE(duplicate(both(del("z", "a"), put("k"))));
}

// The branches of a nested transaction exclude each other, but not its neighbours.
TEST(TxnDuplicates, nested_branches) {
  const Message inner = Message().message(kSuccess, put("k")).message(kFailure, put("k"));
  EXPECT_FALSE(duplicate(Message().message(kSuccess, txn(inner))));
  EXPECT_TRUE(duplicate(both(txn(inner), put("k"))));
  EXPECT_TRUE(duplicate(both(put("k"), txn(inner))));
  EXPECT_TRUE(duplicate(both(txn(inner), txn(inner))));
  EXPECT_TRUE(duplicate(both(del("a", "z"), txn(inner))));
  // Deletes of earlier neighbours are known, those of later ones are not.
  const Message wipe = Message().message(kFailure, del("a", "z"));
  EXPECT_TRUE(duplicate(both(txn(wipe), txn(inner))));
  EXPECT_FALSE(duplicate(both(txn(inner), txn(wipe))));
}

// ---- the slow twin: plain lists, every pair compared
// ------------------------------------------------

struct Twin {
  std::vector<std::string_view> puts;
  std::vector<mvcc::KeyRange> deletes;
};

bool meets(const Twin& known, std::string_view key) {
  for (const mvcc::KeyRange& range : known.deletes)
    if (range.single() ? range.key == key : range.key <= key && key < range.end) return true;
  return std::find(known.puts.begin(), known.puts.end(), key) != known.puts.end();
}

bool twin_collect(const TxnTree& tree, std::span<const TxnTree::Op> ops, Twin& out) {
  for (const TxnTree::Op& op : ops)
    if (op.kind == TxnTree::Kind::kDelete) out.deletes.push_back({op.key, op.end});
  for (const TxnTree::Op& op : ops) {
    if (op.kind != TxnTree::Kind::kTxn) continue;
    Twin yes, no;
    const TxnTree::Level& level = tree.levels[op.level];
    if (!twin_collect(tree, tree.success(level), yes)) return false;
    if (!twin_collect(tree, tree.failure(level), no)) return false;
    for (const Twin* branch : {&yes, &no})
      for (const std::string_view key : branch->puts)
        if (meets(out, key)) return false;
    for (const Twin* branch : {&yes, &no}) {
      out.puts.insert(out.puts.end(), branch->puts.begin(), branch->puts.end());
      out.deletes.insert(out.deletes.end(), branch->deletes.begin(), branch->deletes.end());
    }
  }
  for (const TxnTree::Op& op : ops) {
    if (op.kind != TxnTree::Kind::kPut) continue;
    if (meets(out, op.key)) return false;
    out.puts.push_back(op.key);
  }
  return true;
}

bool twin_finds(const TxnTree& tree) {
  Twin yes, no;
  return !twin_collect(tree, tree.success(tree.levels[0]), yes) ||
         !twin_collect(tree, tree.failure(tree.levels[0]), no);
}

std::string random_key(Rng& rng) {
  return std::string(1, static_cast<char>('a' + rng.below(20))) +
         (rng.below(4) == 0 ? std::string(1, '\0') : "");
}

Message random_txn(Rng& rng, int depth) {
  Message out;
  for (const uint32_t list : {kSuccess, kFailure})
    for (uint64_t i = rng.below(5); i > 0; i--) {
      const uint64_t kind = rng.below(depth > 0 ? 8 : 6);
      if (kind < 4)
        out.message(list, put(random_key(rng)));
      else if (kind == 4)
        out.message(list, del(random_key(rng)));
      else if (kind == 5)
        out.message(list, del(random_key(rng), random_key(rng)));
      else
        out.message(list, txn(random_txn(rng, depth - 1)));
    }
  return out;
}

TEST(TxnDuplicates, random_transactions_agree_with_the_slow_twin) {
  SeededRng rng(1);
  int found = 0, clean = 0;
  for (int i = 0; i < 20'000; i++) {
    const std::string request = random_txn(rng, 3);
    TxnTree tree;
    ASSERT_TRUE(rpc::decode_strict(request, tree));
    const bool expected = twin_finds(tree);
    ASSERT_EQ(rpc::has_duplicate_keys(tree), expected) << i;
    (expected ? found : clean)++;
  }
  EXPECT_GT(found, 1000);
  EXPECT_GT(clean, 1000);
}

int64_t cost(const std::string& request) {
  TxnTree tree;
  EXPECT_TRUE(rpc::decode_strict(request, tree));
  return rpc::txn_cost(tree);
}

TEST(TxnCost, dearer_branch_counts_at_every_level) {
  EXPECT_EQ(cost(Message().message(kSuccess, get("k")).message(kSuccess, del("k"))), 0);
  EXPECT_EQ(cost(Message().message(kSuccess, put("k", "vv")).message(kFailure, put("k", "v"))),
            259);
  const Message inner = Message().message(kSuccess, put("k")).message(kFailure, put("k", "12345"));
  EXPECT_EQ(cost(Message().message(kFailure, txn(inner)).message(kFailure, put("l"))),
            256 + 6 + 256 + 1);
}

}  // namespace
}  // namespace keelson::test
