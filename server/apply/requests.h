// The requests that change or read the key space, as views into their encoded bytes: nothing is
// copied before the store's window takes the value. Unknown fields are skipped as etcd skips them;
// what is not protobuf is refused.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"

namespace keelson::apply {

struct RangeView {
  std::string_view key;
  std::string_view end;
  int64_t limit = 0;
  int64_t revision = 0;
  int32_t sort_order = 0;   // 0 none, 1 ascending, 2 descending
  int32_t sort_target = 0;  // 0 key, 1 version, 2 create, 3 mod, 4 value
  bool serializable = false;
  bool keys_only = false;
  bool count_only = false;
  int64_t min_mod_revision = 0;
  int64_t max_mod_revision = 0;
  int64_t min_create_revision = 0;
  int64_t max_create_revision = 0;
};

struct PutView {
  std::string_view key;
  std::string_view value;
  int64_t lease = 0;
  bool prev_kv = false;
  bool ignore_value = false;
  bool ignore_lease = false;
};

struct DeleteView {
  std::string_view key;
  std::string_view end;
  bool prev_kv = false;
};

struct CompareView {
  int32_t result = 0;  // 0 equal, 1 greater, 2 less, 3 not equal
  int32_t target = 0;  // 0 version, 1 create, 2 mod, 3 value, 4 lease
  std::string_view key;
  std::string_view end;
  uint32_t given = 0;  // field number of the union member that was set last (4..8), 0 = none
  int64_t number = 0;
  std::string_view value;
};

struct TxnView;
using OpView =
    std::variant<std::monostate, RangeView, PutView, DeleteView, std::unique_ptr<TxnView>>;

struct TxnView {
  std::vector<CompareView> compares;
  std::vector<OpView> success;
  std::vector<OpView> failure;
};

bool decode(std::string_view in, RangeView& out);
bool decode(std::string_view in, PutView& out);
bool decode(std::string_view in, DeleteView& out);
// Nesting deeper than `depth_left` is refused.
bool decode(std::string_view in, TxnView& out, int depth_left);

// The envelope of a normal log entry: which request, its bytes, who asked.
struct EnvelopeView {
  uint64_t id = 0;
  uint32_t field = 0;  // number of the request in InternalRaftRequest, 0 = none
  std::string_view body;
};
bool decode(std::string_view in, EnvelopeView& out);

// Field numbers of InternalRaftRequest (reference peer.md section 6.1).
namespace field {
inline constexpr uint32_t kLegacyId = 1;
inline constexpr uint32_t kRange = 3;
inline constexpr uint32_t kPut = 4;
inline constexpr uint32_t kDeleteRange = 5;
inline constexpr uint32_t kTxn = 6;
inline constexpr uint32_t kCompaction = 7;
inline constexpr uint32_t kLeaseGrant = 8;
inline constexpr uint32_t kLeaseRevoke = 9;
inline constexpr uint32_t kAlarm = 10;
inline constexpr uint32_t kLeaseCheckpoint = 11;
inline constexpr uint32_t kHeader = 100;
inline constexpr uint32_t kClusterVersionSet = 1300;
inline constexpr uint32_t kClusterMemberAttrSet = 1301;
inline constexpr uint32_t kDowngradeInfoSet = 1302;
inline constexpr uint32_t kDowngradeVersionTest = 9900;
}  // namespace field

}  // namespace keelson::apply
