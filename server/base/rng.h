// Randomness comes in by constructor, so that a seed replays a run.
#pragma once

#include <cstdint>

namespace keelson {

class Rng {
 public:
  virtual ~Rng() = default;
  virtual uint64_t next() = 0;
  // Uniform in [0, bound); bound > 0. The bias of the modulo is below 2^-32 for the bounds used
  // here.
  uint64_t below(uint64_t bound) { return next() % bound; }
};

// xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64. Not for secrets. One owner.
class SeededRng final : public Rng {
 public:
  explicit SeededRng(uint64_t seed);
  uint64_t next() override;

 private:
  uint64_t state_[4];
};

// A seed from the operating system.
uint64_t system_seed();

}  // namespace keelson
