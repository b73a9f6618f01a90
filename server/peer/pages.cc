#include "peer/pages.h"

#include <charconv>
#include <cstdio>
#include <ctime>

#include "base/bytes.h"
#include "base/version.h"
#include "base/wire.h"
#include "peer/peer_limits.h"

namespace keelson::peer {
namespace {

constexpr std::string_view kMembers = "/members";
constexpr std::string_view kPromote = "/members/promote/";
constexpr std::string_view kHashKv = "/members/hashkv";
constexpr std::string_view kVersion = "/version";
constexpr std::string_view kLeases = "/leases";
constexpr std::string_view kLeasesInternal = "/leases/internal";
constexpr std::string_view kDowngradeEnabled = "/downgrade/enabled";
constexpr std::string_view kUnmarshal = "error unmarshalling request";

using Done = std::function<void(Answer)>;

Answer json_answer(std::string body) {
  return {200, {{"Content-Type", "application/json"}}, std::move(body)};
}

Answer with_cluster(Answer answer, const Identity& identity) {
  answer.headers.emplace_back("X-Etcd-Cluster-Id", hex(identity.cluster.value));
  return answer;
}

Answer refuse(int status, std::string_view text) { return error_answer(status, text); }

// --- /members, /version -------------------------------------------------------------------------

std::string version_json(const Local& local) {
  const std::string cluster = local.cluster_version();
  const std::string storage = local.storage_version();
  std::string out = "{\"etcdserver\":\"" + std::string(kEtcdVersion) + "\",\"etcdcluster\":\"";
  out += cluster.empty() ? "not_decided" : cluster;
  out += "\",\"storage\":\"";
  return out.append(storage.empty() ? "unknown" : storage).append("\"}");
}

Answer promoted(const Result<std::string>& result) {
  if (result.ok()) return json_answer(*result + "\n");
  switch (result.status().code()) {
    case Code::kNotFound:
      return refuse(404, result.status().text());
    case Code::kFailedPrecondition:
      return refuse(412, result.status().text());
    default: {
      Answer answer = json_answer("{\"message\":\"Internal Server Error\"}");
      answer.status = 500;
      return answer;
    }
  }
}

void serve_promote(const io::Http1Head& head, const Identity& identity, Local& local, Done done) {
  const std::string_view text = path_of(head).substr(kPromote.size());
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return done(with_cluster(refuse(404, "member " + std::string(text) + " not found in cluster"),
                             identity));
  }
  local.promote_member(MemberId(id), std::string(head.header("authorization")),
                       [done, identity](Result<std::string> result) {
                         done(with_cluster(promoted(result), identity));
                       });
}

void serve_hash(const io::Http1Head& head, std::string_view body, const Identity& identity,
                Local& local, Done done) {
  const std::string_view cluster = head.header("x-etcd-cluster-id");
  if (!cluster.empty() && cluster != hex(identity.cluster.value))
    return done(refuse(412, "cluster ID mismatch"));
  const std::optional<int64_t> revision = parse_hash_request(body);
  if (!revision) return done(refuse(400, kUnmarshal));
  local.hash_kv(*revision, [done, identity](Result<HashKvAnswer> result) {
    if (!result.ok()) return done(refuse(400, result.status().text()));
    done(with_cluster(json_answer(hash_json(*result)), identity));
  });
}

// --- leases --------------------------------------------------------------------------------------

Answer lease_error(const Status& status) {
  switch (status.code()) {
    case Code::kNotFound:
      return refuse(404, status.text());
    case Code::kDeadlineExceeded:
      return refuse(408, status.text());
    case Code::kUnavailable:
      return refuse(500, status.text());
    default:
      return refuse(400, status.text());
  }
}

Answer protobuf_answer(std::string body) {
  return {200, {{"Content-Type", "application/protobuf"}}, std::move(body)};
}

void serve_keep_alive(std::string_view body, Local& local, Done done) {
  const std::optional<LeaseId> id = parse_keep_alive(body);
  if (!id) return done(refuse(400, kUnmarshal));
  local.lease_keep_alive(*id, [done, id = *id](Result<int64_t> ttl) {
    done(ttl.ok() ? protobuf_answer(keep_alive_bytes(id, *ttl)) : lease_error(ttl.status()));
  });
}

void serve_time_to_live(std::string_view body, Local& local, Done done) {
  const std::optional<TimeToLiveRequest> request = parse_time_to_live(body);
  if (!request) return done(refuse(400, kUnmarshal));
  local.lease_time_to_live(request->id, request->keys, [done](Result<LeaseAnswer> lease) {
    done(lease.ok() ? protobuf_answer(time_to_live_bytes(*lease)) : lease_error(lease.status()));
  });
}

void serve_downgrade(Local& local, Done done) {
  local.downgrade_enabled([done](Result<bool> enabled) {
    if (!enabled.ok())
      return done(refuse(500, "failed linearized read: " + enabled.status().text()));
    done({200, {{"Content-Type", "text/plain"}}, *enabled ? "true" : "false"});
  });
}

// --- a little JSON -------------------------------------------------------------------------------

void skip_space(std::string_view& in) {
  while (!in.empty() && std::string_view(" \t\r\n").find(in.front()) != std::string_view::npos)
    in.remove_prefix(1);
}

bool take(std::string_view& in, char c) {
  skip_space(in);
  if (in.empty() || in.front() != c) return false;
  in.remove_prefix(1);
  return true;
}

bool take_key(std::string_view& in, std::string_view& key) {
  if (!take(in, '"')) return false;
  const size_t end = in.find('"');
  if (end == std::string_view::npos) return false;
  key = in.substr(0, end);
  in.remove_prefix(end + 1);
  return take(in, ':');
}

bool take_number(std::string_view& in, int64_t& value) {
  skip_space(in);
  const auto [end, error] = std::from_chars(in.data(), in.data() + in.size(), value);
  if (error != std::errc()) return false;
  in.remove_prefix(static_cast<size_t>(end - in.data()));
  return true;
}

}  // namespace

std::string_view path_of(const io::Http1Head& head) {
  const std::string_view target = head.target;
  return target.substr(0, target.find('?'));
}

Answer method_not_allowed(std::string_view allow) {
  Answer answer = error_answer(405, "Method Not Allowed");
  if (!allow.empty()) answer.headers.insert(answer.headers.begin(), {"Allow", std::string(allow)});
  return answer;
}

Answer probing_answer(std::chrono::nanoseconds wall) {
  const time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(wall).count();
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  const size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%09lld",
                static_cast<long long>((wall % std::chrono::seconds(1)).count()));
  return {200,
          {{"Content-Type", "text/plain; charset=utf-8"}},
          "{\"OK\":true,\"Now\":\"" + std::string(text, n) + fraction + "Z\"}\n"};
}

std::optional<Plan> plan_page(const io::Http1Head& head) {
  const std::string_view path = path_of(head);
  const bool lease = path == kLeases || path == kLeasesInternal;
  const bool promote = path.starts_with(kPromote);
  const bool get =
      path == kMembers || path == kHashKv || path == kVersion || path == kDowngradeEnabled;
  if (!lease && !promote && !get) return std::nullopt;
  Plan plan;
  if (head.method != (get ? "GET" : "POST")) {
    plan.answer = method_not_allowed(lease ? "" : get ? "GET" : "POST");
    return plan;
  }
  plan.kind = Plan::Kind::kBody;
  plan.body_bytes = limits::kPageBodyBytes;
  plan.too_large = "request body too large";
  return plan;
}

void serve_page(const io::Http1Head& head, std::string_view body, const Identity& identity,
                Local& local, Done done) {
  const std::string_view path = path_of(head);
  if (path == kMembers)
    return done(with_cluster(json_answer(local.members_json() + "\n"), identity));
  if (path == kVersion) return done(json_answer(version_json(local)));
  if (path == kHashKv) return serve_hash(head, body, identity, local, std::move(done));
  if (path == kLeases) return serve_keep_alive(body, local, std::move(done));
  if (path == kLeasesInternal) return serve_time_to_live(body, local, std::move(done));
  if (path == kDowngradeEnabled) return serve_downgrade(local, std::move(done));
  serve_promote(head, identity, local, std::move(done));
}

std::optional<int64_t> parse_hash_request(std::string_view json) {
  int64_t revision = 0;
  if (!take(json, '{')) return std::nullopt;
  while (!take(json, '}')) {
    std::string_view key;
    int64_t value = 0;
    if (!take_key(json, key) || !take_number(json, value)) return std::nullopt;
    if (key == "revision") revision = value;
    skip_space(json);
    if (!take(json, ',') && !json.starts_with('}')) return std::nullopt;
  }
  skip_space(json);
  return json.empty() ? std::optional(revision) : std::nullopt;
}

std::string hash_json(const HashKvAnswer& answer) {
  std::string out = "{\"header\":{";
  if (answer.revision != 0) out += "\"revision\":" + std::to_string(answer.revision);
  out += "}";
  if (answer.hash != 0) out += ",\"hash\":" + std::to_string(answer.hash);
  if (answer.compact_revision != 0)
    out += ",\"compact_revision\":" + std::to_string(answer.compact_revision);
  if (answer.hash_revision != 0)
    out += ",\"hash_revision\":" + std::to_string(answer.hash_revision);
  return out + "}";
}

std::optional<LeaseId> parse_keep_alive(std::string_view body) {
  LeaseId id;
  wire::Reader reader(body);
  for (wire::Field f; reader.next(f);) {
    if (f.number != 1) continue;
    if (f.type != wire::Type::kVarint) return std::nullopt;
    id = LeaseId(f.as_int64());
  }
  return reader.ok() ? std::optional(id) : std::nullopt;
}

std::string keep_alive_bytes(LeaseId id, int64_t ttl_seconds) {
  std::string out;
  wire::put_int(out, 2, id.value);
  wire::put_int(out, 3, ttl_seconds);
  return out;
}

std::optional<TimeToLiveRequest> parse_time_to_live(std::string_view body) {
  std::optional<TimeToLiveRequest> request;
  wire::Reader outer(body);
  for (wire::Field f; outer.next(f);) {
    if (f.number != 1) continue;
    if (f.type != wire::Type::kBytes) return std::nullopt;
    request.emplace();
    wire::Reader inner(f.bytes);
    for (wire::Field g; inner.next(g);) {
      if (g.number > 2) continue;
      if (g.type != wire::Type::kVarint) return std::nullopt;
      if (g.number == 1) request->id = LeaseId(g.as_int64());
      if (g.number == 2) request->keys = g.as_bool();
    }
    if (!inner.ok()) return std::nullopt;
  }
  return outer.ok() ? request : std::nullopt;
}

std::string time_to_live_bytes(const LeaseAnswer& answer) {
  std::string inner;
  wire::put_message(inner, 1, {});  // the header, empty but present
  wire::put_int(inner, 2, answer.id.value);
  wire::put_int(inner, 3, answer.ttl_seconds);
  wire::put_int(inner, 4, answer.granted_ttl_seconds);
  for (const std::string& key : answer.keys) wire::put_message(inner, 5, key);
  std::string out;
  wire::put_message(out, 1, inner);
  return out;
}

}  // namespace keelson::peer
