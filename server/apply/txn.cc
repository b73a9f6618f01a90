// Transactions: compares against the state before, then the operations of the chosen paths in order
// (reference semantics.md section 4).
#include <algorithm>
#include <cstring>

#include "apply/applier.h"
#include "base/wire.h"

namespace keelson::apply {
namespace {

enum Target { kVersion = 0, kCreate = 1, kMod = 2, kValue = 3, kLease = 4 };

const std::vector<OpView>& branch(const TxnView& txn, bool taken) {
  return taken ? txn.success : txn.failure;
}

template <typename Fold>
int64_t fold_branch(const std::vector<OpView>& ops, Fold each) {
  int64_t sum = 0;
  for (const OpView& op : ops) sum += each(op);
  return sum;
}

bool has_put_in(const std::vector<OpView>& ops) {
  return std::any_of(ops.begin(), ops.end(), [](const OpView& op) {
    if (std::holds_alternative<PutView>(op)) return true;
    const auto* nested = std::get_if<std::unique_ptr<TxnView>>(&op);
    return nested != nullptr && has_put(**nested);
  });
}

// The value is compared with what the request gave; a union member of another target counts as
// zero.
int sign(int64_t a, int64_t b) { return a < b ? -1 : a > b ? 1 : 0; }

int64_t given_number(const CompareView& compare, uint32_t field) {
  return compare.given == field ? compare.number : 0;
}

bool outcome(int32_t result, int order) {
  switch (result) {
    case 0:
      return order == 0;
    case 1:
      return order > 0;
    case 2:
      return order < 0;
    case 3:
      return order != 0;
    default:
      return true;
  }
}

int compare_bytes(std::string_view a, std::string_view b) {
  const int order = a.compare(b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

}  // namespace

bool has_put(const TxnView& txn) { return has_put_in(txn.success) || has_put_in(txn.failure); }

int64_t quota_cost(const PutView& put) {
  return 256 + static_cast<int64_t>(put.key.size() + put.value.size());
}

int64_t quota_cost(const TxnView& txn) {
  const auto cost = [](const OpView& op) -> int64_t {
    if (const auto* put = std::get_if<PutView>(&op)) return quota_cost(*put);
    if (const auto* nested = std::get_if<std::unique_ptr<TxnView>>(&op))
      return quota_cost(**nested);
    return 0;
  };
  return std::max(fold_branch(txn.success, cost), fold_branch(txn.failure, cost));
}

bool Applier::holds_for(const CompareView& compare, const mvcc::KeyMeta* meta,
                        std::string_view key) {
  const mvcc::KeyMeta none;
  const mvcc::KeyMeta& m = meta != nullptr ? *meta : none;
  int order = 0;
  switch (compare.target) {
    case kVersion:
      order = sign(m.version, given_number(compare, 4));
      break;
    case kCreate:
      order = sign(m.create.value, given_number(compare, 5));
      break;
    case kMod:
      order = sign(m.mod.value, given_number(compare, 6));
      break;
    case kLease:
      order =
          sign(meta != nullptr ? state_.lessor.lease_of(key).value : 0, given_number(compare, 8));
      break;
    case kValue: {
      if (meta == nullptr) return false;  // nothing is equal or unequal to a missing value
      mvcc::KeyValueView view;
      CHECK(mvcc::decode_key_value(value(meta->seq), view));
      order = compare_bytes(view.value, compare.given == 7 ? compare.value : std::string_view());
      break;
    }
    default:
      break;  // an unknown target compares as equal
  }
  return outcome(compare.result, order);
}

bool Applier::holds(const CompareView& compare) {
  const mvcc::KeyRange range{compare.key, compare.end};
  if (range.single()) {
    const auto meta = state_.store.find(compare.key, state_.store.current());
    return holds_for(compare, meta ? &*meta : nullptr, compare.key);
  }
  bool any = false;
  bool all = true;
  const auto scan = state_.store.scan(range, state_.store.current());
  while (!scan->step(SIZE_MAX, [&](const mvcc::Scan::Item& item) {
    any = true;
    all = holds_for(compare, &item.meta, item.key);
    return all;
  })) {
    if (!all) break;
  }
  return any ? all : holds_for(compare, nullptr, compare.key);
}

Applier::Path Applier::choose(const TxnView& txn) {
  Path path{&txn, true, {}};
  for (const CompareView& compare : txn.compares) path.taken = path.taken && holds(compare);
  for (const OpView& op : branch(txn, path.taken))
    if (const auto* nested = std::get_if<std::unique_ptr<TxnView>>(&op))
      path.nested.push_back(choose(**nested));
  return path;
}

Status Applier::check_path(const Path& path) {
  size_t nested = 0;
  for (const OpView& op : branch(*path.txn, path.taken)) {
    Status status;
    if (const auto* put = std::get_if<PutView>(&op)) status = check_put(*put);
    if (const auto* range = std::get_if<RangeView>(&op)) status = check_range(*range);
    if (std::holds_alternative<std::unique_ptr<TxnView>>(op))
      status = check_path(path.nested[nested++]);
    if (!status.ok()) return status;
  }
  return Status();
}

void Applier::run_op(const OpView& op, const Path& path, size_t& nested, std::string& out) {
  std::string inner;
  uint32_t kind = 0;
  if (const auto* range = std::get_if<RangeView>(&op)) {
    kind = 1;
    put_nested_header(inner, state_.store.writing());
    do_range(*range, inner);
  } else if (const auto* put = std::get_if<PutView>(&op)) {
    kind = 2;
    put_nested_header(inner, state_.store.current().next());
    do_put(*put, inner);
  } else if (const auto* del = std::get_if<DeleteView>(&op)) {
    kind = 3;
    std::string fields;
    do_delete(*del, fields);
    put_nested_header(inner, state_.store.writing());
    inner += fields;
  } else if (std::holds_alternative<std::unique_ptr<TxnView>>(op)) {
    kind = 4;
    wire::put_message(inner, 1, {});
    run_path(path.nested[nested++], inner);
  }
  std::string response;
  if (kind != 0) wire::put_message(response, kind, inner);
  wire::put_message(out, 3, response);
}

void Applier::run_path(const Path& path, std::string& out) {
  const std::vector<OpView>& ops = branch(*path.txn, path.taken);
  wire::put_bool(out, 2, path.taken);
  size_t nested = 0;
  for (const OpView& op : ops) run_op(op, path, nested, out);
  if (ops.size() > 1) metrics_.txns.add();
}

Applied Applier::apply_txn(const HeaderFacts& facts) {
  Applied out;
  const Path path = choose(txn_);
  if (out.status = check_path(path); !out.status.ok()) return out;
  if (const int64_t cost = quota_cost(txn_); cost > 0)
    out.quota_crossed = !settings_.quota_allows(cost);
  std::string fields;
  run_path(path, fields);
  put_header(out.body, facts, state_.store.writing());
  out.body += fields;
  return out;
}

void Applier::want_compares(const TxnView& txn, std::vector<Seq>& missing) const {
  for (const CompareView& compare : txn.compares)
    if (compare.target == kValue) want_range({.key = compare.key, .end = compare.end}, missing);
}

void Applier::want_txn(const TxnView& txn, std::vector<Seq>& missing) {
  // Without their values the compares cannot choose a path: both branches count then.
  const size_t before = missing.size();
  want_compares(txn, missing);
  const bool undecided = missing.size() > before;
  const bool taken = !undecided && std::all_of(txn.compares.begin(), txn.compares.end(),
                                               [this](const CompareView& c) { return holds(c); });
  for (const bool side : {true, false}) {
    if (!undecided && side != taken) continue;
    for (const OpView& op : branch(txn, side)) {
      if (const auto* range = std::get_if<RangeView>(&op)) want_range(*range, missing);
      if (const auto* put = std::get_if<PutView>(&op))
        if (put->prev_kv || put->ignore_value) want_prev(put->key, missing);
      if (const auto* del = std::get_if<DeleteView>(&op))
        if (del->prev_kv) want_range({.key = del->key, .end = del->end}, missing);
      if (const auto* nested = std::get_if<std::unique_ptr<TxnView>>(&op))
        want_txn(**nested, missing);
    }
  }
}

Result<std::string> Applier::read_txn(const TxnView& txn, const HeaderFacts& facts,
                                      std::vector<Seq>& missing) {
  want_txn(txn, missing);
  if (!missing.empty()) return std::string();
  const Path path = choose(txn);
  if (Status status = check_path(path); !status.ok()) return status;
  std::string out;
  put_header(out, facts, state_.store.current());
  run_path(path, out);
  return out;
}

}  // namespace keelson::apply
