#include "rpc/txn_check.h"

#include <algorithm>
#include <vector>

#include "rpc/errors.h"

namespace keelson::rpc {
namespace {

using Op = TxnTree::Op;
using Kind = TxnTree::Kind;

constexpr int32_t kSortOrderMax = 2;
constexpr int32_t kSortTargetMax = 4;
constexpr int64_t kPutOverheadBytes = 256;

Status check_level(const TxnTree& txn, const TxnTree::Level& level, uint64_t max_ops);

Status check_op(const TxnTree& txn, const Op& op, uint64_t max_ops) {
  switch (op.kind) {
    case Kind::kRange:
      return check_range(op.key, op.sort_order, op.sort_target);
    case Kind::kPut:
      return check_put(op.key, op.ignore_value, op.value_size, op.ignore_lease, op.lease);
    case Kind::kDelete:
      return check_delete(op.key);
    case Kind::kTxn:
      return check_level(txn, txn.levels[op.level], max_ops);
    case Kind::kUnset:
      break;
  }
  return errors::key_not_found();
}

// A nested transaction may use what its parent's longest list leaves: width and depth share a
// budget. The recursion is as deep as the decoder lets transactions nest.
Status check_level(const TxnTree& txn, const TxnTree::Level& level, uint64_t max_ops) {
  const uint64_t longest =
      std::max<uint64_t>({level.compares, txn.success(level).size(), txn.failure(level).size()});
  if (longest > max_ops) return errors::too_many_ops();
  if (level.empty_compare_key) return errors::empty_key();
  for (uint32_t i = level.first; i < level.last; i++)
    if (Status status = check_op(txn, txn.ops[i], max_ops - longest); !status.ok()) return status;
  return {};
}

int64_t branch_cost(std::span<const Op> ops, const std::vector<int64_t>& level_costs) {
  int64_t sum = 0;
  for (const Op& op : ops) {
    if (op.kind == Kind::kPut) sum += put_cost(op.key.size(), op.value_size);
    if (op.kind == Kind::kTxn) sum += level_costs[op.level];
  }
  return sum;
}

}  // namespace

Status check_range(std::string_view key, int32_t sort_order, int32_t sort_target) {
  if (key.empty()) return errors::empty_key();
  if (sort_order < 0 || sort_order > kSortOrderMax) return errors::invalid_sort();
  if (sort_target < 0 || sort_target > kSortTargetMax) return errors::invalid_sort();
  return {};
}

Status check_put(std::string_view key, bool ignore_value, size_t value_size, bool ignore_lease,
                 int64_t lease) {
  if (key.empty()) return errors::empty_key();
  if (ignore_value && value_size != 0) return errors::value_provided();
  if (ignore_lease && lease != 0) return errors::lease_provided();
  return {};
}

Status check_delete(std::string_view key) { return key.empty() ? errors::empty_key() : Status(); }

Status check_txn(const TxnTree& txn, uint64_t max_ops) {
  if (Status status = check_level(txn, txn.levels[0], max_ops); !status.ok()) return status;
  return has_duplicate_keys(txn) ? errors::duplicate_key() : Status();
}

int64_t put_cost(size_t key_size, size_t value_size) {
  return kPutOverheadBytes + static_cast<int64_t>(key_size + value_size);
}

// Nested levels stand behind their parents, so going backwards meets them first.
int64_t txn_cost(const TxnTree& txn) {
  if (txn.levels.size() == 1) {
    const TxnTree::Level& only = txn.levels[0];
    return std::max(branch_cost(txn.success(only), {}), branch_cost(txn.failure(only), {}));
  }
  std::vector<int64_t> costs(txn.levels.size());
  for (size_t i = txn.levels.size(); i-- > 0;) {
    const TxnTree::Level& level = txn.levels[i];
    costs[i] =
        std::max(branch_cost(txn.success(level), costs), branch_cost(txn.failure(level), costs));
  }
  return costs[0];
}

TxnClass classify(const TxnTree& txn) {
  const TxnTree::Level& top = txn.levels[0];
  TxnClass found = TxnClass::kSerializable;
  for (uint32_t i = top.first; i < top.last; i++) {
    if (txn.ops[i].kind != Kind::kRange) return TxnClass::kWrite;
    if (!txn.ops[i].serializable) found = TxnClass::kReadOnly;
  }
  return found;
}

}  // namespace keelson::rpc
