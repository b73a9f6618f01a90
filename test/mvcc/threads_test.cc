// Readers on threads of their own beside the persister and the writer. Mostly for the thread
// sanitizer: what is published must be published safely.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/mutex.h"
#include "mvcc/store_world.h"

namespace keelson::mvcc {
namespace {

using test::StoreWorld;

// A box for the newest of something, as bounded queues between the threads would hand it over.
template <typename T>
class Box {
 public:
  void put(T value) {
    MutexLock lock(mutex_);
    value_ = std::move(value);
    full_ = true;
    changed_.notify_all();
  }
  T take() {
    MutexLock lock(mutex_);
    while (!full_) changed_.wait(mutex_);
    full_ = false;
    return std::move(value_);
  }
  T look() {
    MutexLock lock(mutex_);
    while (!full_) changed_.wait(mutex_);
    return value_;
  }
  bool full() {
    MutexLock lock(mutex_);
    return full_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  T value_ GUARDED_BY(mutex_){};
  bool full_ GUARDED_BY(mutex_) = false;
};

// Every revision has one event, so a gap or a repeat shows at once.
void read_everything(Box<std::shared_ptr<const View>>& views, std::atomic<bool>& stop,
                     std::atomic<int64_t>& seen) {
  Revision next(2);
  while (!stop) {
    const auto view = views.look();
    HistoryQuery query{
        .from = next, .to = Revision(INT64_MAX - 1), .bytes_max = 4096, .wanted = {}};
    query.prev_kv = true;
    const auto chunk = Store::read_history(*view, query);
    CHECK(chunk.ok());
    std::vector<Seq> rows;
    for (const Event& event : chunk->events) {
      CHECK(event.main == next);
      CHECK(event.prev_seq.value == 0 || !event.prev_kv.empty());
      rows.push_back(event.seq);
      next = next.next();
    }
    const auto values = Store::read_values(*view, rows);
    CHECK(values.ok());
    for (size_t i = 0; i < rows.size(); ++i) CHECK((*values)[i].kv == chunk->events[i].kv);
    seen = next.value;
  }
}

TEST(ThreadsTest, readersBesidePersister_seeEveryRevisionOnce) {
  StoreWorld world;
  world.options().cache_bytes = 16 * 1024;
  world.options().block_bytes = 4096;
  world.create();
  Box<std::shared_ptr<const View>> views;
  Box<std::unique_ptr<Store::PersistJob>> jobs;
  Box<std::unique_ptr<Store::PersistJob>> done;
  std::atomic<bool> stop = false;
  std::atomic<int64_t> seen[2] = {0, 0};
  views.put(world.store().view());
  std::thread persister([&] {
    while (auto job = jobs.take()) {
      job->run();
      done.put(std::move(job));
    }
  });
  std::thread readers[2];
  for (int i = 0; i < 2; ++i) {
    readers[i] = std::thread([&, i] { read_everything(views, stop, seen[i]); });
  }
  bool running = false;
  const int entries = 3000;
  for (int i = 0; i < entries || running; ++i) {
    if (i < entries) world.put("key" + std::to_string(i % 50), std::string(100, 'v'));
    views.put(world.store().view());
    if (running && done.full()) {
      world.store().persisted(done.take());
      running = false;
    }
    if (running || i >= entries) continue;
    if (auto job = world.store().make_persist_job(world.index())) {
      jobs.put(std::move(job));
      running = true;
    }
  }
  while (seen[0] < entries + 2 || seen[1] < entries + 2) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  jobs.put(nullptr);
  persister.join();
  world.store().check_invariants();
}

TEST(ThreadsTest, imageBesideWriter_isOneState) {
  StoreWorld world;
  world.options().cache_bytes = 0;
  world.options().block_bytes = 1024;
  world.create();
  for (int i = 0; i < 2000; ++i) world.put("key" + std::to_string(i), std::string(100, 'v'));
  world.persist_all();
  auto image = world.store().make_image_job("/image.db");
  std::atomic<bool> finished = false;
  Status status;
  std::thread pool([&] {
    status = image->run();
    finished = true;
  });
  for (int i = 0; !finished; ++i) {
    world.put("key" + std::to_string(i % 2000), "new");
    world.persist();
  }
  pool.join();
  EXPECT_TRUE(status.ok());
  EXPECT_GE(image->rows_done(), 2000u);
  EXPECT_GE(image->index(), Index(2000));
}

}  // namespace
}  // namespace keelson::mvcc
