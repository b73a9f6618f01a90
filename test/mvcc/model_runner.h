// Drives a store and the model with the same random entries, and compares them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "mvcc/model.h"
#include "mvcc/store_world.h"

namespace keelson::test {

class ModelRunner {
 public:
  explicit ModelRunner(uint64_t seed);

  void step();  // one random thing
  void compare();
  void persist_some();
  // Goes on from what a power loss (or kill -9) leaves; replays the log from the applied index.
  void crash(std::unique_ptr<CrashFileSystem> left);
  void crash_now();
  void crash_inside_persist();
  StoreWorld& world() { return world_; }

 private:
  void write_entry();
  void compact();
  ModelOp random_op();
  std::string random_key();
  int64_t random_revision();
  void compare_find();
  void compare_count();
  void compare_scan();
  void compare_history();
  void compare_hash();
  std::string value_of(Seq seq);
  void compare_chunk(const mvcc::HistoryQuery& query, const mvcc::HistoryChunk& chunk,
                     size_t& next_row);

  SeededRng rng_;
  StoreWorld world_;
  Model model_;
  std::vector<ModelEntry> log_;  // entry of index i + 1
};

}  // namespace keelson::test
