// lock and elect.
#include <atomic>

#include "ctl/child_process.h"
#include "ctl/commands.h"
#include "ctl/contest.h"
#include "ctl/key_range.h"
#include "ctl/session.h"
#include "ctl/signal_watch.h"

namespace keelson::ctl {
namespace {

constexpr int64_t kElectionTtlS = 60;

// The winner's pair, as get shows it.
Status show_own_key(Session& session, const std::string& key) {
  pb::RangeRequest request;
  request.set_key(key);
  pb::RangeResponse response;
  RpcStatus status = session.client->call(request, &response, Deadline());
  if (!status.ok()) return failure(status);
  if (response.kvs_size() == 0) return Failure{kExitError, "lock lost on init"};
  return session.printer->range(response);
}

// Holds what was won until a signal comes or the lease is lost.
Status hold(Contestant& contestant, Interrupt& interrupt, const char* expired) {
  std::atomic<bool> lost{false};
  contestant.on_lost([&] {
    lost = true;
    interrupt.raise();
  });
  interrupt.wait();
  contestant.on_lost(nullptr);
  if (lost) return Failure{kExitError, expired};
  return contestant.leave();
}

Status run_locked(Contestant& contestant, const std::vector<std::string>& command) {
  Status child = run_child(command, {"ETCD_LOCK_KEY=" + contestant.key(),
                                     "ETCD_LOCK_REV=" + std::to_string(contestant.won_revision())});
  Status left = contestant.leave();
  return child.ok() ? left : child;
}

// The oldest pair under the prefix.
RpcStatus read_leader(Client& client, const std::string& prefix, pb::RangeResponse* out) {
  pb::RangeRequest request;
  request.set_key(prefix);
  make_prefix_range(&request);
  request.set_limit(1);
  request.set_sort_order(pb::RangeRequest::ASCEND);
  request.set_sort_target(pb::RangeRequest::CREATE);
  return client.call(request, out, Deadline());
}

// Shows who is elected, again and again.
class Observer {
 public:
  Observer(Session& session, std::string name, Interrupt& interrupt)
      : session_(session), prefix_(std::move(name) + "/"), interrupt_(interrupt) {}

  Status run() {
    while (!interrupt_.is_raised()) {
      pb::RangeResponse leader;
      RpcStatus status = read_leader(*session_.client, prefix_, &leader);
      if (!status.ok()) return lost();
      if (leader.kvs_size() == 0 && !wait_for_first(&leader)) return lost();
      leader.clear_more();
      leader.clear_count();
      Status printed = session_.printer->range(leader);
      if (!printed.ok()) return printed;
      Status followed = follow(leader);
      if (!followed.ok()) return followed;
    }
    return {};
  }

 private:
  Status lost() const {
    if (interrupt_.is_raised()) return {};
    return Failure{kExitError, "elect: observer lost"};
  }

  bool wait_for_first(pb::RangeResponse* leader) {
    pb::WatchCreateRequest request;
    request.set_key(prefix_);
    make_prefix_range(&request);
    request.set_start_revision(leader->header().revision());
    EventQueue queue(*session_.client, request, interrupt_);
    while (std::optional<WatchUpdate> update = queue.next()) {
      if (update->response.canceled()) return false;
      for (const mvccpb::Event& event : update->response.events()) {
        if (event.type() != mvccpb::Event::PUT) continue;
        *leader->mutable_header() = update->response.header();
        leader->mutable_header()->set_revision(event.kv().mod_revision());
        *leader->add_kvs() = event.kv();
        return true;
      }
    }
    return false;
  }

  // Shows new values of the leader until it is gone.
  Status follow(const pb::RangeResponse& leader) {
    pb::WatchCreateRequest request;
    request.set_key(leader.kvs(0).key());
    request.set_start_revision(leader.header().revision() + 1);
    EventQueue queue(*session_.client, request, interrupt_);
    while (std::optional<WatchUpdate> update = queue.next()) {
      if (update->response.canceled()) return lost();
      for (const mvccpb::Event& event : update->response.events()) {
        if (event.type() == mvccpb::Event::DELETE) return {};
        pb::RangeResponse changed;
        *changed.mutable_header() = update->response.header();
        *changed.add_kvs() = event.kv();
        Status printed = session_.printer->range(changed);
        if (!printed.ok()) return printed;
      }
    }
    return {};
  }

  Session& session_;
  const std::string prefix_;
  Interrupt& interrupt_;
};

Status campaign(Session& session, const std::string& name, const std::string& proposal,
                Interrupt& interrupt) {
  Result<std::unique_ptr<Contestant>> contestant =
      Contestant::join(*session.client, name, kElectionTtlS, interrupt);
  if (!contestant.ok()) return contestant.failure();
  Status won = (*contestant)->win(proposal);
  if (!won.ok()) return won;
  Status shown = show_own_key(session, (*contestant)->key());
  if (!shown.ok()) return shown;
  return hold(**contestant, interrupt, "elect: session expired");
}

}  // namespace

Status run_lock(Invocation& invocation) {
  const auto& arguments = invocation.arguments;
  if (arguments.empty()) {
    return bad_args("lock takes a lock name argument and an optional command to execute");
  }
  Interrupt interrupt;  // outlives the signals that raise it
  SignalWatch signals;
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  Result<std::unique_ptr<Contestant>> contestant =
      Contestant::join(*session->client, arguments[0], invocation.values.integer("ttl"), interrupt);
  if (!contestant.ok()) return contestant.failure();
  signals.handle([&] { interrupt.raise(); });
  Status won = (*contestant)->win("");
  if (!won.ok()) return won;
  if (arguments.size() > 1) {
    return run_locked(**contestant, {arguments.begin() + 1, arguments.end()});
  }
  Status shown = show_own_key(*session, (*contestant)->key());
  if (!shown.ok()) return shown;
  return hold(**contestant, interrupt, "session expired");
}

Status run_elect(Invocation& invocation) {
  const auto& arguments = invocation.arguments;
  if (arguments.empty() || arguments.size() > 2) {
    return bad_args("elect takes one election name argument and an optional proposal argument");
  }
  Interrupt interrupt;  // outlives the signals that raise it
  SignalWatch signals;
  Result<Session> session = open_session(invocation);
  if (!session.ok()) return session.failure();
  bool listen = invocation.values.is_on("listen");
  if (arguments.size() == 1 && !listen) return bad_args("no proposal argument but -l not set");
  if (arguments.size() == 2 && listen) return bad_args("proposal given but -l is set");
  signals.handle([&] { interrupt.raise(); });
  if (listen) return Observer(*session, arguments[0], interrupt).run();
  return campaign(*session, arguments[0], arguments[1], interrupt);
}

}  // namespace keelson::ctl
