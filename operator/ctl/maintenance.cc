// alarm, defrag, move-leader and downgrade.
#include "ctl/commands.h"
#include "ctl/each_endpoint.h"
#include "ctl/printers/rows.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// Ends each alarm that the cluster lists; the answer holds those that were ended.
RpcStatus disarm_all(Client& client, pb::AlarmResponse* out, Deadline deadline) {
  pb::AlarmRequest list;
  list.set_action(pb::AlarmRequest::GET);
  pb::AlarmResponse listed;
  RpcStatus status = client.call(list, &listed, deadline);
  if (!status.ok()) return status;
  for (const pb::AlarmMember& alarm : listed.alarms()) {
    pb::AlarmRequest request;
    request.set_action(pb::AlarmRequest::DEACTIVATE);
    request.set_memberid(alarm.memberid());
    request.set_alarm(alarm.alarm());
    pb::AlarmResponse ended;
    status = client.call(request, &ended, deadline);
    if (!status.ok()) return status;
    out->mutable_alarms()->MergeFrom(ended.alarms());
  }
  return {};
}

struct Leader {
  std::unique_ptr<Client> client;  // null: none of the endpoints is the leader's
  uint64_t id = 0;
};

Result<Leader> find_leader(const ClientConfig& config, Console& console, Deadline deadline) {
  for (const std::string& endpoint : config.endpoints) {
    Result<std::unique_ptr<Client>> client = Client::open(for_endpoint(config, endpoint), console);
    if (!client.ok()) return client.failure();
    pb::StatusResponse response;
    RpcStatus status = (*client)->call(pb::StatusRequest(), &response, deadline);
    if (!status.ok()) return failure(status);
    if (response.header().member_id() != response.leader()) continue;
    return Leader{std::move(*client), response.leader()};
  }
  return Leader{};
}

Result<std::string> target_version(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return bad_args("TARGET_VERSION not provided");
  if (arguments.size() > 1) return bad_args("too many arguments");
  if (arguments[0].empty()) return bad_args("target version not provided");
  return arguments[0];
}

Status downgrade(Invocation& invocation, pb::DowngradeRequest::DowngradeAction action,
                 const std::string& version, const std::string& name) {
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::DowngradeRequest request;
  request.set_action(action);
  request.set_version(version);
  pb::DowngradeResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->confirm(
      response, "Downgrade " + name + " success, cluster version " + response.version(),
      FieldsForm::kNone);
}

// Defragments one endpoint and tells how it went.
bool defragment(Client& client, const std::string& endpoint, const Invocation& invocation) {
  pb::DefragmentResponse response;
  Clock::time_point start = Clock::now();
  RpcStatus status = client.call(pb::DefragmentRequest(), &response, command_deadline(invocation));
  std::string took = format_duration(Clock::now() - start);
  if (status.ok()) {
    invocation.console.out("Finished defragmenting etcd member[" + endpoint + "]. took " + took +
                           "\n");
  } else {
    invocation.console.err("Failed to defragment etcd member[" + endpoint + "]. took " + took +
                           ". (" + status.text() + ")\n");
  }
  return status.ok();
}

}  // namespace

Status run_alarm_list(Invocation& invocation) {
  if (!invocation.arguments.empty()) return bad_args("alarm list command accepts no arguments");
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AlarmRequest request;
  request.set_action(pb::AlarmRequest::GET);
  pb::AlarmResponse response;
  RpcStatus status = session->client->call(request, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->alarms(response);
}

Status run_alarm_disarm(Invocation& invocation) {
  if (!invocation.arguments.empty()) return bad_args("alarm disarm command accepts no arguments");
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  pb::AlarmResponse response;
  RpcStatus status = disarm_all(*session->client, &response, command_deadline(invocation));
  if (!status.ok()) return failure(status);
  return session->printer->alarms(response);
}

Status run_defrag(Invocation& invocation) {
  Result<ClientConfig> config = read_config(invocation);
  if (!config.ok()) return config.failure();
  Result<std::unique_ptr<Printer>> printer = read_printer(invocation);
  if (!printer.ok()) return printer.failure();
  Result<std::vector<std::string>> endpoints = chosen_endpoints(invocation, *config);
  if (!endpoints.ok()) return endpoints.failure();
  bool all_done = true;
  for (const std::string& endpoint : *endpoints) {
    Result<std::unique_ptr<Client>> client =
        Client::open(for_endpoint(*config, endpoint), invocation.console);
    if (!client.ok()) return client.failure();
    if (!defragment(**client, endpoint, invocation)) all_done = false;
  }
  if (all_done) return {};
  return Failure{kExitError, ""};
}

Status run_move_leader(Invocation& invocation) {
  if (invocation.arguments.size() != 1) return bad_args("move-leader command needs 1 argument");
  Result<uint64_t> target = parse_uint(invocation.arguments[0], 16);
  if (!target.ok()) return bad_args(target.failure().text);
  Result<ClientConfig> config = read_config(invocation);
  if (!config.ok()) return config.failure();
  Result<std::unique_ptr<Printer>> printer = read_printer(invocation);
  if (!printer.ok()) return printer.failure();
  Deadline deadline = command_deadline(invocation);
  Result<Leader> leader = find_leader(*config, invocation.console, deadline);
  if (!leader.ok()) return leader.failure();
  if (leader->client == nullptr) {
    return bad_args("no leader endpoint given at [" + join(config->endpoints, " ") + "]");
  }
  pb::MoveLeaderRequest request;
  request.set_targetid(*target);
  pb::MoveLeaderResponse response;
  RpcStatus status = leader->client->call(request, &response, deadline);
  if (!status.ok()) return failure(status);
  return (*printer)->confirm(
      response, "Leadership transferred from " + hex(leader->id) + " to " + hex(*target),
      FieldsForm::kNone);
}

Status run_downgrade_validate(Invocation& invocation) {
  Result<std::string> version = target_version(invocation.arguments);
  if (!version.ok()) return version.failure();
  return downgrade(invocation, pb::DowngradeRequest::VALIDATE, *version, "validate");
}

Status run_downgrade_enable(Invocation& invocation) {
  Result<std::string> version = target_version(invocation.arguments);
  if (!version.ok()) return version.failure();
  return downgrade(invocation, pb::DowngradeRequest::ENABLE, *version, "enable");
}

Status run_downgrade_cancel(Invocation& invocation) {
  return downgrade(invocation, pb::DowngradeRequest::CANCEL, "", "cancel");
}

}  // namespace keelson::ctl
