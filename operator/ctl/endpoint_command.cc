// endpoint health, status and hashkv.
#include <mutex>
#include <thread>

#include "ctl/commands.h"
#include "ctl/each_endpoint.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// What is wrong with a member that answers, or nothing.
std::string alarm_error(Client& client, Deadline deadline) {
  pb::AlarmRequest request;
  request.set_action(pb::AlarmRequest::GET);
  pb::AlarmResponse response;
  if (!client.call(request, &response, deadline).ok()) return "Unable to fetch the alarm list";
  if (response.alarms_size() == 0) return "";
  std::string error = "Active Alarm(s): ";
  for (const pb::AlarmMember& alarm : response.alarms()) {
    bool known = alarm.alarm() == pb::NOSPACE || alarm.alarm() == pb::CORRUPT;
    error += (known ? pb::AlarmType_Name(alarm.alarm()) : "UNKNOWN") + " ";
  }
  return error;
}

EndpointHealth check_health(const ClientConfig& config, const Invocation& invocation) {
  EndpointHealth health = {config.endpoints[0], false, "", ""};
  Result<std::unique_ptr<Client>> client = Client::open(config, invocation.console);
  if (!client.ok()) {
    health.error = client.failure().text;
    return health;
  }
  Deadline deadline = command_deadline(invocation);
  Clock::time_point start = Clock::now();
  pb::RangeRequest request;
  request.set_key("health");
  pb::RangeResponse response;
  RpcStatus status = (*client)->call(request, &response, deadline);
  health.took = format_duration(Clock::now() - start);
  // A refusal for want of rights went through the cluster, too.
  bool answered = status.ok() || status.message == "etcdserver: permission denied";
  health.error = answered ? alarm_error(**client, deadline) : status.text();
  health.healthy = health.error.empty();
  return health;
}

// All endpoints at once, in the order in which they answer.
std::vector<EndpointHealth> check_all(const std::vector<ClientConfig>& configs,
                                      const Invocation& invocation) {
  std::mutex mutex;
  std::vector<EndpointHealth> list;
  std::vector<std::thread> threads;
  for (const ClientConfig& config : configs) {
    threads.emplace_back([&] {
      EndpointHealth health = check_health(config, invocation);
      std::lock_guard<std::mutex> lock(mutex);
      list.push_back(std::move(health));
    });
  }
  for (std::thread& thread : threads) thread.join();
  return list;
}

// What the status and hashkv commands share: a visit to each endpoint in turn.
template <class Entry, class Visit>
Result<std::vector<Entry>> visit_endpoints(const Invocation& invocation, const ClientConfig& config,
                                           const char* what, const Visit& visit,
                                           RpcStatus* last_error) {
  Result<std::vector<std::string>> endpoints = chosen_endpoints(invocation, config);
  if (!endpoints.ok()) return endpoints.failure();
  std::vector<Entry> entries;
  for (const std::string& endpoint : *endpoints) {
    Result<std::unique_ptr<Client>> client =
        Client::open(for_endpoint(config, endpoint), invocation.console);
    if (!client.ok()) return client.failure();
    Entry entry;
    entry.endpoint = endpoint;
    RpcStatus status = visit(**client, &entry);
    if (status.ok()) {
      entries.push_back(std::move(entry));
      continue;
    }
    *last_error = status;
    invocation.console.err(std::string("Failed to get the ") + what + " of endpoint " + endpoint +
                           " (" + status.text() + ")\n");
  }
  return entries;
}

}  // namespace

Status run_endpoint_health(Invocation& invocation) {
  Result<ClientConfig> config = read_config(invocation);
  if (!config.ok()) return config.failure();
  Result<std::unique_ptr<Printer>> printer = read_printer(invocation);
  if (!printer.ok()) return printer.failure();
  Result<std::vector<std::string>> endpoints = chosen_endpoints(invocation, *config);
  if (!endpoints.ok()) return endpoints.failure();
  config->logger = "client";
  std::vector<ClientConfig> configs;
  for (const std::string& endpoint : *endpoints) configs.push_back(for_endpoint(*config, endpoint));
  std::vector<EndpointHealth> list = check_all(configs, invocation);
  Status printed = (*printer)->health(list);
  if (!printed.ok()) return printed;
  for (const EndpointHealth& health : list) {
    if (!health.error.empty()) return Failure{kExitError, "unhealthy cluster"};
  }
  return {};
}

Status run_endpoint_status(Invocation& invocation) {
  Result<ClientConfig> config = read_config(invocation);
  if (!config.ok()) return config.failure();
  Result<std::unique_ptr<Printer>> printer = read_printer(invocation);
  if (!printer.ok()) return printer.failure();
  RpcStatus last_error;
  auto visit = [&](Client& client, EndpointStatus* entry) {
    return client.call(pb::StatusRequest(), &entry->status, command_deadline(invocation));
  };
  Result<std::vector<EndpointStatus>> list =
      visit_endpoints<EndpointStatus>(invocation, *config, "status", visit, &last_error);
  if (!list.ok()) return list.failure();
  Status printed = (*printer)->status(*list);
  if (!printed.ok()) return printed;
  if (!last_error.ok()) return Failure{kExitError, ""};
  return {};
}

Status run_endpoint_hashkv(Invocation& invocation) {
  Result<ClientConfig> config = read_config(invocation);
  if (!config.ok()) return config.failure();
  Result<std::unique_ptr<Printer>> printer = read_printer(invocation);
  if (!printer.ok()) return printer.failure();
  pb::HashKVRequest request;
  request.set_revision(invocation.values.integer("rev"));
  RpcStatus last_error;
  auto visit = [&](Client& client, EndpointHash* entry) {
    return client.call(request, &entry->hash, command_deadline(invocation));
  };
  Result<std::vector<EndpointHash>> list =
      visit_endpoints<EndpointHash>(invocation, *config, "hash", visit, &last_error);
  if (!list.ok()) return list.failure();
  Status printed = (*printer)->hashes(*list);
  if (!printed.ok()) return printed;
  if (!last_error.ok()) return failure(last_error);
  return {};
}

}  // namespace keelson::ctl
