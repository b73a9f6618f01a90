#include "http/handlers.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/log_format.h"
#include "base/version.h"
#include "http/gzip.h"
#include "http/process_metrics.h"

namespace keelson::http {
namespace {

constexpr char kServed[] = "promhttp_metric_handler_requests_total";
constexpr char kServedHelp[] = "Calls of /metrics by their status.";

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// "3.7" of "3.7.0".
std::string major_minor(const std::string& version) {
  const size_t first = version.find('.');
  if (first == std::string::npos) return version;
  return version.substr(0, version.find('.', first + 1));
}

std::string raft_status(const node::Facts& facts) {
  const bool leads = facts.leader.value != 0 && facts.leader == facts.member;
  return "{\"id\":" + json_text(hex(facts.member.value)) +
         ",\"term\":" + std::to_string(facts.term.value) +
         ",\"commit\":" + std::to_string(facts.committed.value) +
         ",\"lead\":" + json_text(hex(facts.leader.value)) +
         ",\"raftState\":" + json_text(leads ? "StateLeader" : "StateFollower") +
         ",\"applied\":" + std::to_string(facts.applied.value) + "}";
}

}  // namespace

Handlers::Handlers(HealthProbe& probe, Registry& registry, Log& log,
                   std::vector<std::string> command_line)
    : probe_(probe),
      registry_(registry),
      health_(probe, registry, log),
      command_line_(std::move(command_line)),
      in_flight_(registry.gauge("promhttp_metric_handler_requests_in_flight",
                                "Calls of /metrics being served.")),
      served_(registry.counter(kServed, kServedHelp, {{"code", "200"}})) {
  registry.counter(kServed, kServedHelp, {{"code", "500"}});
  registry.counter(kServed, kServedHelp, {{"code", "503"}});
}

bool Handlers::serve_client(const Request& request, Answer answer) {
  if (serve_common(request, answer)) return true;
  const bool version_page = request.path == "/version";
  if (!version_page && request.path != "/debug/vars") return false;
  if (request.method != "GET" && version_page) {
    answer(method_not_allowed());
  } else {
    answer(version_page ? version() : debug_vars());
  }
  return true;
}

void Handlers::serve_metrics(const Request& request, Answer answer) {
  if (!serve_common(request, answer)) answer(not_found());
}

bool Handlers::serve_common(const Request& request, const Answer& answer) {
  if (request.path == "/metrics") {
    answer(metrics(request));
    return true;
  }
  if (request.path != "/health") return serve_checks(request, answer);
  if (request.method == "GET") {
    health_.health(Query(request.query), answer);
  } else {
    answer(method_not_allowed());
  }
  return true;
}

bool Handlers::serve_checks(const Request& request, const Answer& answer) {
  for (const std::string type : {"livez", "readyz"}) {
    const std::string root = "/" + type;
    if (!request.path.starts_with(root)) continue;
    const std::string rest = request.path.substr(root.size());
    const auto& names = Health::names(type);
    const bool one = rest.size() > 1 && rest[0] == '/' &&
                     std::find(names.begin(), names.end(), rest.substr(1)) != names.end();
    if (!rest.empty() && !one) return false;
    if (request.method == "GET") {
      health_.checks(type, one ? rest.substr(1) : "", Query(request.query), answer);
    } else {
      answer(method_not_allowed());
    }
    return true;
  }
  return false;
}

Response Handlers::metrics(const Request& request) {
  in_flight_.add(1);
  refresh_cluster_version();
  Response response{
      200,
      {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"}},
      registry_.render()};
  if (accepts_gzip(request.header("accept-encoding"))) {
    response.body = gzip(response.body);
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  in_flight_.add(-1);
  served_.add();
  return response;
}

// The version is a label: the old one goes to 0 when it changes.
void Handlers::refresh_cluster_version() {
  const std::string decided = probe_.facts().cluster_version;
  if (decided.empty() || decided == "not_decided") return;
  const std::string now = major_minor(decided);
  const auto gauge = [this](const std::string& version) -> Gauge& {
    return registry_.gauge("etcd_cluster_version", "1 for the version the cluster has agreed on.",
                           {{"cluster_version", version}});
  };
  MutexLock hold(mutex_);
  if (now == cluster_version_) return;
  if (!cluster_version_.empty()) gauge(cluster_version_).set(0);
  gauge(now).set(1);
  cluster_version_ = now;
}

Response Handlers::version() const {
  const node::Facts facts = probe_.facts();
  const std::string cluster = facts.cluster_version.empty() ? "not_decided" : facts.cluster_version;
  const std::string storage = facts.storage_version.empty() ? "unknown" : facts.storage_version;
  return {200,
          {{"Content-Type", "application/json"}},
          "{\"etcdserver\":" + json_text(kEtcdVersion) + ",\"etcdcluster\":" + json_text(cluster) +
              ",\"storage\":" + json_text(storage) + "}"};
}

// Go's expvar page. Of Go's memory figures only Sys has a counterpart (what the process holds).
Response Handlers::debug_vars() const {
  std::string arguments;
  for (const std::string& argument : command_line_)
    arguments += (arguments.empty() ? "" : ",") + json_text(argument);
  return {200,
          {{"Content-Type", "application/json; charset=utf-8"}},
          "{\n\"cmdline\": [" + arguments +
              "],\n\"file_descriptor_limit\": " + std::to_string(descriptor_limit()) +
              ",\n\"memstats\": {\"Sys\":" + std::to_string(resident_bytes()) +
              "},\n\"raft.status\": " + raft_status(probe_.facts()) + "\n}\n"};
}

}  // namespace keelson::http
