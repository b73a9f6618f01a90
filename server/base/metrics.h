// Counters, gauges and histograms for the hot path: one relaxed atomic each, no lock, no lookup
// (hold the pointer). A Registry owns them for the life of the process and renders Prometheus text.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace keelson {

class Counter {
 public:
  void add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void set(int64_t v) { value_.store(v, std::memory_order_relaxed); }
  void add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Exponential bounds first * factor^i, `count` of them, then +Inf.
class Histogram {
 public:
  Histogram(double first, double factor, int count);
  explicit Histogram(std::vector<double> bounds);
  void observe(double v);
  void observe_seconds(int64_t nanoseconds) { observe(static_cast<double>(nanoseconds) * 1e-9); }

  const std::vector<double>& bounds() const { return bounds_; }
  uint64_t bucket(size_t i) const { return buckets_[i].load(std::memory_order_relaxed); }
  double sum() const;

 private:
  const std::vector<double> bounds_;
  std::unique_ptr<std::atomic<uint64_t>[]> buckets_;  // one more than bounds: +Inf
  std::atomic<double> sum_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

// Thread-safe. A second request for the same name and labels gives the same object. Returned
// references live as long as the registry.
class Registry {
 public:
  Registry();
  ~Registry();
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, double first, double factor,
                       int count, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       Labels labels = {});
  // A value read when somebody scrapes; `counter` says which type is shown. `read` runs on the
  // thread that scrapes: it must not block.
  void on_scrape(std::string_view name, std::string_view help, bool counter,
                 std::function<double()> read, Labels labels = {});
  // Some counters of etcd are typed gauge; they are made with gauge().
  // Prometheus text format 0.0.4: HELP and TYPE lines, labels sorted by name, integers without a
  // point.
  std::string render() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace keelson
