// make-mirror.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "ctl/commands.h"
#include "ctl/contest.h"
#include "ctl/key_range.h"
#include "ctl/session.h"

namespace keelson::ctl {
namespace {

constexpr int64_t kPageKeys = 1000;
constexpr std::chrono::seconds kReportTime{30};

// Prints the number of mirrored keys every half minute.
class Reporter {
 public:
  explicit Reporter(Console& console) : console_(console), thread_([this] { run(); }) {}
  ~Reporter() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopped_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  void count_one() { total_++; }

 private:
  void run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!changed_.wait_for(lock, kReportTime, [this] { return stopped_; })) {
      console_.out(std::to_string(total_.load()) + "\n");
    }
  }

  Console& console_;
  std::atomic<int64_t> total_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;  // guarded by mutex_
  std::thread thread_;
};

struct MirrorPlan {
  std::string prefix;
  std::string destination_prefix;
  int64_t revision = 0;  // 0: copy first
  uint64_t ops_max = 0;
};

class Mirror {
 public:
  Mirror(Client& from, Client& to, const MirrorPlan& plan, Console& console)
      : from_(from), to_(to), plan_(plan), reporter_(console) {}

  Status run() {
    int64_t revision = plan_.revision;
    if (revision == 0) {
      Status copied = copy(&revision);
      if (!copied.ok()) return copied;
    }
    return follow(revision + 1);
  }

 private:
  std::string renamed(const std::string& key) const {
    if (!key.starts_with(plan_.prefix)) return key;
    return plan_.destination_prefix + key.substr(plan_.prefix.size());
  }

  // All keys as of now, page by page; `*revision` becomes that of the copy.
  Status copy(int64_t* revision) {
    pb::RangeRequest request;
    request.set_key(plan_.prefix);
    make_prefix_range(&request);
    request.set_limit(kPageKeys);
    pb::RangeResponse page;
    do {
      page.Clear();
      RpcStatus status = from_.call(request, &page, Deadline());
      if (!status.ok()) return failure(status);
      if (request.revision() == 0) request.set_revision(page.header().revision());
      for (const mvccpb::KeyValue& kv : page.kvs()) {
        Status written = put(kv);
        if (!written.ok()) return written;
      }
      if (page.more()) request.set_key(page.kvs(page.kvs_size() - 1).key() + '\0');
    } while (page.more());
    *revision = request.revision();
    return {};
  }

  Status put(const mvccpb::KeyValue& kv) {
    pb::PutRequest request;
    request.set_key(renamed(kv.key()));
    request.set_value(kv.value());
    pb::PutResponse response;
    RpcStatus status = to_.call(request, &response, Deadline());
    if (!status.ok()) return failure(status);
    reporter_.count_one();
    return {};
  }

  Status follow(int64_t revision) {
    pb::WatchCreateRequest request;
    request.set_key(plan_.prefix);
    make_prefix_range(&request);
    request.set_start_revision(revision);
    Interrupt never;
    EventQueue queue(from_, request, never);
    while (std::optional<WatchUpdate> update = queue.next()) {
      if (update->response.canceled()) return Failure{kExitError, update->end};
      Status applied = apply(update->response);
      if (!applied.ok()) return applied;
    }
    return {};
  }

  // The events of one revision go over in as few transactions as the limit allows.
  Status apply(const pb::WatchResponse& response) {
    pb::TxnRequest txn;
    int64_t revision = 0;
    for (const mvccpb::Event& event : response.events()) {
      bool next = revision != 0 && event.kv().mod_revision() > revision;
      if (next || static_cast<uint64_t>(txn.success_size()) == plan_.ops_max) {
        Status sent = send(&txn);
        if (!sent.ok()) return sent;
      }
      revision = event.kv().mod_revision();
      add(event, txn.add_success());
    }
    return send(&txn);
  }

  void add(const mvccpb::Event& event, pb::RequestOp* op) {
    std::string key = renamed(event.kv().key());
    if (event.type() == mvccpb::Event::PUT) {
      op->mutable_request_put()->set_key(key);
      op->mutable_request_put()->set_value(event.kv().value());
    } else {
      op->mutable_request_delete_range()->set_key(key);
    }
    reporter_.count_one();
  }

  Status send(pb::TxnRequest* txn) {
    if (txn->success_size() == 0) return {};
    pb::TxnResponse response;
    RpcStatus status = to_.call(*txn, &response, Deadline());
    txn->Clear();
    if (!status.ok()) return failure(status);
    return {};
  }

  Client& from_;
  Client& to_;
  const MirrorPlan plan_;
  Reporter reporter_;
};

Result<ClientConfig> destination_config(const Invocation& invocation) {
  const Values& values = invocation.values;
  ClientConfig config;
  config.endpoints = {invocation.arguments[0]};
  config.dial_timeout = values.duration("dial-timeout");
  config.keepalive_time = values.duration("keepalive-time");
  config.keepalive_timeout = values.duration("keepalive-timeout");
  config.send_bytes_max = values.integer("max-request-bytes");
  config.recv_bytes_max = values.integer("max-recv-bytes");
  config.tls.cert_file = values.text("dest-cert");
  config.tls.key_file = values.text("dest-key");
  config.tls.ca_file = values.text("dest-cacert");
  config.tls.plain_allowed = values.is_on("dest-insecure-transport");
  if (values.text("dest-user").empty()) return config;
  Result<Credentials> credentials =
      read_credentials(invocation.console, values.text("dest-user"), values.text("dest-password"),
                       "Destination Password: ");
  if (!credentials.ok()) return credentials.failure();
  config.user = credentials->user;
  config.password = credentials->password;
  return config;
}

Result<MirrorPlan> read_plan(const Values& values) {
  MirrorPlan plan;
  plan.prefix = values.text("prefix");
  plan.destination_prefix = values.text("dest-prefix");
  bool bare = values.is_on("no-dest-prefix");
  if (bare && !plan.destination_prefix.empty()) {
    return bad_args(
        "`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one");
  }
  if (!bare && plan.destination_prefix.empty()) plan.destination_prefix = plan.prefix;
  plan.revision = std::max<int64_t>(values.integer("rev") - 1, 0);
  plan.ops_max = values.count("max-txn-ops");
  return plan;
}

}  // namespace

Status run_make_mirror(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("make-mirror takes one destination argument");
  }
  Result<ClientConfig> destination = destination_config(invocation);
  if (!destination.ok()) return destination.failure();
  Result<std::unique_ptr<Client>> to = Client::open(*destination, invocation.console);
  if (!to.ok()) return to.failure();
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  Result<MirrorPlan> plan = read_plan(invocation.values);
  if (!plan.ok()) return plan.failure();
  return Mirror(*session->client, **to, *plan, invocation.console).run();
}

}  // namespace keelson::ctl
