#include "mvcc/key_chain.h"

#include <cstring>

namespace keelson::mvcc {

size_t KeyChain::HashDigest::operator()(const Digest& digest) const {
  size_t out = 0;
  std::memcpy(&out, digest.data(), sizeof(out));
  return out;
}

KeyChain::Digest KeyChain::digest_of(std::string_view key) {
  sha_.update(key);
  const std::array<char, 32> whole = sha_.finish();
  Digest out;
  std::memcpy(out.data(), whole.data(), out.size());
  return out;
}

bool KeyChain::follow(std::string_view key, const KeyMeta& meta, Seq& prev) {
  const auto [place, fresh] = last_.try_emplace(digest_of(key));
  Last& last = place->second;
  prev = Seq();
  bool follows = true;
  if (!fresh && last.version != 0) {
    // Of two changes in one entry the second one replaced what was there before the entry.
    prev = last.mod == meta.mod ? last.prev : last.seq;
    follows = meta.tombstone || (meta.create == last.create && meta.version == last.version + 1);
  } else if (!fresh) {
    follows = meta.tombstone || (meta.create == meta.mod && meta.version == 1);
  }
  last = {.mod = meta.mod,
          .create = meta.create,
          .version = meta.version,
          .seq = meta.seq,
          .prev = prev};
  return follows;
}

}  // namespace keelson::mvcc
