// Follows the versions of every key in revision order: whether a version can come behind the ones
// before it, and which row it replaced (column `prev`), as apply would have found out.
//
// Memory: about 90 bytes for each different key, however long it is: keys are told apart by 128
// bits of their SHA-256, which nobody can make collide.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "io/sha.h"
#include "mvcc/types.h"

namespace keelson::mvcc {

class KeyChain {
 public:
  // Versions in revision order. False: create revision or version number do not follow. Else
  // `prev` is the row that it replaced; 0: none, or compacted away.
  bool follow(std::string_view key, const KeyMeta& meta, Seq& prev);
  size_t keys() const { return last_.size(); }

 private:
  using Digest = std::array<char, 16>;
  struct HashDigest {
    size_t operator()(const Digest& digest) const;
  };
  struct Last {
    Revision mod;
    Revision create;
    int64_t version = 0;  // 0: a tombstone
    Seq seq;
    Seq prev;
  };
  Digest digest_of(std::string_view key);

  io::Sha256 sha_;
  std::unordered_map<Digest, Last, HashDigest> last_;
};

}  // namespace keelson::mvcc
