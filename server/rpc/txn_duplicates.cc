// A transaction must not change a key twice on one path of execution. What counts is what etcd
// counts (reference errors.md section 3), with its order of looking:
//   of a list of operations, first its own deletes are known; then its nested transactions are
//   looked at one after the other, their puts against the deletes and puts known so far, their
//   deletes added after; last its own puts, against all of them.
// So a put in a nested transaction is not held against a delete in a LATER sibling. A delete whose
// end is not above its key meets no put; that includes the open end "\0".
#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_set>

#include "rpc/txn_check.h"

namespace keelson::rpc {
namespace {

using Op = TxnTree::Op;
using Kind = TxnTree::Kind;
using Ops = std::span<const Op>;

// Keys covered by deletes, as single keys and as disjoint intervals.
class Deleted {
 public:
  void add(std::string_view key, std::string_view end) {
    if (end.empty())
      keys_.insert(key);
    else if (key < end)
      add_interval(key, end);
  }

  void add(const Deleted& other) {
    keys_.insert(other.keys_.begin(), other.keys_.end());
    for (const auto& [begin, end] : other.intervals_) add_interval(begin, end);
  }

  bool covers(std::string_view key) const {
    if (keys_.contains(key)) return true;
    auto after = intervals_.upper_bound(key);
    return after != intervals_.begin() && key < std::prev(after)->second;
  }

 private:
  void add_interval(std::string_view begin, std::string_view end) {
    auto at = intervals_.upper_bound(begin);
    if (at != intervals_.begin() && std::prev(at)->second >= begin) --at;
    while (at != intervals_.end() && at->first <= end) {
      begin = std::min(begin, at->first);
      end = std::max(end, at->second);
      at = intervals_.erase(at);
    }
    intervals_.emplace(begin, end);
  }

  std::unordered_set<std::string_view> keys_;
  std::map<std::string_view, std::string_view> intervals_;  // begin -> end
};

struct Touched {
  std::unordered_set<std::string_view> puts;
  Deleted deletes;
};

bool collect(const TxnTree& txn, Ops ops, Touched& out);

// The branches of one nested transaction never run together: they may put the same keys.
bool add_nested(const TxnTree& txn, const TxnTree::Level& level, Touched& out) {
  Touched then_branch, else_branch;
  if (!collect(txn, txn.success(level), then_branch)) return false;
  if (!collect(txn, txn.failure(level), else_branch)) return false;
  then_branch.puts.merge(else_branch.puts);
  for (const std::string_view key : then_branch.puts)
    if (out.deletes.covers(key) || !out.puts.insert(key).second) return false;
  out.deletes.add(then_branch.deletes);
  out.deletes.add(else_branch.deletes);
  return true;
}

bool collect(const TxnTree& txn, Ops ops, Touched& out) {
  for (const Op& op : ops)
    if (op.kind == Kind::kDelete) out.deletes.add(op.key, op.end);
  for (const Op& op : ops)
    if (op.kind == Kind::kTxn && !add_nested(txn, txn.levels[op.level], out)) return false;
  for (const Op& op : ops) {
    if (op.kind != Kind::kPut) continue;
    if (out.deletes.covers(op.key) || !out.puts.insert(op.key).second) return false;
  }
  return true;
}

// One operation beside ranges cannot meet another: what nearly all transactions look like.
bool is_trivial(Ops ops) {
  const auto is_range = [](const Op& op) { return op.kind == Kind::kRange; };
  return std::count_if(ops.begin(), ops.end(), is_range) + 1 >= std::ssize(ops) &&
         std::none_of(ops.begin(), ops.end(), [](const Op& op) { return op.kind == Kind::kTxn; });
}

bool has_duplicates(const TxnTree& txn, Ops ops) {
  if (is_trivial(ops)) return false;
  Touched touched;
  return !collect(txn, ops, touched);
}

}  // namespace

bool has_duplicate_keys(const TxnTree& txn) {
  const TxnTree::Level& top = txn.levels[0];
  return has_duplicates(txn, txn.success(top)) || has_duplicates(txn, txn.failure(top));
}

}  // namespace keelson::rpc
