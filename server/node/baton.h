// The right to run a turn of the node: one thread at a time, handed over by an atomic, never waited
// for. Who does not get it leaves a mark, and the holder sees the mark when it lets go.
#pragma once

#include <atomic>

namespace keelson::node {

// All methods: any thread. What a holder wrote is seen by the next one.
class Baton {
 public:
  // A new baton is held, by whoever made it.
  Baton() = default;

  // False: somebody holds it, and its release() will say that it was wanted meanwhile.
  bool try_take() {
    State seen = State::kFree;
    while (!state_.compare_exchange_weak(seen, State::kHeld, std::memory_order_acquire)) {
      if (seen == State::kFree) continue;  // a spurious failure
      if (seen == State::kWanted) return false;
      if (state_.compare_exchange_weak(seen, State::kWanted, std::memory_order_release))
        return false;
      seen = State::kFree;
    }
    return true;
  }

  // By the holder. True: somebody wanted it since, and its work may not have been seen.
  bool release() { return state_.exchange(State::kFree) == State::kWanted; }

 private:
  enum class State { kFree, kHeld, kWanted };
  std::atomic<State> state_{State::kHeld};
};

}  // namespace keelson::node
