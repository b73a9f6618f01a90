#include "http/listener.h"

#include <pthread.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <unordered_map>

#include "base/mutex.h"
#include "http/connection.h"
#include "io/event_loop.h"
#include "io/socket.h"

namespace keelson::http {
namespace {

// Scrapers and probes need a handful; the rest of the world is closed at once.
constexpr size_t kConnectionsMax = 256;
// How long to leave the backlog alone when accept() fails (no descriptors, no memory).
constexpr std::chrono::milliseconds kAcceptPause{100};

// Lets answers from other threads find the loop while it lives.
struct Mailbox {
  Mutex mutex;
  io::EventLoop* loop GUARDED_BY(mutex) = nullptr;

  void post(std::function<void()> work) {
    MutexLock hold(mutex);
    if (loop != nullptr) loop->post(std::move(work));
  }
};

}  // namespace

struct Listener::Impl final : public ConnectionOwner {
  struct Door final : public io::FdHandler {
    Impl& owner;
    io::Fd fd;
    bool tls = false;
    Door(Impl& o, io::Fd f, bool t) : owner(o), fd(std::move(f)), tls(t) {}
    void on_ready(uint32_t) override { owner.accept(*this); }
  };

  Impl(std::unique_ptr<io::TlsServer> t, Serve s, const Clock& c, Log& l)
      : tls(std::move(t)),
        serve_page(std::move(s)),
        time(c),
        log(l),
        events(io::EventLoop::create(c)) {
    MutexLock hold(mailbox->mutex);
    mailbox->loop = events.get();
  }

  Status open(const config::Url& url) {
    auto fd = url.is_unix() ? io::listen_unix(url.host) : io::listen_tcp(url.host, url.port);
    if (!fd.ok()) return fd.status();
    doors.push_back(std::make_unique<Door>(*this, std::move(*fd), url.tls()));
    return Status();
  }

  void run() {
    thread = std::thread([this] {
      for (const auto& door : doors) events->add(door->fd.get(), EPOLLIN, door.get());
      if (tls) look_at_certificates();
      events->run();
    });
    pthread_setname_np(thread.native_handle(), "http");
  }

  void look_at_certificates() {
    events->call_at(events->now() + io::kTlsLook, [this] {
      tls->look();
      look_at_certificates();
    });
  }

  void accept(Door& door) {
    for (;;) {
      io::Accepted accepted = io::accept_next(door.fd.get());
      if (!accepted.fd.valid()) {
        if (accepted.error != EAGAIN && accepted.error != ECONNABORTED) pause(door, accepted.error);
        return;
      }
      if (connections.size() >= kConnectionsMax) continue;
      const uint64_t id = ++last_id;
      connections[id] = std::make_unique<Connection>(*this, id, std::move(accepted.fd),
                                                     door.tls ? tls->begin() : nullptr);
    }
  }

  void pause(Door& door, int error) {
    log.warn("cannot accept a metrics connection", {{"error", std::strerror(error)}});
    events->remove(door.fd.get());
    events->call_at(events->now() + kAcceptPause,
                    [this, &door] { events->add(door.fd.get(), EPOLLIN, &door); });
  }

  io::EventLoop& loop() override { return *events; }
  const Clock& clock() const override { return time; }

  void serve(uint64_t connection, uint64_t turn, const Request& request) override {
    serve_page(request, [this, box = mailbox, connection, turn](Response&& response) {
      auto shared = std::make_shared<Response>(std::move(response));
      box->post([this, connection, turn, shared] {
        const auto it = connections.find(connection);
        if (it != connections.end()) it->second->answer(turn, std::move(*shared));
      });
    });
  }

  // The connection is on the stack now; it goes when the loop comes round.
  void gone(uint64_t connection) override {
    events->post([this, connection] { connections.erase(connection); });
  }

  std::unique_ptr<io::TlsServer> tls;
  const Serve serve_page;
  const Clock& time;
  Log& log;
  const std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  std::unique_ptr<io::EventLoop> events;
  std::vector<std::unique_ptr<Door>> doors;
  uint64_t last_id = 0;                                                   // the loop's
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections;  // the loop's
  std::thread thread;
};

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() {
  {
    MutexLock hold(impl_->mailbox->mutex);
    impl_->mailbox->loop = nullptr;
  }
  impl_->events->stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->connections.clear();
}

Result<std::unique_ptr<Listener>> Listener::start(const std::vector<config::Url>& urls,
                                                  std::unique_ptr<io::TlsServer> tls, Serve serve,
                                                  const Clock& clock, Log& log) {
  auto impl = std::make_unique<Impl>(std::move(tls), std::move(serve), clock, log);
  for (const config::Url& url : urls) {
    if (url.tls() && impl->tls == nullptr)
      return Status(
          Code::kInvalidArgument,
          "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
    if (Status opened = impl->open(url); !opened.ok()) return opened;
  }
  impl->run();
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

std::vector<std::string> Listener::bound() const {
  std::vector<std::string> addresses;
  for (const auto& door : impl_->doors) addresses.push_back(io::bound_address(door->fd.get()));
  return addresses;
}

Result<std::unique_ptr<io::TlsServer>> metrics_tls(const config::Config& config, Executor& files,
                                                   const Clock& clock, Log& log) {
  bool needed = false;
  for (const config::Url& url : config.listen_metrics_urls) needed = needed || url.tls();
  if (!needed) return std::unique_ptr<io::TlsServer>();
  const config::Tls& from = config.client_tls;
  io::TlsOptions options;
  options.cert_file = from.cert_file;
  options.key_file = from.key_file;
  options.trusted_ca_file = from.trusted_ca_file;
  options.client_cert_auth = from.client_cert_auth;
  options.crl_file = from.crl_file;
  options.allowed_cn = from.allowed_cn;
  options.allowed_hostname = from.allowed_hostname;
  options.cipher_suites = config.cipher_suites;
  options.min_version = config.tls_min_version;
  options.max_version = config.tls_max_version;
  options.alpn = {"http/1.1"};
  if (from.auto_tls && !from.has_pair()) {
    std::vector<std::string> hosts;
    for (const config::Url& url : config.listen_metrics_urls) hosts.push_back(url.host);
    const Status made = io::make_self_signed(
        config.data_dir + "/fixtures/client", hosts,
        static_cast<int>(config.self_signed_cert_validity_years), clock, log, options);
    if (!made.ok()) return made;
  }
  return io::TlsServer::create(std::move(options), files, clock, log);
}

}  // namespace keelson::http
