// Thousands of random runs. KEELSON_SEED=n replays one, KEELSON_SEEDS=n sets their number.
#include "raft/chaos.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace keelson::raft::test {
namespace {

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

void run_seeds(size_t founders, uint64_t seeds_default) {
  const uint64_t one = from_environment("KEELSON_SEED", 0);
  const uint64_t last = one ? one : from_environment("KEELSON_SEEDS", seeds_default);
  uint64_t commits = 0;
  uint64_t changes = 0;
  uint64_t reads = 0;
  uint64_t leaderships = 0;
  uint64_t installs = 0;
  for (uint64_t seed = one ? one : 1; seed <= last; ++seed) {
    // A CHECK ends the process: this names the run.
    const auto report = [&] { std::fprintf(stderr, "seed %lu of %zu\n", seed, founders); };
    if (one || std::getenv("KEELSON_VERBOSE")) report();
    Chaos chaos(seed, founders);
    chaos.trouble(3000);
    chaos.recover();
    const Checker& checker = chaos.cluster.checker;
    commits += checker.committed().size();
    for (const Entry& e : checker.committed()) changes += e.type == EntryType::kConfChange;
    reads += checker.reads_answered();
    leaderships += checker.leaderships();
    installs += checker.installs();
  }
  std::printf("%lu runs: %lu commits, %lu changes, %lu reads, %lu leaders, %lu snapshots\n", last,
              commits, changes, reads, leaderships, installs);
}

// Every promise of the protocol against loss, reordering, repetition, partitions, crashes, slow
// disks and membership changes.
TEST(Chaos, one_founder) { run_seeds(1, 400); }
TEST(Chaos, three_founders) { run_seeds(3, 2000); }
TEST(Chaos, five_founders) { run_seeds(5, 1000); }

}  // namespace
}  // namespace keelson::raft::test
