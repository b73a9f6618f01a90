// check perf and check datascale.
#include <array>
#include <atomic>
#include <cstdio>
#include <map>

#include "ctl/commands.h"
#include "ctl/go_quote.h"
#include "ctl/key_range.h"
#include "ctl/load.h"
#include "ctl/metrics_fetch.h"
#include "ctl/progress.h"
#include "ctl/session.h"
#include "ctl/signal_watch.h"

namespace keelson::ctl {
namespace {

using std::chrono::seconds;

constexpr seconds kCleanupTime{30};
constexpr size_t kDatascalePairBytes = 1024;

struct PerfModel {
  size_t puts_per_second;
  size_t clients;
};
struct DatascaleModel {
  size_t pairs;
  size_t clients;
};
constexpr seconds kPerfTime{60};

// The short name of a --load value.
Result<std::string> load_model(const std::string& load) {
  static const std::map<std::string, std::string> kNames = {
      {"s", "s"}, {"small", "s"}, {"m", "m"},   {"medium", "m"},
      {"l", "l"}, {"large", "l"}, {"xl", "xl"}, {"xLarge", "xl"}};
  auto found = kNames.find(load);
  if (found != kNames.end()) return found->second;
  return Failure{kExitBadFeature, "unknown load option " + load};
}

Result<std::vector<std::unique_ptr<Client>>> open_clients(ClientConfig config, size_t count,
                                                          Console& console) {
  config.own_connection = true;
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i < count; i++) {
    Result<std::unique_ptr<Client>> client = Client::open(config, console);
    if (!client.ok()) return client.failure();
    clients.push_back(std::move(*client));
  }
  return clients;
}

// Refuses to write among keys that are there already. `quote` stands around the hint.
Status check_empty(Client& client, const std::string& prefix, const char* quote) {
  pb::RangeRequest request;
  request.set_key(prefix);
  make_prefix_range(&request);
  request.set_limit(1);
  pb::RangeResponse response;
  RpcStatus status = client.call(request, &response, deadline_in(kPerfTime));
  if (!status.ok()) return failure(status);
  if (response.kvs_size() == 0) return {};
  return Failure{kExitInvalidInput, "prefix " + go_quote(prefix) + " has keys. Delete with " +
                                        quote + "etcdctl del --prefix " + prefix + quote +
                                        " first"};
}

RpcStatus delete_prefix(Client& client, const std::string& prefix,
                        pb::DeleteRangeResponse* response) {
  pb::DeleteRangeRequest request;
  request.set_key(prefix);
  make_prefix_range(&request);
  return client.call(request, response, deadline_in(kCleanupTime));
}

Status compact_to(Client& client, int64_t revision, Console& console) {
  console.out("Compacting with revision " + std::to_string(revision) + "\n");
  pb::CompactionRequest request;
  request.set_revision(revision);
  request.set_physical(true);
  pb::CompactionResponse response;
  RpcStatus status = client.call(request, &response, deadline_in(kCleanupTime));
  if (!status.ok()) return failure(status);
  console.out("Compacted with revision " + std::to_string(revision) + "\n");
  return {};
}

Status defragment_all(const ClientConfig& config, Console& console) {
  for (const std::string& endpoint : config.endpoints) {
    console.out("Defragmenting " + go_quote(endpoint) + "\n");
    ClientConfig one = config;
    one.endpoints = {endpoint};
    Result<std::unique_ptr<Client>> client = Client::open(one, console);
    if (!client.ok()) return client.failure();
    pb::DefragmentResponse response;
    RpcStatus status =
        (*client)->call(pb::DefragmentRequest(), &response, deadline_in(kCleanupTime));
    if (!status.ok()) return failure(status);
    console.out("Defragmented " + go_quote(endpoint) + "\n");
  }
  return {};
}

std::string fixed(double value, int digits) {
  std::array<char, 64> buffer;
  int length = std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return std::string(buffer.data(), static_cast<size_t>(length));
}

bool report_errors(const LoadStats& stats, Console& console) {
  if (stats.errors.empty()) return true;
  console.out("FAIL: too many errors\n");
  for (const auto& [text, count] : stats.errors) {
    console.out("FAIL: ERROR(" + text + ") -> " + std::to_string(count) + "\n");
  }
  return false;
}

// The verdict lines of check perf; true when all is well.
bool report_perf(const LoadStats& stats, size_t wanted_rate, Console& console) {
  constexpr double kRateShare = 0.9;
  constexpr double kSlowestMaxS = 0.5;
  constexpr double kStddevMaxS = 0.1;
  bool ok = report_errors(stats, console);
  std::string rate = std::to_string(static_cast<int64_t>(stats.per_second) + 1) + " writes/s\n";
  bool fast = stats.per_second / static_cast<double>(wanted_rate) > kRateShare;
  console.out((fast ? "PASS: Throughput is " : "FAIL: Throughput too low: ") + rate);
  bool quick = stats.slowest_s <= kSlowestMaxS;
  console.out((quick ? "PASS: Slowest request took " : "Slowest request took too long: ") +
              fixed(stats.slowest_s, 6) + "s\n");
  bool even = stats.stddev_s <= kStddevMaxS;
  console.out((even ? "PASS: Stddev is " : "Stddev too high: ") + fixed(stats.stddev_s, 6) + "s\n");
  ok = ok && fast && quick && even;
  console.out(ok ? "PASS\n" : "FAIL\n");
  return ok;
}

// Removes what check perf wrote; a failure is only told.
Status clean_up(Client& client, const std::string& prefix, bool compact, Console& console) {
  pb::DeleteRangeResponse response;
  RpcStatus status = delete_prefix(client, prefix, &response);
  if (!status.ok()) {
    console.out("FAIL: Cleanup failed during key deletion: ERROR(" + status.text() + ")\n");
    return {};
  }
  if (!compact) return {};
  return compact_to(client, response.header().revision(), console);
}

// What both checks need before they start.
struct CheckSetup {
  std::string model;
  ClientConfig config;
};

Result<CheckSetup> set_up(Invocation& invocation) {
  Result<std::string> model = load_model(invocation.values.text("load"));
  if (!model.ok()) return model.failure();
  Result<ClientConfig> config = read_config(invocation);
  if (!config.ok()) return config.failure();
  Result<std::unique_ptr<Printer>> printer = read_printer(invocation);
  if (!printer.ok()) return printer.failure();
  return CheckSetup{*model, *config};
}

Result<double> memory_of(const ClientConfig& config, const char* when, Console& console) {
  Result<double> bytes = fetch_resident_bytes(config.endpoints.at(0), config.tls);
  if (bytes.ok() && *bytes != 0) return bytes;
  if (!bytes.ok()) console.out(bytes.failure().text + "\n");
  console.out(std::string("FAIL: Could not read process_resident_memory_bytes ") + when +
              " the put operations.\n");
  return Failure{kExitError, ""};
}

Status finish_datascale(const Invocation& invocation, const ClientConfig& config, Client& client,
                        const LoadStats& stats, double bytes_used) {
  Console& console = invocation.console;
  pb::DeleteRangeResponse deleted;
  RpcStatus status = delete_prefix(client, invocation.values.text("prefix"), &deleted);
  if (!status.ok()) return failure(status);
  if (invocation.values.is_on("auto-compact")) {
    Status compacted = compact_to(client, deleted.header().revision(), console);
    if (!compacted.ok()) return compacted;
  }
  if (invocation.values.is_on("auto-defrag")) {
    Status defragmented = defragment_all(config, console);
    if (!defragmented.ok()) return defragmented;
  }
  if (!report_errors(stats, console)) return Failure{kExitError, ""};
  console.out("PASS: Approximate system memory used : " + fixed(bytes_used / (1024 * 1024), 2) +
              " MB.\n");
  return {};
}

}  // namespace

Status run_check_perf(Invocation& invocation) {
  static const std::map<std::string, PerfModel> kModels = {
      {"s", {150, 50}}, {"m", {1000, 200}}, {"l", {8000, 500}}, {"xl", {15000, 1000}}};
  std::atomic<bool> stopped{false};  // outlives the signals that set it
  SignalWatch signals;
  Console& console = invocation.console;
  Result<CheckSetup> setup = set_up(invocation);
  if (!setup.ok()) return setup.failure();
  const PerfModel& model = kModels.at(setup->model);
  auto clients = open_clients(setup->config, model.clients, console);
  if (!clients.ok()) return clients.failure();
  std::string prefix = invocation.values.text("prefix");
  Status empty = check_empty(*clients->front(), prefix, "'");
  if (!empty.ok()) return empty;

  signals.handle([&] { stopped = true; });
  Progress progress(console, err_is_terminal());
  LoadPlan plan = {prefix, 256, 1024, static_cast<double>(model.puts_per_second), 0, kPerfTime};
  LoadStats stats = run_load(
      *clients, plan, [&] { return stopped.load(); },
      [&](size_t puts) { progress.show("check perf: " + std::to_string(puts) + " writes"); });
  progress.clear();

  bool compact = invocation.values.is_on("auto-compact");
  Status clean = clean_up(*clients->front(), prefix, compact, console);
  if (!clean.ok()) return clean;
  if (invocation.values.is_on("auto-defrag")) {
    Status defragmented = defragment_all(setup->config, console);
    if (!defragmented.ok()) return defragmented;
  }
  if (report_perf(stats, model.puts_per_second, console)) return {};
  return Failure{kExitError, ""};
}

Status run_check_datascale(Invocation& invocation) {
  static const std::map<std::string, DatascaleModel> kModels = {
      {"s", {10000, 50}}, {"m", {100000, 200}}, {"l", {1000000, 500}}, {"xl", {3000000, 1000}}};
  Console& console = invocation.console;
  Result<CheckSetup> setup = set_up(invocation);
  if (!setup.ok()) return setup.failure();
  const DatascaleModel& model = kModels.at(setup->model);
  auto clients = open_clients(setup->config, model.clients, console);
  if (!clients.ok()) return clients.failure();
  std::string prefix = invocation.values.text("prefix");
  Status empty = check_empty(*clients->front(), prefix, "");
  if (!empty.ok()) return empty;
  Result<double> before = memory_of(setup->config, "before", console);
  if (!before.ok()) return before.failure();
  std::string pairs = std::to_string(model.pairs);
  console.out("Start data scale check for work load [" + pairs + " key-value pairs, " +
              std::to_string(kDatascalePairBytes) + " bytes per key-value, " +
              std::to_string(model.clients) + " concurrent clients].\n");
  Progress progress(console, err_is_terminal());
  LoadPlan plan = {prefix, kDatascalePairBytes / 2, kDatascalePairBytes / 2, 0, model.pairs, {}};
  LoadStats stats = run_load(
      *clients, plan, [] { return false; },
      [&](size_t puts) {
        progress.show("check datascale: " + std::to_string(puts) + " of " + pairs);
      });
  progress.clear();
  Result<double> after = memory_of(setup->config, "after", console);
  if (!after.ok()) return after.failure();
  return finish_datascale(invocation, setup->config, *clients->front(), stats, *after - *before);
}

}  // namespace keelson::ctl
