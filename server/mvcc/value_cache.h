// Encoded values that were read back from SQLite, by row, under a byte budget that the store sets.
// Second-chance eviction. A row's bytes never change, so nothing here can be stale. Node thread
// only.
#pragma once

#include <cstdint>
#include <vector>

#include "mvcc/types.h"

namespace keelson::mvcc {

class ValueCache {
 public:
  // What a value costs beside its bytes: slot, table, control block, allocator.
  static constexpr size_t kOverheadBytes = 96;

  void put(Seq seq, Record record);
  // Null when it is not there. Marks it as used.
  const Record* find(Seq seq);
  size_t bytes() const { return bytes_; }
  size_t size() const { return slots_.size(); }
  // Evicts until bytes() <= `bytes`.
  void shrink_to(size_t bytes);

 private:
  struct Slot {
    Seq seq;
    Record record;
    bool used = false;
  };
  static size_t cost(const Record& record) { return record.kv.size() + kOverheadBytes; }
  size_t home(Seq seq) const;
  size_t lookup(Seq seq) const;  // its place in table_, or the free place where it would go
  void grow();
  void remove(size_t slot);
  void unlink(size_t place);

  std::vector<Slot> slots_;  // dense, in no order; the hand goes round
  std::vector<uint32_t>
      table_;  // open addressing: slot + 1, 0 = free; a power of two, at most half full
  size_t hand_ = 0;
  size_t bytes_ = 0;
};

}  // namespace keelson::mvcc
