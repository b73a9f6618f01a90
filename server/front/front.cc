#include "front/front.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "front/client_loop.h"
#include "front/front_limits.h"
#include "front/listener.h"
#include "front/settings.h"
#include "io/tls.h"

namespace keelson::front {
namespace {

constexpr int kLoopsMax = 8;

int loop_count(const config::Config& config) {
  if (config.io_threads > 0) return std::min(config.io_threads, kLoopsMax);
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cores - 1, 1, kLoopsMax);
}

size_t connections_max() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return std::max<uint64_t>(limit.rlim_cur, limits::kReservedDescriptors + 16) -
         limits::kReservedDescriptors;
}

// One address with all that its URLs ask for.
struct Place {
  config::Url url;
  Port port;
};

void add_place(std::vector<Place>& places, const config::Url& url, bool grpc, bool http) {
  const auto same = [&](const Place& p) {
    return p.url.host == url.host && p.url.port == url.port && p.url.is_unix() == url.is_unix();
  };
  auto it = url.port == 0 && !url.is_unix() ? places.end()
                                            : std::find_if(places.begin(), places.end(), same);
  if (it == places.end()) {
    it = places.insert(places.end(), {url, {}});
    it->port.grpc = it->port.http = false;
  }
  (url.tls() ? it->port.secure : it->port.plain) = true;
  it->port.grpc |= grpc;
  it->port.http |= http;
}

std::vector<Place> places_of(const config::Config& config) {
  std::vector<Place> places;
  const bool split = !config.listen_client_http_urls.empty();
  for (const config::Url& url : config.listen_client_urls) add_place(places, url, true, !split);
  for (const config::Url& url : config.listen_client_http_urls) add_place(places, url, false, true);
  return places;
}

io::TlsOptions tls_options(const config::Config& config) {
  const config::Tls& tls = config.client_tls;
  io::TlsOptions options;
  options.cert_file = tls.cert_file;
  options.key_file = tls.key_file;
  options.trusted_ca_file = tls.trusted_ca_file;
  options.client_cert_auth = tls.client_cert_auth;
  options.crl_file = tls.crl_file;
  options.allowed_cn = tls.allowed_cn;
  options.allowed_hostname = tls.allowed_hostname;
  options.cipher_suites = config.cipher_suites;
  options.min_version = config.tls_min_version;
  options.max_version = config.tls_max_version;
  return options;
}

// The hosts that etcd writes into a certificate of its own making.
std::vector<std::string> listen_hosts(const config::Config& config) {
  std::vector<std::string> hosts;
  for (const config::Url& url : config.listen_client_urls)
    if (url.tls()) hosts.push_back(url.host);
  return hosts;
}

}  // namespace

struct Front::Impl : Listener::Taker {
  Impl(const config::Config& c, rpc::Services& services, HttpHandler& http, Executor& f,
       const Clock& clk, Log& l, Registry& registry);

  // Listener::Taker; on the first loop.
  bool has_room() const override { return open_connections() < connections_limit; }
  void take(io::Accepted&& accepted, Listener& listener) override;

  size_t open_connections() const;
  Status open_tls();
  Status open_place(const Place& place);
  void serve(int index);
  void run_everywhere(const std::function<void(ClientLoop&)>& work);
  void connection_gone();
  void log_serving() const;
  void log_streams_max() const;
  void look_at_certificates();

  const config::Config& config;
  Executor& files;
  const Clock& clock;
  Log& log;
  const Settings settings;
  const size_t connections_limit;
  Gauge& connections_gauge;
  std::unique_ptr<io::TlsServer> tls;
  std::vector<std::unique_ptr<io::EventLoop>> loops;
  std::vector<std::unique_ptr<ClientLoop>> clients;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::thread> threads;
  bool listening = false, running = false;

  Mutex mutex;
  CondVar gone;
  bool grace_over GUARDED_BY(mutex) = false;
};

Front::Impl::Impl(const config::Config& c, rpc::Services& services, HttpHandler& http, Executor& f,
                  const Clock& clk, Log& l, Registry& registry)
    : config(c),
      files(f),
      clock(clk),
      log(l),
      settings(c),
      connections_limit(connections_max()),
      connections_gauge(
          registry.gauge("keelson_client_connections", "Client connections that are open.")) {
  for (int i = 0; i < loop_count(c); i++) {
    loops.push_back(io::EventLoop::create(clk));
    clients.push_back(
        std::make_unique<ClientLoop>(*loops.back(), i, services, http, settings, clk, l));
    clients.back()->on_gone([this] { connection_gone(); });
  }
}

size_t Front::Impl::open_connections() const {
  size_t sum = 0;
  for (const auto& client : clients) sum += client->connections();
  return sum;
}

void Front::Impl::take(io::Accepted&& accepted, Listener& listener) {
  const auto least = std::min_element(
      clients.begin(), clients.end(),
      [](const auto& a, const auto& b) { return a->connections() < b->connections(); });
  ClientLoop& client = **least;
  client.expect_one();
  connections_gauge.add(1);
  const Port port = listener.port();
  if (client.context().index == 0) {
    client.adopt(std::move(accepted.fd), std::move(accepted.peer), port, tls.get());
    return;
  }
  // std::function wants copies; the descriptor has one owner.
  auto shared = std::make_shared<io::Accepted>(std::move(accepted));
  client.context().loop.post([this, &client, port, shared] {
    client.adopt(std::move(shared->fd), std::move(shared->peer), port, tls.get());
  });
}

void Front::Impl::connection_gone() {
  connections_gauge.add(-1);
  if (open_connections() + 1 >= connections_limit) {
    loops[0]->post([this] {
      for (auto& listener : listeners) listener->resume();
    });
  }
  if (open_connections() > 0) return;
  MutexLock lock(mutex);
  gone.notify_all();
}

Status Front::Impl::open_tls() {
  io::TlsOptions options = tls_options(config);
  if (config.client_tls.auto_tls && options.cert_file.empty() && options.key_file.empty()) {
    const Status made =
        io::make_self_signed(config.data_dir + "/fixtures/client", listen_hosts(config),
                             config.self_signed_cert_validity_years, clock, log, options);
    if (!made.ok()) return made;
  }
  Result<std::unique_ptr<io::TlsServer>> server =
      io::TlsServer::create(std::move(options), files, clock, log);
  if (!server.ok()) return server.status();
  tls = std::move(*server);
  return {};
}

Status Front::Impl::open_place(const Place& place) {
  io::ListenOptions options;
  options.reuse_port = config.socket_reuse_port;
  const bool local = place.url.is_unix();
  Result<io::Fd> fd = local ? io::listen_unix(place.url.host)
                            : io::listen_tcp(place.url.host, place.url.port, options);
  if (!fd.ok()) return fd.status();
  listeners.push_back(std::make_unique<Listener>(
      *loops[0], std::move(*fd), place.port, local ? place.url.host : std::string(), *this, log));
  return {};
}

// On the first loop, again and again.
void Front::Impl::look_at_certificates() {
  loops[0]->call_at(loops[0]->now() + io::kTlsLook, [this] {
    tls->look();
    look_at_certificates();
  });
}

void Front::Impl::serve(int index) {
  const std::string name = "client-" + std::to_string(index);
  ::pthread_setname_np(::pthread_self(), name.c_str());
  loops[static_cast<size_t>(index)]->run();
}

// On every loop's own thread, and waits for it; here and now when no loop runs.
void Front::Impl::run_everywhere(const std::function<void(ClientLoop&)>& work) {
  if (!running) {
    for (auto& client : clients) work(*client);
    return;
  }
  std::latch done(static_cast<ptrdiff_t>(clients.size()));
  for (auto& client : clients) {
    client->context().loop.post([&, c = client.get()] {
      work(*c);
      done.count_down();
    });
  }
  done.wait();
}

void Front::Impl::log_serving() const {
  for (const auto& listener : listeners) {
    const Port port = listener->port();
    const std::string traffic = !port.http ? "grpc" : port.grpc ? "grpc+http" : "http";
    log.info("ready to serve client requests");
    if (port.plain) {
      log.info("serving client traffic insecurely; this is strongly discouraged!",
               {{"traffic", traffic}, {"address", listener->address()}});
    }
    if (port.secure) {
      log.info("serving client traffic securely",
               {{"traffic", traffic}, {"address", listener->address()}});
    }
  }
}

// "No limit" is the default and nobody's wish: worth a line, not a warning.
void Front::Impl::log_streams_max() const {
  const uint32_t wanted = config.max_concurrent_streams;
  if (settings.streams_max == wanted) return;
  const bool unlimited = wanted == 0 || wanted == UINT32_MAX;
  log.write(unlimited ? LogLevel::kInfo : LogLevel::kWarn,
            "max-concurrent-streams is above what one connection may hold; using the limit",
            {{"max-concurrent-streams", uint64_t{wanted}},
             {"limit", uint64_t{settings.streams_max}},
             {"reason", "every open stream costs memory before its request is checked"}},
            std::source_location::current());
}

Front::Front(const config::Config& config, rpc::Services& services, HttpHandler& http,
             Executor& files, const Clock& clock, Log& log, Registry& registry)
    : impl_(std::make_unique<Impl>(config, services, http, files, clock, log, registry)) {}

Front::~Front() { stop(); }

int Front::loops() const { return static_cast<int>(impl_->loops.size()); }
io::EventLoop& Front::loop(int index) { return *impl_->loops.at(static_cast<size_t>(index)); }

Status Front::listen() {
  CHECK(!impl_->listening);
  const std::vector<Place> places = places_of(impl_->config);
  const bool secure =
      std::any_of(places.begin(), places.end(), [](const Place& p) { return p.port.secure; });
  if (secure) {
    const Status status = impl_->open_tls();
    if (!status.ok()) return status;
  }
  for (const Place& place : places) {
    const Status status = impl_->open_place(place);
    if (status.ok()) continue;
    impl_->listeners.clear();
    return status;
  }
  impl_->listening = true;
  return {};
}

Status Front::start() {
  CHECK(!impl_->running);
  if (!impl_->listening) {
    const Status status = listen();
    if (!status.ok()) return status;
  }
  impl_->log_streams_max();
  // Last: services hand their requests to the node before sockets are written.
  for (auto& client : impl_->clients) client->begin();
  if (impl_->tls) impl_->look_at_certificates();
  for (auto& listener : impl_->listeners) listener->resume();
  impl_->running = true;
  for (int i = 0; i < loops(); i++) impl_->threads.emplace_back([this, i] { impl_->serve(i); });
  impl_->log_serving();
  return {};
}

std::vector<Bound> Front::bound() const {
  std::vector<Bound> out;
  for (const auto& listener : impl_->listeners) {
    const Port port = listener->port();
    out.push_back({listener->address(), io::bound_port(listener->fd()), port.plain, port.secure,
                   port.grpc, port.http});
  }
  return out;
}

void Front::drain(Duration grace) {
  if (!impl_->running) return stop();
  impl_->loops[0]->post([this, grace] {
    for (auto& listener : impl_->listeners) listener->close();
    impl_->loops[0]->call_at(impl_->loops[0]->now() + grace, [this] {
      MutexLock lock(impl_->mutex);
      impl_->grace_over = true;
      impl_->gone.notify_all();
    });
  });
  impl_->run_everywhere([](ClientLoop& client) { client.drain(); });
  {
    MutexLock lock(impl_->mutex);
    while (impl_->open_connections() > 0 && !impl_->grace_over) impl_->gone.wait(impl_->mutex);
  }
  stop();
}

void Front::stop() {
  const bool running = impl_->running;
  impl_->run_everywhere([&](ClientLoop& client) {
    if (client.context().index == 0) impl_->listeners.clear();
    client.close_all();
  });
  impl_->running = false;
  if (!running) return;
  for (auto& loop : impl_->loops) loop->stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
}

}  // namespace keelson::front
