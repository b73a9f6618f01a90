#include "peer/peer_port.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>
#include <unordered_map>

#include "base/bytes.h"
#include "base/check.h"
#include "io/connect.h"
#include "io/socket.h"
#include "peer/inbound.h"
#include "peer/peer_limits.h"
#include "peer/roster.h"
#include "peer/san_check.h"
#include "peer/snapshot_receiver.h"
#include "peer/stream_codec.h"

namespace keelson::peer {

struct PeerPort::Impl final : public RouteOwner {
  struct Door final : public io::FdHandler {
    Impl& owner;
    io::Fd fd;
    const bool tls;
    const std::string address;
    const std::string socket_file;
    bool watched = false;
    Door(Impl& o, io::Fd f, const PeerUrl& url)
        : owner(o),
          fd(std::move(f)),
          tls(url.tls),
          address(io::bound_address(fd.get())),
          socket_file(url.is_unix ? url.host : std::string()) {}
    ~Door() override {
      if (!socket_file.empty()) ::unlink(socket_file.c_str());
    }
    void on_ready(uint32_t) override { owner.accept(*this); }
  };

  Impl(PortOptions o, std::unique_ptr<io::TlsServer> server, std::unique_ptr<io::TlsClient> client,
       const PortWorld& world);

  Status bind();
  Status clean_spool();
  void run();

  // The loop's:
  void look_at_files();
  void accept(Door& door);
  void open_door(Door& door);
  void close_door(Door& door);
  void pause(Door& door, int error);
  void start_serving(Identity identity, node::PeerSink& sink, Local& local);
  void shut();
  void deliver();
  void start_request(RequestSpec spec, std::function<void(FetchReply&&)> done);
  void request_member(node::PeerRequest request, std::function<void(node::PeerReply)> done);

  // RouteOwner
  Plan plan(const io::Http1Head& head, Inbound& connection) override {
    return router->plan(head, connection);
  }
  void serve(const io::Http1Head& head, std::string&& body, Inbound& connection,
             uint64_t turn) override {
    router->serve(head, std::move(body), connection, turn);
  }
  void attach(const io::Http1Head& head, io::Fd fd, std::unique_ptr<io::TlsSession> tls) override {
    router->attach(head, std::move(fd), std::move(tls));
  }
  void check_certificate(const Inbound& connection, std::function<void(bool ok)> decided) override;
  void gone(uint64_t connection) override {
    context.loop.post([this, connection] { connections.erase(connection); });
  }

  const PortOptions options;
  const std::unique_ptr<io::TlsServer> tls_server;
  const std::unique_ptr<io::TlsClient> tls_client;
  Metrics metrics;
  const std::unique_ptr<io::EventLoop> events;
  Context context;
  Roster roster;
  std::vector<std::unique_ptr<Door>> doors;

  std::atomic<bool> serving{false};

  // The loop's:
  std::unique_ptr<Router> router;  // while serving
  bool shut_down = false;
  uint64_t last_id = 0;
  std::unordered_map<uint64_t, std::shared_ptr<Inbound>> connections;
  std::unordered_map<uint64_t, std::unique_ptr<Request>> requests;

  Mutex closing;
  bool closed GUARDED_BY(closing) = false;
  std::thread thread;
};

PeerPort::Impl::Impl(PortOptions o, std::unique_ptr<io::TlsServer> server,
                     std::unique_ptr<io::TlsClient> client, const PortWorld& world)
    : options(std::move(o)),
      tls_server(std::move(server)),
      tls_client(std::move(client)),
      metrics(world.registry),
      events(io::EventLoop::create(world.clock)),
      context{world.clock,
              world.log,
              world.pool,
              world.files,
              metrics,
              *events,
              std::make_shared<Mailbox>(events.get())},
      roster(context) {
  context.tls_client = tls_client.get();
  context.spool_directory = options.spool_directory;
  context.cipher_scratch.resize(limits::kReadBytes);
  context.plain_scratch.resize(limits::kReadBytes);
  events->at_turn_end([this] { deliver(); });
  if (tls_server || tls_client) look_at_files();
}

// Streams may stay up for months: a certificate that was replaced must be in use before the next
// one begins.
void PeerPort::Impl::look_at_files() {
  events->call_at(events->now() + io::kTlsLook, [this] {
    if (tls_server) tls_server->look();
    if (tls_client) tls_client->look();
    look_at_files();
  });
}

Status PeerPort::Impl::bind() {
  for (const std::string& text : options.listen_urls) {
    const std::optional<PeerUrl> url = parse_peer_url(text);
    if (!url) return {Code::kInvalidArgument, "cannot listen on peer URL " + text};
    if (url->tls && !tls_server) {
      return {Code::kInvalidArgument, "cannot listen on TLS for " + url->authority +
                                          ": KeyFile and CertFile are not "
                                          "presented"};
    }
    auto fd = url->is_unix
                  ? io::listen_unix(url->host)
                  : io::listen_tcp(url->host, url->port, {.reuse_port = options.reuse_port});
    if (!fd.ok()) return fd.status();
    doors.push_back(std::make_unique<Door>(*this, std::move(*fd), *url));
  }
  return {};
}

Status PeerPort::Impl::clean_spool() {
  if (Status made = context.files.make_dir(options.spool_directory); !made.ok()) return made;
  const auto names = context.files.list(options.spool_directory);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (!name.starts_with(kSpoolPrefix)) continue;
    const Status removed = context.files.remove(options.spool_directory + "/" + name);
    if (!removed.ok()) return removed;
  }
  return {};
}

void PeerPort::Impl::run() {
  if (!options.own_thread) return;
  thread = std::thread([this] { events->run(); });
  pthread_setname_np(thread.native_handle(), "peer");
}

// --- accepting -----------------------------------------------------------------------------------

void PeerPort::Impl::accept(Door& door) {
  for (size_t i = 0; i < limits::kAcceptsPerTurn; i++) {
    io::Accepted accepted = io::accept_next(door.fd.get());
    if (!accepted.fd.valid()) {
      if (accepted.error != EAGAIN && accepted.error != ECONNABORTED) pause(door, accepted.error);
      return;
    }
    if (connections.size() >= limits::kConnections) continue;
    const uint64_t id = ++last_id;
    auto connection =
        std::make_shared<Inbound>(context, *this, id, std::move(accepted.fd), accepted.peer,
                                  door.tls ? tls_server->begin() : nullptr);
    connections[id] = connection;
    connection->start();
  }
}

void PeerPort::Impl::open_door(Door& door) {
  events->add(door.fd.get(), EPOLLIN, &door);
  door.watched = true;
}

void PeerPort::Impl::close_door(Door& door) {
  if (std::exchange(door.watched, false)) events->remove(door.fd.get());
}

void PeerPort::Impl::pause(Door& door, int error) {
  context.log.warn("cannot accept a peer connection", {{"error", std::strerror(error)}});
  close_door(door);
  events->call_at(events->now() + limits::kAcceptPause, [this, &door] {
    if (!shut_down) open_door(door);
  });
}

void PeerPort::Impl::check_certificate(const Inbound& connection,
                                       std::function<void(bool ok)> decided) {
  const std::string host = io::remote_host(connection.link().fd());
  if (!options.check_client_san || host.empty()) return decided(true);
  const io::TlsSession::AlternativeNames names = connection.link().tls()->alternative_names();
  const SanVerdict verdict = check_san(names, host);
  const auto finish = [this, decided, peer = connection.peer()](bool ok) {
    if (!ok) {
      context.log.warn("rejected connection on peer endpoint",
                       {{"remote-addr", peer},
                        {"error", "tls: the address does not match the certificate's names"}});
    }
    decided(ok);
  };
  if (verdict != SanVerdict::kAskResolver) return finish(verdict == SanVerdict::kFits);
  auto job = [box = context.mailbox, finish, names = names.names, host] {
    const bool ok = san_names_match(names, host);
    box->post([finish, ok] { finish(ok); });
  };
  if (!context.pool.post(std::move(job))) finish(false);
}

// --- serving -------------------------------------------------------------------------------------

void PeerPort::Impl::start_serving(Identity identity, node::PeerSink& sink, Local& local) {
  if (shut_down) return;
  CHECK(router == nullptr);
  context.identity = std::move(identity);
  context.sink = &sink;
  router = std::make_unique<Router>(context, roster, local);
  for (const auto& door : doors) open_door(*door);
  roster.start();
}

// What has come in this turn, from all streams and POSTs, goes to the node at once.
void PeerPort::Impl::deliver() {
  if (context.received.empty()) return;
  std::vector<raft::Message> messages = std::exchange(context.received, {});
  std::erase_if(messages, [this](const raft::Message& m) {
    return m.to != context.identity.member || roster.removed(m.from);
  });
  sort_appends(messages);
  if (context.sink != nullptr && !messages.empty()) context.sink->receive(std::move(messages));
}

void PeerPort::Impl::shut() {
  shut_down = true;
  serving = false;
  for (const auto& door : doors) {
    close_door(*door);
    door->fd.reset();
  }
  roster.stop();
  context.sink = nullptr;
  for (const auto& [id, connection] : connections) connection->close();
  for (auto& [id, request] : requests) request->abandon("the member stops");
  requests.clear();
  router.reset();
}

// --- requests ------------------------------------------------------------------------------------

void PeerPort::Impl::start_request(RequestSpec spec, std::function<void(FetchReply&&)> done) {
  if (shut_down || requests.size() >= limits::kRequests) {
    FetchReply reply;
    reply.error = shut_down ? "the member stops" : "too many requests to other members";
    return done(std::move(reply));
  }
  const uint64_t id = ++last_id;
  auto finished = [this, id, done = std::move(done)](FetchReply&& reply) {
    done(std::move(reply));
    context.loop.post([this, id] { requests.erase(id); });
  };
  auto& request = requests[id];
  request = std::make_unique<Request>(context, std::move(spec), std::move(finished));
  request->begin();
}

void PeerPort::Impl::request_member(node::PeerRequest request,
                                    std::function<void(node::PeerReply)> done) {
  RequestSpec spec;
  if (const auto peer = roster.find(request.to)) spec.urls = peer->urls();
  spec.method = std::move(request.method);
  spec.path = std::move(request.path);
  spec.body = std::move(request.body);
  spec.timeout = request.timeout;
  for (const auto& [name, value] : request.headers) spec.headers.emplace_back(name, value);
  if (!request.content_type.empty())
    spec.headers.emplace_back("Content-Type", std::move(request.content_type));
  start_request(std::move(spec), [done = std::move(done)](FetchReply&& reply) {
    done({reply.status, std::move(reply.body), std::move(reply.error)});
  });
}

// --- PeerPort ------------------------------------------------------------------------------------

PeerPort::PeerPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<PeerPort>> PeerPort::open(PortOptions options,
                                                 std::unique_ptr<io::TlsServer> server,
                                                 std::unique_ptr<io::TlsClient> client,
                                                 PortWorld world) {
  auto impl =
      std::make_unique<Impl>(std::move(options), std::move(server), std::move(client), world);
  if (Status cleaned = impl->clean_spool(); !cleaned.ok()) return cleaned;
  if (Status bound = impl->bind(); !bound.ok()) return bound;
  impl->run();
  return std::unique_ptr<PeerPort>(new PeerPort(std::move(impl)));
}

PeerPort::~PeerPort() {
  close();
  impl_->context.mailbox->close();
  impl_->events->stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::vector<std::string> PeerPort::bound() const {
  std::vector<std::string> addresses;
  for (const auto& door : impl_->doors) addresses.push_back(door->address);
  return addresses;
}

void PeerPort::serve(Identity identity, node::PeerSink& sink, Local& local) {
  impl_->context.mailbox->post(
      [impl = impl_.get(), identity = std::move(identity), &sink, &local]() mutable {
        impl->start_serving(std::move(identity), sink, local);
      });
  // What is sent from now on reaches the loop behind the identity.
  impl_->serving = true;
}

void PeerPort::close() {
  {
    MutexLock hold(impl_->closing);
    if (std::exchange(impl_->closed, true)) return;
  }
  if (!impl_->options.own_thread) return impl_->shut();
  Mutex mutex;
  CondVar changed;
  bool done = false;
  impl_->context.mailbox->post([&] {
    impl_->shut();
    MutexLock hold(mutex);
    done = true;
    changed.notify_all();
  });
  MutexLock hold(mutex);
  while (!done) changed.wait(mutex);
}

void PeerPort::step() {
  CHECK(!impl_->options.own_thread);
  impl_->events->run_once();
}

void PeerPort::fetch(const std::string& url, const std::string& path, Duration timeout,
                     std::function<void(FetchReply&&)> done) {
  RequestSpec spec;
  if (auto parsed = parse_peer_url(url)) spec.urls = {std::move(*parsed)};
  spec.method = "GET";
  spec.path = path;
  spec.timeout = timeout;
  spec.once = true;
  impl_->context.mailbox->post(
      [impl = impl_.get(), spec = std::move(spec), done = std::move(done)]() mutable {
        impl->start_request(std::move(spec), std::move(done));
      });
}

FetchReply PeerPort::fetch(const std::string& url, const std::string& path, Duration timeout) {
  CHECK(impl_->options.own_thread);
  Mutex mutex;
  CondVar changed;
  bool done = false;
  FetchReply answer;
  fetch(url, path, timeout, [&](FetchReply&& reply) {
    MutexLock hold(mutex);
    answer = std::move(reply);
    done = true;
    changed.notify_all();
  });
  MutexLock hold(mutex);
  while (!done) changed.wait(mutex);
  return answer;
}

void PeerPort::send(std::vector<raft::Message>&& messages) {
  if (!impl_->serving.load(std::memory_order_relaxed)) return;
  // Few members: their messages are picked out one member at a time, in order.
  std::vector<MemberId> seen;
  std::vector<const raft::Message*> batch;
  for (size_t i = 0; i < messages.size(); i++) {
    const MemberId to = messages[i].to;
    if (std::find(seen.begin(), seen.end(), to) != seen.end()) continue;
    seen.push_back(to);
    const std::shared_ptr<Peer> peer = impl_->roster.destination(to);
    if (!peer) continue;
    batch.clear();
    for (size_t j = i; j < messages.size(); j++) {
      if (messages[j].to == to && messages[j].type != raft::MessageType::kSnap)
        batch.push_back(&messages[j]);
    }
    if (!batch.empty()) peer->send(batch);
  }
}

void PeerPort::send_snapshot(node::OutgoingSnapshot&& snapshot) {
  auto shared = std::make_shared<node::OutgoingSnapshot>(std::move(snapshot));
  auto work = [impl = impl_.get(), shared] {
    const MemberId to = shared->message.to;
    const std::shared_ptr<Peer> peer = impl->roster.destination(to);
    if (peer && !impl->shut_down && impl->router) return peer->send_snapshot(std::move(*shared));
    if (shared->release) shared->release();
    if (impl->context.sink != nullptr) impl->context.sink->snapshot_sent(to, false);
  };
  if (!impl_->context.mailbox->post(std::move(work)) && shared->release) shared->release();
}

void PeerPort::set_peers(std::vector<node::PeerAddress> peers) {
  impl_->roster.set_peers(std::move(peers));
  impl_->context.mailbox->post([impl = impl_.get()] { impl->roster.settle(); });
}

void PeerPort::set_removed(std::vector<MemberId> removed) {
  impl_->roster.set_removed(std::move(removed));
  impl_->context.mailbox->post([impl = impl_.get()] { impl->roster.settle(); });
}

void PeerPort::request(node::PeerRequest request, std::function<void(node::PeerReply)> done) {
  impl_->context.mailbox->post(
      [impl = impl_.get(), request = std::move(request), done = std::move(done)]() mutable {
        impl->request_member(std::move(request), std::move(done));
      });
}

TimePoint PeerPort::active_since(MemberId member) const {
  const std::shared_ptr<Peer> peer = impl_->roster.find(member);
  return peer ? peer->active_since() : TimePoint::max();
}

}  // namespace keelson::peer
