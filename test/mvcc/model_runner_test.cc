// Random runs of a store against the model, with restarts and crashes.
#include "mvcc/model_runner.h"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace keelson::test {

using mvcc::KeyRange;

ModelRunner::ModelRunner(uint64_t seed) : rng_(seed) {
  world_.options().cache_bytes = rng_.below(3) * 4096;
  world_.options().block_bytes = 64 + rng_.below(4000);
  world_.create();
}

std::string ModelRunner::random_key() {
  return (rng_.below(2) == 0 ? "/registry/pods/" : "k") + std::to_string(rng_.below(25));
}

int64_t ModelRunner::random_revision() {
  const int64_t low = std::max<int64_t>(model_.compacted, 1);
  return low + static_cast<int64_t>(rng_.below(static_cast<uint64_t>(model_.current - low + 1)));
}

ModelOp ModelRunner::random_op() {
  const uint64_t kind = rng_.below(12);
  if (kind < 7) {
    const size_t size = rng_.below(20) == 0 ? 9000 : rng_.below(100);
    return {ModelOp::kPut, random_key(), std::string(size, 'v'),
            static_cast<int64_t>(rng_.below(2))};
  }
  if (kind < 10) return {ModelOp::kErase, random_key(), "", 0};
  const std::string row = "row" + std::to_string(rng_.below(5));
  if (kind == 10) return {ModelOp::kRow, row, std::to_string(rng_.next()), 0};
  return {ModelOp::kRowErase, row, "", 0};
}

void ModelRunner::write_entry() {
  ModelEntry entry;
  std::set<std::string> keys;
  for (uint64_t n = rng_.below(4); n > 0; --n) {
    ModelOp op = random_op();
    if (keys.insert(op.key).second) entry.push_back(std::move(op));
  }
  log_.push_back(entry);
  world_.apply(entry);
  model_.apply(entry);
}

void ModelRunner::compact() {
  if (model_.current <= model_.compacted) return;
  const int64_t low = std::max<int64_t>(model_.compacted + 1, 1);
  const auto span = static_cast<uint64_t>(model_.current - low + 1);
  const int64_t rev = low + static_cast<int64_t>(rng_.below(span));
  log_.push_back({{ModelOp::kCompact, "", "", rev}});
  world_.apply(log_.back());
  model_.apply(log_.back());
}

void ModelRunner::persist_some() {
  const uint64_t behind = rng_.below(10);
  world_.persist(Index(log_.size() - std::min<uint64_t>(behind, log_.size())));
}

void ModelRunner::crash(std::unique_ptr<CrashFileSystem> left) {
  world_.replace_fs(std::move(left));
  const mvcc::Loaded loaded = world_.restart();
  ASSERT_LE(loaded.applied.value, log_.size());
  for (uint64_t i = loaded.applied.value; i < log_.size(); ++i) world_.apply(log_[i]);
  world_.store().check_invariants();
}

void ModelRunner::crash_now() {
  const double probability = static_cast<double>(rng_.below(5)) / 4;
  crash(rng_.below(3) == 0 ? world_.fs().kill_clone() : world_.fs().crash_clone(rng_, probability));
}

void ModelRunner::crash_inside_persist() {
  auto job = world_.store().make_persist_job(Index(UINT64_MAX));
  if (!job) return;
  std::unique_ptr<CrashFileSystem> left;
  uint64_t calls_left = rng_.below(40);
  world_.fs().on_call([&](FsCall, const std::string&) {
    if (calls_left-- == 0) left = world_.fs().crash_clone(rng_, 0.5);
  });
  job->run();
  world_.fs().on_call(nullptr);
  world_.store().persisted(std::move(job));
  if (left) crash(std::move(left));
}

void ModelRunner::step() {
  const uint64_t what = rng_.below(100);
  if (what < 66) {
    write_entry();
  } else if (what < 69) {
    compact();
  } else if (what < 80) {
    persist_some();
  } else if (what < 88) {
    world_.store().compact_step(world_.clock(), TimePoint());
  } else if (what < 90) {
    crash_now();
  } else if (what < 92) {
    crash_inside_persist();
  } else {
    compare();
  }
}

// --- comparing ---

std::string ModelRunner::value_of(Seq seq) {
  const std::string_view here = world_.store().peek(seq);
  const Seq wanted[] = {seq};
  const auto read = mvcc::Store::read_values(*world_.store().view(), wanted);
  CHECK(read.ok() && (*read)[0]);
  if (!here.empty()) CHECK(here == (*read)[0].kv);
  if (here.empty()) world_.store().cache(seq, (*read)[0]);
  return std::string((*read)[0].kv);
}

void ModelRunner::compare_find() {
  const std::string key = random_key();
  const int64_t at = random_revision();
  const auto got = world_.store().find(key, Revision(at));
  const ModelRow* want = model_.newest(key, at);
  ASSERT_EQ(got.has_value(), want != nullptr) << key << " at " << at;
  if (want == nullptr) return;
  ASSERT_EQ(got->mod.value, want->main);
  ASSERT_EQ(value_of(got->seq), want->kv);
}

void ModelRunner::compare_count() {
  const std::string key = random_key();
  const std::string end = random_key();
  const KeyRange range{.key = key, .end = end};
  const int64_t at = random_revision();
  int64_t want = 0;
  for (const auto& [k, row] : model_.live(at)) want += range.contains(k) ? 1 : 0;
  if (key >= end) want = 0;
  ASSERT_EQ(world_.store().count(range, Revision(at)), want);
  const auto counting = world_.store().counting(range, Revision(at));
  while (!counting->step(world_.clock(), TimePoint())) {
  }
  ASSERT_EQ(counting->total(), want);
}

void ModelRunner::compare_scan() {
  const std::string key = random_key();
  const int64_t at = random_revision();
  const std::string all(1, '\0');
  const auto scan = world_.store().scan({.key = key, .end = all}, Revision(at));
  std::vector<std::string> got;
  while (!scan->step(1 + rng_.below(5), [&](const mvcc::Scan::Item& item) {
    got.emplace_back(item.key);
    return rng_.below(3) != 0;
  })) {
  }
  std::vector<std::string> want;
  for (const auto& [k, row] : model_.live(at)) {
    if (k >= key) want.push_back(k);
  }
  ASSERT_EQ(got, want);
}

void ModelRunner::compare_chunk(const mvcc::HistoryQuery& query, const mvcc::HistoryChunk& chunk,
                                size_t& next_row) {
  for (const mvcc::Event& event : chunk.events) {
    ASSERT_LT(next_row, model_.rows.size());
    const ModelRow& want = model_.rows[next_row++];
    ASSERT_EQ(event.main.value, want.main);
    ASSERT_EQ(event.sub, want.sub);
    ASSERT_EQ(event.kv, want.kv);
    ASSERT_EQ(event.key, want.key);
    ASSERT_EQ(event.tombstone, want.tombstone);
    const bool readable = want.main - 1 >= model_.compacted;
    const ModelRow* before = readable ? model_.newest(want.key, want.main - 1) : nullptr;
    ASSERT_EQ(event.prev_kv, before != nullptr && query.prev_kv ? before->kv : "");
  }
  if (next_row < model_.rows.size()) {
    ASSERT_EQ(chunk.next <= query.to, model_.rows[next_row].main <= query.to.value);
  }
}

void ModelRunner::compare_history() {
  mvcc::HistoryQuery query;
  query.from = Revision(random_revision());
  query.to = Revision(random_revision());
  query.bytes_max = 1 + rng_.below(5000);
  query.revisions_max = 1 + rng_.below(20);
  query.prev_kv = rng_.below(2) == 0;
  size_t next_row = 0;
  while (next_row < model_.rows.size() && model_.rows[next_row].main < query.from.value) ++next_row;
  while (query.from <= query.to) {
    const auto chunk = mvcc::Store::read_history(*world_.store().view(), query);
    ASSERT_TRUE(chunk.ok());
    ASSERT_GT(chunk->next, query.from);
    compare_chunk(query, *chunk, next_row);
    if (testing::Test::HasFatalFailure()) return;
    query.from = chunk->next;
  }
}

void ModelRunner::compare_hash() {
  const int64_t rev = random_revision();
  const auto got = world_.hash_kv(rev);
  ASSERT_TRUE(got.ok());
  ASSERT_EQ(got->hash, model_.hash_kv(rev)) << "at " << rev << " compacted " << model_.compacted;
}

void ModelRunner::compare() {
  ASSERT_EQ(world_.store().current().value, model_.current);
  ASSERT_EQ(world_.store().compacted().value, model_.compacted);
  world_.store().check_invariants();
  compare_find();
  compare_count();
  compare_scan();
  compare_history();
  compare_hash();
}

namespace {

TEST(ModelTest, randomRuns_sameAsModel) {
  // Everything at once: wrong reads at old revisions, lost or doubled history at the border between
  // database and window, a compaction that removes too much, a crash that loses or repeats an
  // entry. KEELSON_SEEDS=n runs more of them.
  const char* more = std::getenv("KEELSON_SEEDS");
  const uint64_t seeds = more != nullptr ? std::strtoull(more, nullptr, 10) : 25;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    ModelRunner runner(seed);
    for (int i = 0; i < 400; ++i) {
      runner.step();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " step " << i;
    }
    runner.compare();
    if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " at the end";
  }
}

}  // namespace
}  // namespace keelson::test
