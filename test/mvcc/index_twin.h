// The slow and obvious twin of the key index: all versions of all keys in a std::map.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mvcc/key_index.h"

namespace keelson::test {

class IndexTwin {
 public:
  using Versions = std::vector<mvcc::KeyMeta>;

  mvcc::KeyMeta put(std::string_view key, const mvcc::Change& change) {
    Versions& versions = keys_[std::string(key)];
    const bool lives = !versions.empty() && !versions.back().tombstone;
    mvcc::KeyMeta meta = meta_of(change);
    meta.create = lives ? versions.back().create : change.mod;
    meta.version = lives ? versions.back().version + 1 : 1;
    versions.push_back(meta);
    return meta;
  }

  bool erase(std::string_view key, const mvcc::Change& change) {
    const auto found = keys_.find(std::string(key));
    if (found == keys_.end() || found->second.back().tombstone) return false;
    found->second.push_back(meta_of(change));
    return true;
  }

  std::optional<mvcc::KeyMeta> live_at(std::string_view key, Revision at) const {
    const auto found = keys_.find(std::string(key));
    if (found == keys_.end()) return std::nullopt;
    std::optional<mvcc::KeyMeta> last;
    for (const mvcc::KeyMeta& meta : found->second) {
      if (meta.mod <= at) last = meta;
    }
    if (last && last->tombstone) last.reset();
    return last;
  }

  int64_t count(const mvcc::KeyRange& range, Revision at) const {
    int64_t n = 0;
    for (const auto& [key, versions] : keys_) {
      if (range.contains(key) && live_at(key, at)) ++n;
    }
    return n;
  }

  // Rows that a compaction to `rev` removes, in any order.
  std::vector<Seq> compact(Revision rev) {
    std::vector<Seq> dropped;
    for (auto i = keys_.begin(); i != keys_.end();) {
      Versions kept;
      for (size_t v = 0; v < i->second.size(); ++v) {
        const mvcc::KeyMeta& meta = i->second[v];
        const bool newest_below = v + 1 == i->second.size() || i->second[v + 1].mod > rev;
        const bool keep = meta.mod > rev || (newest_below && (!meta.tombstone || meta.mod == rev));
        if (keep) {
          kept.push_back(meta);
        } else {
          dropped.push_back(meta.seq);
        }
      }
      i->second = kept;
      i = kept.empty() ? keys_.erase(i) : std::next(i);
    }
    return dropped;
  }

  const std::map<std::string, Versions>& keys() const { return keys_; }

 private:
  static mvcc::KeyMeta meta_of(const mvcc::Change& change) {
    mvcc::KeyMeta meta;
    meta.mod = change.mod;
    meta.sub = change.sub;
    meta.seq = change.seq;
    meta.tombstone = change.tombstone;
    return meta;
  }

  std::map<std::string, Versions> keys_;
};

inline bool same_meta(const mvcc::KeyMeta& a, const mvcc::KeyMeta& b) {
  return a.mod == b.mod && a.sub == b.sub && a.create == b.create && a.version == b.version &&
         a.seq == b.seq && a.tombstone == b.tombstone;
}

}  // namespace keelson::test
