// The writing load of the check commands.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ctl/client.h"

namespace keelson::ctl {

struct LoadPlan {
  std::string prefix;
  size_t key_bytes = 0;  // behind the prefix
  size_t value_bytes = 0;
  double puts_per_second = 0;  // 0: as fast as they go
  size_t puts_max = 0;         // 0: until the time is over
  Duration time_max{};         // 0: until all are put
};

struct LoadStats {
  std::map<std::string, size_t> errors;
  double per_second = 0;
  double slowest_s = 0;
  double stddev_s = 0;
};

// Puts random keys, one thread a client, until the plan is done or `stop` says so. `tick` is
// called after each put with their number, on any of the threads.
LoadStats run_load(const std::vector<std::unique_ptr<Client>>& clients, const LoadPlan& plan,
                   const std::function<bool()>& stop, const std::function<void(size_t)>& tick);

// The figures for these latencies (seconds) over this time.
LoadStats summarize(const std::vector<double>& latencies_s, double total_s);

}  // namespace keelson::ctl
