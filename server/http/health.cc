#include "http/health.h"

#include <algorithm>

namespace keelson::http {
namespace {

constexpr char kSerializable[] = "serializable_read";
constexpr char kLinearizable[] = "linearizable_read";
constexpr char kCorruption[] = "data_corruption";
constexpr char kNonLearner[] = "non_learner";

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Alarms first, then the leader, as etcd asks.
std::string known_trouble(const node::Facts& facts, const Query& query, bool serializable) {
  const auto excluded = query.all("exclude");
  if (facts.alarm_nospace && !contains(excluded, "NOSPACE")) return "ALARM NOSPACE";
  if (facts.alarm_corrupt && !contains(excluded, "CORRUPT")) return "ALARM CORRUPT";
  if (!serializable && facts.leader.value == 0) return "RAFT NO LEADER";
  return "";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string health_body(bool good, const std::string& reason) {
  return std::string(R"({"health":")") + (good ? "true" : "false") + R"(","reason":")" +
         escaped(reason) + "\"}";
}

}  // namespace

// One request for checks: they run one after the other, each from the callback of the one before.
struct Health::Run {
  std::string type;
  std::vector<std::string> left;  // from the back
  std::string lines;
  bool good = true;
  bool verbose = false;
  Answer answer;
};

Health::Health(HealthProbe& probe, Registry& registry, Log& log)
    : probe_(probe),
      registry_(registry),
      log_(log),
      successes_(registry.counter("etcd_server_health_success",
                                  "Calls of /health that were answered with true.")),
      failures_(registry.counter("etcd_server_health_failures",
                                 "Calls of /health that were answered with false.")) {}

const std::vector<std::string>& Health::names(const std::string& type) {
  static const std::vector<std::string> live = {kSerializable};
  static const std::vector<std::string> ready = {kCorruption, kSerializable, kLinearizable,
                                                 kNonLearner};
  return type == "livez" ? live : ready;
}

void Health::refuse(const std::string& reason, const Answer& answer) {
  failures_.add();
  log_.warn("serving /health false", {{"reason", reason}});
  answer(error_response(503, health_body(false, reason)));
}

void Health::health(const Query& query, Answer answer) {
  const bool serializable = query.first("serializable") == "true";
  const std::string trouble = known_trouble(probe_.facts(), query, serializable);
  if (!trouble.empty()) return refuse(trouble, answer);
  auto done = [this, answer = std::move(answer)](const Status& status) {
    if (!status.ok()) return refuse("RANGE ERROR:" + status.text(), answer);
    successes_.add();
    answer({200, {{"Content-Type", "text/plain; charset=utf-8"}}, health_body(true, "")});
  };
  if (serializable) {
    probe_.serializable_read(std::move(done));
  } else {
    probe_.linearizable_read(std::move(done));
  }
}

void Health::checks(const std::string& type, const std::string& only, const Query& query,
                    Answer answer) {
  auto run = std::make_shared<Run>();
  run->type = type;
  run->verbose = query.has("verbose");
  run->answer = std::move(answer);
  run->left = only.empty() ? names(type) : std::vector<std::string>{only};
  std::reverse(run->left.begin(), run->left.end());
  std::vector<std::string> unknown;
  for (const std::string& name : query.all("exclude"))
    if (std::erase(run->left, name) == 0 && !name.empty()) unknown.push_back(name);
  if (!unknown.empty())
    log_.warn("some health checks cannot be excluded", {{"path", "/" + type}, {"checks", unknown}});
  next(run);
}

void Health::next(const std::shared_ptr<Run>& run) {
  if (run->left.empty()) return finish(run);
  const std::string name = run->left.back();
  run->left.pop_back();
  check(name, [this, run, name](const Status& status) {
    count(run->type, name, status.ok());
    run->good = run->good && status.ok();
    run->lines +=
        status.ok() ? "[+]" + name + " ok\n" : "[-]" + name + " failed: " + status.text() + "\n";
    next(run);
  });
}

void Health::finish(const std::shared_ptr<Run>& run) {
  if (!run->good) {
    log_.warn("health check failed", {{"path", "/" + run->type}, {"output", run->lines}});
    run->answer(error_response(503, run->lines));
    return;
  }
  Response response = error_response(200, "ok");
  if (run->verbose) response.body = run->lines + response.body;
  run->answer(std::move(response));
}

void Health::check(const std::string& name, HealthProbe::Done done) {
  if (name == kSerializable) return probe_.serializable_read(std::move(done));
  if (name == kLinearizable) return probe_.linearizable_read(std::move(done));
  const node::Facts facts = probe_.facts();
  if (name == kCorruption && facts.alarm_corrupt)
    return done(Status(Code::kUnavailable, "alarm activated: CORRUPT"));
  if (name == kNonLearner && facts.learner)
    return done(Status(Code::kUnavailable, "not supported for learner"));
  done(Status());
}

void Health::count(const std::string& type, const std::string& name, bool good) {
  registry_
      .gauge("etcd_server_healthcheck", "Last result of each check of /livez and /readyz.",
             {{"type", type}, {"name", name}})
      .set(good ? 1 : 0);
  registry_
      .counter("etcd_server_healthchecks_total", "Checks of /livez and /readyz by their result.",
               {{"type", type}, {"name", name}, {"status", good ? "success" : "error"}})
      .add();
}

}  // namespace keelson::http
