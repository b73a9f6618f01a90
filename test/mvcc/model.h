// What a store must be: all rows in a vector, every answer by looking at all of them. Compaction
// takes rows away at once, which the store must not be told from.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "mvcc/kv_codec.h"
#include "mvcc/store.h"

namespace keelson::test {

struct ModelRow {
  int64_t main = 0;
  uint32_t sub = 0;
  bool tombstone = false;
  std::string key;
  std::string kv;
};

// One change that an entry makes.
struct ModelOp {
  enum Kind { kPut, kErase, kRow, kRowErase, kCompact } kind = kPut;
  std::string key;
  std::string value;
  int64_t number = 0;  // lease of a put, revision of a compaction
};
using ModelEntry = std::vector<ModelOp>;

class Model {
 public:
  int64_t current = 1;
  int64_t compacted = -1;
  std::vector<ModelRow> rows;
  std::map<std::string, std::string> small;  // bucket alarm

  void apply(const ModelEntry& entry) {
    uint32_t sub = 0;
    for (const ModelOp& op : entry) {
      switch (op.kind) {
        case ModelOp::kPut:
          put(op, sub++);
          break;
        case ModelOp::kErase:
          if (newest(op.key, current + 1)) {
            rows.push_back(
                {current + 1, sub++, true, op.key, encoded({.key = op.key, .value = {}})});
          }
          break;
        case ModelOp::kRow:
          small[op.key] = op.value;
          break;
        case ModelOp::kRowErase:
          small.erase(op.key);
          break;
        case ModelOp::kCompact:
          compact(op.number);
          break;
      }
    }
    if (sub > 0) ++current;
  }

  // The row of the key's live version.
  const ModelRow* newest(std::string_view key, int64_t at) const {
    const ModelRow* found = nullptr;
    for (const ModelRow& row : rows) {
      if (row.main <= at && row.key == key) found = &row;
    }
    return found != nullptr && !found->tombstone ? found : nullptr;
  }

  std::map<std::string, const ModelRow*> live(int64_t at) const {
    std::map<std::string, const ModelRow*> out;
    for (const ModelRow& row : rows) {
      if (row.main > at) break;
      if (row.tombstone) {
        out.erase(row.key);
      } else {
        out[row.key] = &row;
      }
    }
    return out;
  }

  uint32_t hash_kv(int64_t rev) const {
    std::set<const ModelRow*> keep;
    for (const auto& [key, row] : live(rev)) keep.insert(row);
    uint32_t crc = crc32c(0, "key");
    for (const ModelRow& row : rows) {
      if (row.main > rev) break;
      if (row.main <= compacted && !keep.empty() && !keep.contains(&row)) continue;
      if (row.main == compacted && row.tombstone) continue;
      std::string key;
      mvcc::revision_key(Revision(row.main), row.sub, row.tombstone, key);
      crc = crc32c(crc32c(crc, key), row.kv);
    }
    return crc;
  }

 private:
  static std::string encoded(const mvcc::KeyValueView& kv) {
    std::string out;
    mvcc::encode_key_value(kv, out);
    return out;
  }

  void put(const ModelOp& op, uint32_t sub) {
    mvcc::KeyValueView kv{.key = op.key, .value = op.value};
    kv.create_revision = current + 1;
    kv.mod_revision = current + 1;
    kv.version = 1;
    kv.lease = op.number;
    if (const ModelRow* old = newest(op.key, current + 1)) {
      mvcc::KeyValueView before;
      mvcc::decode_key_value(old->kv, before);
      kv.create_revision = before.create_revision;
      kv.version = before.version + 1;
    }
    rows.push_back({current + 1, sub, false, op.key, encoded(kv)});
  }

  void compact(int64_t rev) {
    compacted = rev;
    std::map<std::string, size_t> last;  // of each key, the newest row at or below rev
    for (size_t i = 0; i < rows.size() && rows[i].main <= rev; ++i) last[rows[i].key] = i;
    std::vector<ModelRow> kept;
    for (size_t i = 0; i < rows.size(); ++i) {
      const ModelRow& row = rows[i];
      const bool newest_below = row.main <= rev && last[row.key] == i;
      if (row.main > rev || (newest_below && (!row.tombstone || row.main == rev))) {
        kept.push_back(row);
      }
    }
    rows = std::move(kept);
  }
};

}  // namespace keelson::test
