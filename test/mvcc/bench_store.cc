// Numbers, not asserts. Built by hand, because it is no test:
//   c++ -std=c++20 -O2 -I server -I test test/mvcc/bench_store.cc -o /tmp/bench_store
//       BUILD/server/libkeelson_{mvcc,io,base}.a -lsqlite3 -lssl -lcrypto -lhttp_parser -lpthread
//   /tmp/bench_store DIR [keys] [sequential|random]     and after it, in a process of its own:
//   /tmp/bench_store DIR restart
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"
#include "base/rng.h"
#include "mvcc/store.h"

namespace keelson {
namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto s = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return s(usage.ru_utime) + s(usage.ru_stime);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

long resident_kb() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
  }
  return 0;
}

class Bench {
 public:
  Bench(std::string dir, int keys, bool random)
      : dir_(std::move(dir)), keys_(keys), random_(random) {}

  void run() {
    std::filesystem::remove_all(dir_);
    CHECK(fs_->make_dir(dir_).ok());
    load();
    update();
    find();
    counts();
    read();
    hash();
    compact();
    image();
  }

  void restart() {
    Registry metrics;
    mvcc::Loaded loaded;
    const double wall = wall_seconds();
    const double cpu = cpu_seconds();
    auto made = mvcc::Store::open(*fs_, dir_, {}, log_, metrics, loaded);
    CHECK(made.ok());
    const auto sizes = (*made)->sizes();
    std::printf("restart: wall %.3f s, CPU %.3f s, RSS %ld MB, %lld keys, index %.1f B a key\n",
                wall_seconds() - wall, cpu_seconds() - cpu, resident_kb() / 1024,
                static_cast<long long>(sizes.live_keys),
                static_cast<double>(sizes.index_bytes) / static_cast<double>(sizes.live_keys));
  }

 private:
  std::string key(int i) const {
    char text[65];
    const uint64_t n =
        random_ ? static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15u : static_cast<uint64_t>(i);
    std::snprintf(text, sizeof text, "/registry/benchmark/some-namespace/k%028llu",
                  static_cast<unsigned long long>(n));
    return std::string(text, 64);
  }

  void report(const char* what, double cpu, double n, const char* unit = "us") {
    std::printf("%-34s %8.3f %s each, CPU %.3f s, RSS %ld MB\n", what, cpu / n * 1e6, unit, cpu,
                resident_kb() / 1024);
  }

  void put(int i) {
    index_ = index_.next();
    store_->begin_entry(index_, Term(1));
    store_->put(key(i), value_, LeaseId(0), nullptr);
    store_->end_entry();
  }

  void persist(double& cpu, double& longest) {
    while (auto job = store_->make_persist_job(index_)) {
      const double c = cpu_seconds();
      const double w = wall_seconds();
      job->run();
      cpu += cpu_seconds() - c;
      longest = std::max(longest, wall_seconds() - w);
      store_->persisted(std::move(job));
    }
  }

  template <typename Each>
  void write_all(const char* what, int n, const Each& each) {
    double persist_cpu = 0;
    double longest = 0;
    const double wall = wall_seconds();
    const double cpu = cpu_seconds();
    for (int i = 0; i < n; ++i) {
      each(i);
      if (i % 10'000 == 9'999) persist(persist_cpu, longest);
    }
    persist(persist_cpu, longest);
    const double all = cpu_seconds() - cpu;
    std::printf("%s: wall %.2f s\n", what, wall_seconds() - wall);
    report("  apply", all - persist_cpu, n);
    report("  persist", persist_cpu, n);
    std::printf("  longest job %.1f ms, file %llu MB, index %.1f B a key\n", longest * 1e3,
                static_cast<unsigned long long>(store_->sizes().file_bytes >> 20),
                static_cast<double>(store_->sizes().index_bytes) / keys_);
  }

  void load() {
    auto made = mvcc::Store::create(*fs_, dir_, {ClusterId(1), MemberId(2)}, {}, log_, metrics_);
    CHECK(made.ok());
    store_ = std::move(*made);
    write_all("load", keys_, [this](int i) { put(i); });
  }

  void update() {
    write_all("update random keys", keys_ / 5,
              [this](int) { put(static_cast<int>(rng_.below(static_cast<uint64_t>(keys_)))); });
  }

  void find() {
    const int n = 500'000;
    double begin = cpu_seconds();
    size_t bytes = 0;
    for (int i = 0; i < n; ++i) {
      bytes += key(static_cast<int>(rng_.below(static_cast<uint64_t>(keys_)))).size();
    }
    const double keys_only = cpu_seconds() - begin;
    begin = cpu_seconds();
    for (int i = 0; i < n; ++i) {
      const auto meta = store_->find(
          key(static_cast<int>(rng_.below(static_cast<uint64_t>(keys_)))), store_->current());
      CHECK(meta.has_value());
    }
    report("find a random key", cpu_seconds() - begin - keys_only, n);
    CHECK(bytes > 0);
    const auto scan = store_->scan({.key = "/", .end = "0"}, store_->current());
    begin = cpu_seconds();
    int64_t seen = 0;
    while (!scan->step(1000, [&](const mvcc::Scan::Item&) { return ++seen > 0; })) {
    }
    report("scan all keys", cpu_seconds() - begin, static_cast<double>(seen));
  }

  void counts() {
    const double begin = cpu_seconds();
    for (int i = 0; i < 10'000; ++i) {
      CHECK(store_->count({.key = "/", .end = "0"}, store_->current()) == keys_);
    }
    report("count all, now", cpu_seconds() - begin, 10'000);
    const double before = cpu_seconds();
    CHECK(store_->count({.key = "/", .end = "0"}, Revision(keys_ + 1)) == keys_);
    report("count all, 20 % changed since", cpu_seconds() - before, 1);
  }

  void read() {
    const auto view = store_->view();
    std::vector<Seq> rows;
    for (int i = 0; i < 10'000; ++i)
      rows.push_back(Seq(1 + rng_.below(static_cast<uint64_t>(keys_))));
    double begin = cpu_seconds();
    CHECK(mvcc::Store::read_values(*view, rows).ok());
    report("read 10,000 random values", cpu_seconds() - begin, 10'000);
    rows.clear();
    for (int i = 0; i < 10'000; ++i) rows.push_back(Seq(1 + static_cast<uint64_t>(i)));
    begin = cpu_seconds();
    CHECK(mvcc::Store::read_values(*view, rows).ok());
    report("read 10,000 neighbours", cpu_seconds() - begin, 10'000);
    mvcc::HistoryQuery query{.from = Revision(2), .to = store_->current(), .bytes_max = 1 << 20};
    begin = cpu_seconds();
    size_t events = 0;
    for (int i = 0; i < 100; ++i) {
      const auto chunk = mvcc::Store::read_history(*view, query);
      CHECK(chunk.ok());
      events += chunk->events.size();
      query.from = chunk->next;
    }
    report("read history", cpu_seconds() - begin, static_cast<double>(events));
  }

  void hash() {
    auto job = store_->make_hash_job(Revision(0));
    CHECK(job.ok());
    const double begin = cpu_seconds();
    while (!(*job)->prepare(clock_, TimePoint())) {
    }
    CHECK((*job)->run().ok());
    report("hash", cpu_seconds() - begin, keys_ * 1.2);
  }

  void compact() {
    index_ = index_.next();
    store_->begin_entry(index_, Term(1));
    store_->compact(store_->current());
    store_->end_entry();
    double persist_cpu = 0;
    double longest = 0;
    double slice = 0;
    const double begin = cpu_seconds();
    while (store_->finished_compaction() != store_->compacted()) {
      persist(persist_cpu, longest);
      bool more = true;
      while (more) {
        const double before = wall_seconds();
        more = store_->compact_step(clock_, clock_.now() + std::chrono::milliseconds(2));
        slice = std::max(slice, wall_seconds() - before);
      }
    }
    report("compact: a key of the index", cpu_seconds() - begin - persist_cpu, keys_);
    report("compact: a removed row", persist_cpu, keys_ * 0.2);
    std::printf("  longest job %.1f ms, longest slice %.1f ms\n", longest * 1e3, slice * 1e3);
  }

  void image() {
    auto job = store_->make_image_job(dir_ + "/image.db");
    const double begin = cpu_seconds();
    const double wall = wall_seconds();
    CHECK(job->run().ok());
    report("image", cpu_seconds() - begin, static_cast<double>(job->rows_done()));
    std::printf("  wall %.2f s\n", wall_seconds() - wall);
  }

  const std::string dir_;
  const int keys_;
  const bool random_;
  const std::string value_ = std::string(256, 'v');
  std::unique_ptr<io::FileSystem> fs_ = io::make_posix_file_system();
  SystemClock clock_;
  NullLog log_;
  Registry metrics_;
  SeededRng rng_{1};
  std::unique_ptr<mvcc::Store> store_;
  Index index_;
};

}  // namespace
}  // namespace keelson

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int keys = argc > 2 ? std::atoi(argv[2]) : 1'000'000;
  const bool random = argc > 3 && std::string(argv[3]) == "random";
  keelson::Bench bench(argv[1], keys, random);
  if (argc > 2 && std::string(argv[2]) == "restart") {
    bench.restart();
  } else {
    bench.run();
  }
}
