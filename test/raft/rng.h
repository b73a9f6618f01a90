// Randomness for tests.
#pragma once

#include "base/rng.h"

namespace keelson::raft::test {

// The election timeout is election_ticks + offset.
class FixedRng final : public Rng {
 public:
  explicit FixedRng(uint64_t offset) : offset_(offset) {}
  uint64_t next() override { return offset_; }

 private:
  uint64_t offset_;
};

}  // namespace keelson::raft::test
