#include "node/baton.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace keelson::node {
namespace {

TEST(Baton, IsHeldByItsMakerUntilReleased) {
  Baton baton;
  EXPECT_FALSE(baton.try_take());
  EXPECT_TRUE(baton.release());  // it was wanted
  EXPECT_TRUE(baton.try_take());
  EXPECT_FALSE(baton.release());
}

TEST(Baton, OneMarkHoweverManyWantIt) {
  Baton baton;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(baton.try_take());
  EXPECT_TRUE(baton.release());
  EXPECT_TRUE(baton.try_take());
  EXPECT_FALSE(baton.release());
}

// Whoever brings work either does it or leaves it to a holder who is told: nothing stays undone.
TEST(Baton, NoWorkIsLeftBehind) {
  constexpr int kEach = 20000;
  Baton baton;
  baton.release();
  std::atomic<int> waiting{0};
  int done = 0;  // with the baton
  const auto bring = [&] {
    for (int i = 0; i < kEach; ++i) {
      waiting.fetch_add(1);
      bool again = true;
      while (again && baton.try_take()) {
        done += waiting.exchange(0);
        again = baton.release();
      }
    }
  };
  std::array<std::thread, 3> threads;
  for (std::thread& thread : threads) thread = std::thread(bring);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 3 * kEach);
  EXPECT_EQ(waiting.load(), 0);
}

}  // namespace
}  // namespace keelson::node
