#include "peer/router.h"

#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "base/version.h"
#include "io/http1.h"
#include "peer/pages.h"
#include "peer/peer_limits.h"
#include "peer/raftpb.h"
#include "peer/snapshot_receiver.h"

namespace keelson::peer {
namespace {

constexpr std::string_view kRaft = "/raft";
constexpr std::string_view kStreams = "/raft/stream/";
constexpr std::string_view kAppStreams = "/raft/stream/msgapp";
constexpr std::string_view kMessageStreams = "/raft/stream/message";
constexpr std::string_view kSnapshot = "/raft/snapshot";
constexpr std::string_view kProbing = "/raft/probing";

struct Version {
  uint32_t major = 0, minor = 0;
  auto operator<=>(const Version&) const = default;
};

bool take_number(std::string_view& in, uint32_t& number) {
  const auto [end, error] = std::from_chars(in.data(), in.data() + in.size(), number);
  if (error != std::errc()) return false;
  in.remove_prefix(static_cast<size_t>(end - in.data()));
  return true;
}

bool take_dot(std::string_view& in) {
  if (!in.starts_with('.')) return false;
  in.remove_prefix(1);
  return true;
}

// Semantic versions; absent counts as 2.0.0.
std::optional<Version> parse_version(std::string_view text) {
  if (text.empty()) return Version{2, 0};
  Version version;
  uint32_t patch = 0;
  if (!take_number(text, version.major) || !take_dot(text) || !take_number(text, version.minor) ||
      !take_dot(text) || !take_number(text, patch))
    return std::nullopt;
  if (!text.empty() && text[0] != '-' && text[0] != '+') return std::nullopt;
  return version;
}

std::string_view directory_of(std::string_view path) { return path.substr(0, path.rfind('/')); }
std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Plan answer_plan(Answer answer) {
  Plan plan;
  plan.answer = std::move(answer);
  return plan;
}

Answer with(Answer answer, const Headers& headers) {
  answer.headers.insert(answer.headers.end(), headers.begin(), headers.end());
  return answer;
}

Headers cluster_header(const Identity& identity) {
  return {{"X-Etcd-Cluster-Id", hex(identity.cluster.value)}};
}

}  // namespace

std::optional<MemberId> parse_member(std::string_view text) {
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return MemberId(id);
}

Compatibility check_headers(const io::Http1Head& head, const Identity& identity) {
  static const Version own = *parse_version(kEtcdVersion);
  constexpr Version kOldest{3, 0};
  const auto server = parse_version(head.header("x-server-version"));
  const auto oldest = parse_version(head.header("x-min-cluster-version"));
  if (!server || !oldest) return {400, "invalid version"};
  if (*server < kOldest || own < *oldest) return {412, "incompatible version"};
  if (head.header("x-etcd-cluster-id") != hex(identity.cluster.value))
    return {412, "cluster ID mismatch"};
  return {};
}

Headers Router::stream_headers() const {
  return {{"X-Server-Version", std::string(kEtcdVersion)},
          {"X-Etcd-Cluster-Id", hex(context_.identity.cluster.value)}};
}

Plan Router::plan(const io::Http1Head& head, Inbound& connection) {
  const std::string_view path = path_of(head);
  if (path == kProbing) return answer_plan(probing_answer(context_.clock.wall()));
  if (std::optional<Plan> page = plan_page(head)) return std::move(*page);
  const bool stream = path.starts_with(kStreams);
  if (!stream && path != kRaft && path != kSnapshot)
    return answer_plan(error_answer(404, "404 page not found"));
  if (head.method != (stream ? "GET" : "POST")) {
    if (path == kSnapshot)
      context_.metrics.snapshots_received("UNKNOWN_SNAPSHOT_SENDER").failures.add();
    return answer_plan(method_not_allowed(stream ? "GET" : "POST"));
  }
  if (const Compatibility bad = check_headers(head, context_.identity); bad.status != 0) {
    context_.log.warn("refused a request of a member that does not fit",
                      {{"remote-addr", connection.peer()},
                       {"remote-peer-id", head.header("x-server-from")},
                       {"error", bad.text}});
    Answer answer = with(error_answer(bad.status, bad.text),
                         stream ? stream_headers() : cluster_header(context_.identity));
    answer.cut = bad.status == 400;
    return answer_plan(std::move(answer));
  }
  if (stream) return plan_stream(head);
  learn_sender(head);
  return path == kRaft ? plan_post() : plan_snapshot(connection);
}

void Router::learn_sender(const io::Http1Head& head) {
  const std::optional<MemberId> from = parse_member(head.header("x-server-from"));
  const std::string_view urls = head.header("x-peerurls");
  if (from && !urls.empty()) peers_.learn(*from, urls);
}

// --- streams -------------------------------------------------------------------------------------

Plan Router::plan_stream(const io::Http1Head& head) {
  const std::string_view path = path_of(head);
  const std::string_view directory = directory_of(path);
  const auto refuse = [&](int status, std::string_view text) {
    return answer_plan(with(error_answer(status, text), stream_headers()));
  };
  if (directory != kAppStreams && directory != kMessageStreams) return refuse(404, "invalid path");
  const std::optional<MemberId> from = parse_member(name_of(path));
  if (!from) return refuse(404, "invalid from");
  if (peers_.removed(*from)) return refuse(410, "removed member");
  if (!peers_.find(*from)) {
    if (const auto urls = head.header("x-peerurls"); !urls.empty()) peers_.learn(*from, urls);
    return refuse(404, "error sender not found");
  }
  if (head.header("x-raft-to") != hex(context_.identity.member.value))
    return refuse(412, "to field mismatch");
  Plan plan;
  plan.kind = Plan::Kind::kStream;
  return plan;
}

void Router::attach(const io::Http1Head& head, io::Fd fd, std::unique_ptr<io::TlsSession> tls) {
  const std::string_view path = path_of(head);
  const std::shared_ptr<Peer> peer = peers_.find(*parse_member(name_of(path)));
  if (!peer) return;  // removed between the head and its end
  const StreamKind kind =
      directory_of(path) == kAppStreams ? StreamKind::kMsgApp : StreamKind::kMessage;
  Headers headers = stream_headers();
  headers.emplace_back("Transfer-Encoding", "chunked");
  peer->attach(kind, std::move(fd), std::move(tls), io::http1_head(200, headers));
}

// --- POST /raft ----------------------------------------------------------------------------------

Plan Router::plan_post() const {
  Plan plan;
  plan.kind = Plan::Kind::kBody;
  plan.body_bytes = limits::kPostBytes;
  plan.unreadable = "error reading raft message";
  return plan;
}

Answer Router::take_message(const std::string& body, const Inbound& connection) {
  raft::Message message;
  const Decoded decoded = get_message(body, message);
  if (decoded == Decoded::kMalformed) {
    context_.metrics.received_failures(connection.peer()).add();
    return error_answer(400, "error unmarshalling raft message");
  }
  context_.metrics.received_bytes(message.from).add(body.size());
  if (peers_.removed(message.from) || message.to != context_.identity.member) {
    context_.log.warn("rejected a raft message",
                      {{"from", hex(message.from.value)}, {"to", hex(message.to.value)}});
    Answer answer = error_answer(500, "error processing raft message");
    answer.cut = true;
    return answer;
  }
  if (decoded == Decoded::kMessage) context_.received.push_back(std::move(message));
  return Answer{.status = 204};
}

// --- snapshots -----------------------------------------------------------------------------------

Plan Router::plan_snapshot(Inbound& connection) {
  if (*snapshots_open_ >= limits::kIncomingSnapshots) {
    return answer_plan(with(error_answer(500, "failed to save KV snapshot (too many at once)"),
                            cluster_header(context_.identity)));
  }
  const std::string path = context_.spool_directory + "/" + std::string(kSpoolPrefix) +
                           hex(static_cast<uint64_t>(context_.clock.wall().count())) + "-" +
                           std::to_string(++snapshots_begun_) + ".snap.db";
  const std::weak_ptr<Inbound> weak = connection.weak_from_this();
  SnapshotReceiver::Events events;
  events.answer = [weak, turn = connection.turn(),
                   headers = cluster_header(context_.identity)](const Answer& answer) {
    if (const auto to = weak.lock()) to->answer(turn, with(answer, headers));
  };
  events.resume = [weak] {
    if (const auto to = weak.lock()) to->resume();
  };
  ++*snapshots_open_;
  auto* receiver = new SnapshotReceiver(context_, path, connection.peer(), std::move(events));
  Plan plan;
  plan.kind = Plan::Kind::kSink;
  plan.sink =
      std::shared_ptr<SnapshotReceiver>(receiver, [open = snapshots_open_](SnapshotReceiver* r) {
        --*open;
        delete r;
      });
  return plan;
}

void Router::serve(const io::Http1Head& head, std::string&& body, Inbound& connection,
                   uint64_t turn) {
  if (path_of(head) == kRaft)
    return connection.answer(
        turn, with(take_message(body, connection), cluster_header(context_.identity)));
  auto done = [weak = connection.weak_from_this(), box = context_.mailbox, turn](Answer answer) {
    box->post([weak, turn, answer = std::move(answer)] {
      if (const auto to = weak.lock()) to->answer(turn, answer);
    });
  };
  serve_page(head, body, context_.identity, local_, std::move(done));
}

}  // namespace keelson::peer
