#include "ctl/load.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

namespace keelson::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// Hands out puts at the plan's rate.
class Tickets {
 public:
  Tickets(const LoadPlan& plan, const std::function<bool()>& stop)
      : plan_(plan), stop_(stop), start_(Clock::now()), random_(std::random_device{}()) {}

  // The next key once its time has come; nothing when the plan is done.
  std::optional<std::string> take() {
    Clock::time_point due = start_;
    std::string key = plan_.prefix;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (plan_.puts_max != 0 && taken_ == plan_.puts_max) return std::nullopt;
      if (plan_.puts_per_second > 0) {
        std::chrono::duration<double> offset(static_cast<double>(taken_) / plan_.puts_per_second);
        due += std::chrono::duration_cast<Clock::duration>(offset);
      }
      taken_++;
      uint64_t number = random_();
      key.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    bool over = plan_.time_max.count() > 0 && due >= start_ + plan_.time_max;
    if (over || stop_()) return std::nullopt;
    key.resize(plan_.prefix.size() + plan_.key_bytes);
    std::this_thread::sleep_until(due);
    return key;
  }

 private:
  const LoadPlan& plan_;
  const std::function<bool()>& stop_;
  const Clock::time_point start_;
  std::mutex mutex_;
  std::mt19937_64 random_;  // guarded by mutex_
  size_t taken_ = 0;        // guarded by mutex_
};

// What the threads found.
class Results {
 public:
  size_t add(const RpcStatus& status, double seconds) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (status.ok()) {
      latencies_s_.push_back(seconds);
    } else {
      errors_[status.text()]++;
    }
    return ++done_;
  }

  LoadStats stats(double total_s) {
    LoadStats stats = summarize(latencies_s_, total_s);
    stats.errors = std::move(errors_);
    return stats;
  }

 private:
  std::mutex mutex_;
  std::vector<double> latencies_s_;
  std::map<std::string, size_t> errors_;
  size_t done_ = 0;
};

void work(Client& client, const LoadPlan& plan, Tickets& tickets, Results& results,
          const std::function<void(size_t)>& tick) {
  pb::PutRequest request;
  request.set_value(std::string(plan.value_bytes, '\0'));
  while (std::optional<std::string> key = tickets.take()) {
    request.set_key(*key);
    pb::PutResponse response;
    Clock::time_point start = Clock::now();
    RpcStatus status = client.call(request, &response, Deadline());
    std::chrono::duration<double> took = Clock::now() - start;
    tick(results.add(status, took.count()));
  }
}

}  // namespace

LoadStats summarize(const std::vector<double>& latencies_s, double total_s) {
  LoadStats stats;
  if (latencies_s.empty()) return stats;
  double count = static_cast<double>(latencies_s.size());
  double sum = 0;
  for (double latency : latencies_s) sum += latency;
  double squares = 0;
  for (double latency : latencies_s) {
    squares += (latency - sum / count) * (latency - sum / count);
  }
  stats.per_second = count / total_s;
  stats.slowest_s = *std::max_element(latencies_s.begin(), latencies_s.end());
  stats.stddev_s = std::sqrt(squares / count);
  return stats;
}

LoadStats run_load(const std::vector<std::unique_ptr<Client>>& clients, const LoadPlan& plan,
                   const std::function<bool()>& stop, const std::function<void(size_t)>& tick) {
  Tickets tickets(plan, stop);
  Results results;
  Clock::time_point start = Clock::now();
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Client>& client : clients) {
    threads.emplace_back([&] { work(*client, plan, tickets, results, tick); });
  }
  for (std::thread& thread : threads) thread.join();
  std::chrono::duration<double> total = Clock::now() - start;
  return results.stats(total.count());
}

}  // namespace keelson::ctl
