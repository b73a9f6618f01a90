// The etcd program: builds the real clock, files, threads and sockets, wires them, waits for a
// signal.
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/rng.h"
#include "base/version.h"
#include "config/bootstrap.h"
#include "config/parse.h"
#include "front/front.h"
#include "http/handlers.h"
#include "http/listener.h"
#include "http/node_probe.h"
#include "http/process_metrics.h"
#include "io/fs.h"
#include "node/bootstrap.h"
#include "node/core.h"
#include "node/log_writer.h"
#include "node/node_thread.h"
#include "node/workers.h"
#include "peer/node_local.h"
#include "peer_start.h"
#include "rpc/services.h"

namespace keelson {
namespace {

constexpr int kPoolThreads = 2;
constexpr size_t kPoolQueue = 4096;
// Snapshots and shrinking copy at most 50 MB a second, so that writers keep disk and CPU.
constexpr Duration kCopyTimePerByte{20};
constexpr Duration kBudget = std::chrono::seconds(5);

std::vector<std::string> texts(const std::vector<config::Url>& urls) {
  std::vector<std::string> out;
  for (const config::Url& url : urls) out.push_back(url.text);
  return out;
}

node::BootSettings boot_settings(const config::Config& c) {
  node::BootSettings s;
  s.data_dir = c.data_dir;
  s.wal_dir = c.wal_dir;
  s.name = c.name;
  s.cluster_token = c.initial_cluster_token;
  s.join_existing = c.initial_cluster_existing;
  s.unsafe_no_sync = c.unsafe_no_fsync;
  s.wal_salt = static_cast<uint32_t>(system_seed());
  return s;
}

node::Settings node_settings(const config::Config& c) {
  node::Settings s;
  s.data_dir = c.data_dir;
  s.name = c.name;
  s.client_urls = texts(c.advertise_client_urls);
  s.heartbeat = c.heartbeat_interval;
  s.election = c.election_timeout;
  s.pre_vote = c.pre_vote;
  s.quota_bytes = c.effective_quota();
  s.request_bytes_max = c.max_request_bytes;
  s.learners_max = c.max_learners;
  using Mode = node::AutoCompactor::Mode;
  if (c.auto_compaction_mode == "periodic" && c.auto_compaction_retention > Duration(0))
    s.auto_compaction = Mode::kPeriodic;
  if (c.auto_compaction_mode == "revision" && c.auto_compaction_revisions > 0)
    s.auto_compaction = Mode::kRevision;
  s.auto_compaction_retention = c.auto_compaction_retention;
  s.auto_compaction_revisions = c.auto_compaction_revisions;
  s.warning_apply_duration = c.warning_apply_duration;
  s.strict_reconfig_check = c.strict_reconfig_check;
  s.election_tick_advance = c.initial_election_tick_advance;
  s.catchup_entries = c.snapshot_catchup_entries;
  s.on_removed = [] { kill(getpid(), SIGUSR2); };
  s.stop_service_on_defrag = c.feature("StopGRPCServiceOnDefrag");
  return s;
}

rpc::Settings rpc_settings(const config::Config& c) {
  rpc::Settings s;
  s.max_request_bytes = c.max_request_bytes;
  s.max_txn_ops = c.max_txn_ops;
  s.election_timeout = c.election_timeout;
  s.watch_progress_interval = c.watch_progress_notify_interval;
  s.warning_unary_duration = c.warning_unary_request_duration;
  s.metrics_extensive = c.metrics_extensive;
  s.strict_reconfig_check = c.strict_reconfig_check;
  s.seed = system_seed();
  return s;
}

// Signals are waited for by this thread alone; every other thread inherits the mask.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);  // from ourselves: this member was removed
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

// Zero when `wanted` became true before a signal came.
template <typename Wanted>
int wait_for(const sigset_t& set, Wanted wanted) {
  while (!wanted()) {
    const timespec pause{0, 2'000'000};
    if (const int number = sigtimedwait(&set, nullptr, &pause); number > 0) return number;
  }
  return 0;
}

int wait_for_signal(const sigset_t& set) {
  int number = 0;
  sigwait(&set, &number);
  return number;
}

// systemd's READY=1, when it asked for it.
void notify_supervisor() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const size_t size = std::strlen(path);
  if (size >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
  sendto(fd, "READY=1", 7, MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), length);
  close(fd);
}

int front_loops(const config::Config& config) {
  if (config.io_threads > 0) return config.io_threads;
  const int cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return std::clamp(cores - 1, 1, 8);
}

// The pages of http/ on the client port: answers come from any thread and go back to the loop of
// the connection that asked.
class ClientPages final : public front::HttpHandler {
 public:
  explicit ClientPages(http::Handlers& pages) : pages_(pages) {}
  void attach(front::Front& front) { front_ = &front; }

  void handle(front::HttpRequest&& request, Done done) override {
    http::Request asked{request.method, request.path, request.query, request.headers};
    const auto answer = [this, loop = request.loop, done](http::Response&& response) {
      front_->loop(loop).post([done, answered = to_front(std::move(response))]() mutable {
        done(std::move(answered));
      });
    };
    if (!pages_.serve_client(asked, answer)) done(to_front(http::not_found()));
  }

 private:
  static front::HttpResponse to_front(http::Response&& response) {
    return {response.status, std::move(response.headers), std::move(response.body)};
  }

  http::Handlers& pages_;
  front::Front* front_ = nullptr;
};

// Everything of a running member, in the order in which it is built; destroyed the other way round.
class Member {
 public:
  Member(const config::Config& config, std::vector<std::string> command_line, Log& log,
         Registry& metrics, const Clock& clock)
      : config_(config),
        command_line_(std::move(command_line)),
        log_(log),
        metrics_(metrics),
        clock_(clock),
        rng_(system_seed()) {}

  ~Member() {
    metrics_listener_.reset();
    if (front_) front_->stop();
    if (peers_) peers_->close();
    thread_.stop_and_join();
    persister_.reset();
    pool_.reset();
    log_thread_.reset();
  }

  Status start() {
    auto members = node::parse_initial_cluster(config_.initial_cluster);
    if (!members.ok()) return members.status();
    node::BootSettings settings = boot_settings(config_);
    settings.members = std::move(*members);
    settings.clock = &clock_;
    settings.pace = [](size_t bytes) { std::this_thread::sleep_for(bytes * kCopyTimePerByte); };
    pool_ = std::make_unique<node::Workers>("pool", kPoolThreads, kPoolQueue);
    auto port = open_peer_port(config_, {clock_, log_, metrics_, *fs_, *pool_});
    if (!port.ok()) return port.status();
    peers_ = std::move(*port);
    ask_peers_at_first_start(config_, *peers_, settings);
    auto booted = node::boot(*fs_, settings, log_, metrics_);
    if (!booted.ok()) return booted.status();
    lock_ = std::move(booted->lock);
    persister_ = std::make_unique<node::Workers>("persister", 1, 4);
    node::Environment env{clock_, rng_, log_, metrics_, *fs_, *pool_, *persister_, *peers_};
    core_ = std::make_unique<node::Core>(env, node_settings(config_), std::move(booted->opened),
                                         [this] { thread_.run(); });
    log_thread_ = std::make_unique<node::LogThread>(
        node::LogThread::Environment{core_->log_file(), clock_, log_, metrics_},
        [this](uint64_t batch, bool idle) {
          if (!core_->log_synced(batch)) return;
          idle ? thread_.run() : thread_.wake();  // the log's next batch comes first
        });
    core_->set_log_writer(log_thread_.get());
    return start_services();
  }

  bool ready() const { return core_->ready(); }
  Status serve() { return front_->start(); }

  // A leader leaves its place to another before it refuses its clients.
  void hand_over() {
    const MemberId self = core_->facts().member;
    if (core_->facts().leader != self) return;
    core_->hand_over();
    const TimePoint until = clock_.now() + kBudget + 2 * Duration(config_.election_timeout);
    while (core_->others() && core_->facts().leader == self && clock_.now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }

  void drain() {
    hand_over();
    front_->drain(kBudget + 2 * Duration(config_.election_timeout));
    core_->stop();
  }

 private:
  Status start_services() {
    register_facts();
    local_ = std::make_unique<peer::NodeLocal>(*core_, clock_);
    probe_ = std::make_unique<http::NodeProbe>(*core_, clock_);
    pages_ = std::make_unique<http::Handlers>(*probe_, metrics_, log_, command_line_);
    services_ = std::make_unique<rpc::EtcdServices>(*core_, rpc_settings(config_), clock_, log_,
                                                    metrics_, front_loops(config_));
    client_pages_ = std::make_unique<ClientPages>(*pages_);
    front_ = std::make_unique<front::Front>(config_, *services_, *client_pages_, *pool_, clock_,
                                            log_, metrics_);
    CHECK(front_->loops() == front_loops(config_));
    for (int i = 0; i < front_->loops(); ++i) services_->attach(i, front_->loop(i));
    client_pages_->attach(*front_);
    if (Status s = front_->listen(); !s.ok()) return s;
    if (Status s = serve_metrics(); !s.ok()) return s;
    const node::Facts facts = core_->facts();
    std::vector<std::string> urls = texts(config_.initial_advertise_peer_urls);
    peers_->serve({facts.member, facts.cluster, std::move(urls)}, *core_, *local_);
    thread_.start(*core_);
    return Status();
  }

  void register_facts() {
    http::register_process_metrics(metrics_);
    std::vector<http::FeatureState> features;
    for (const config::FeatureGate& gate : config_.feature_gates)
      features.push_back({gate.name, gate.stage, gate.enabled});
    http::register_server_metrics(metrics_, core_->facts().member.value, features);
  }

  Status serve_metrics() {
    if (config_.listen_metrics_urls.empty()) return Status();
    auto tls = http::metrics_tls(config_, *pool_, clock_, log_);
    if (!tls.ok()) return tls.status();
    const auto serve = [pages = pages_.get()](const http::Request& request,
                                              http::Listener::Answer answer) {
      pages->serve_metrics(request, std::move(answer));
    };
    auto listener =
        http::Listener::start(config_.listen_metrics_urls, std::move(*tls), serve, clock_, log_);
    if (!listener.ok()) return listener.status();
    metrics_listener_ = std::move(*listener);
    for (const std::string& address : metrics_listener_->bound())
      log_.info("serving metrics", {{"address", address}});
    return Status();
  }

  const config::Config& config_;
  const std::vector<std::string> command_line_;
  Log& log_;
  Registry& metrics_;
  const Clock& clock_;
  SeededRng rng_;
  std::unique_ptr<io::FileSystem> fs_ = io::make_posix_file_system();
  std::unique_ptr<io::File> lock_;
  node::NodeThread thread_{clock_};
  std::unique_ptr<node::Workers> pool_;
  std::unique_ptr<peer::PeerPort> peers_;
  std::unique_ptr<node::Workers> persister_;
  std::unique_ptr<node::Core> core_;
  std::unique_ptr<node::LogThread> log_thread_;
  std::unique_ptr<peer::NodeLocal> local_;
  std::unique_ptr<rpc::EtcdServices> services_;
  std::unique_ptr<http::NodeProbe> probe_;
  std::unique_ptr<http::Handlers> pages_;
  std::unique_ptr<ClientPages> client_pages_;
  std::unique_ptr<front::Front> front_;
  std::unique_ptr<http::Listener> metrics_listener_;
};

// Ends as etcd does: by the signal itself, so that a supervisor sees the cause; pid 1 cannot. A
// member that was removed ends well.
int leave_by(int number) {
  if (getpid() == 1 || number == SIGUSR2) return 0;
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  raise(number);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return 0;
}

void say_start(Log& log, const config::Config& config) {
  std::error_code ignored;
  std::vector<LogField> fields = {{"etcd-version", std::string(kEtcdVersion)},
                                  {"keelson-version", std::string(kKeelsonVersion)}};
  for (LogField& field :
       config::describe(config, std::filesystem::exists(config.data_dir + "/member", ignored)))
    fields.push_back(std::move(field));
  log.write(LogLevel::kInfo, "starting an etcd server", std::move(fields),
            std::source_location::current());
}

int run(const config::Config& config, std::vector<std::string> command_line, Logger& log,
        const std::vector<config::Note>& notes, const Clock& clock) {
  const sigset_t signals = block_signals();
  Registry metrics;
  say_start(log, config);
  config::write_notes(log, notes);
  int number = 0;
  {
    Member member(config, std::move(command_line), log, metrics, clock);
    Status status = member.start();
    if (status.ok()) {
      number = wait_for(signals, [&] { return member.ready(); });
      if (number == 0) status = member.serve();
    }
    if (!status.ok()) {
      log.fatal("discovery failed", {{"error", status.text()}});
      return 1;
    }
    if (number == 0) {
      notify_supervisor();
      number = wait_for_signal(signals);
    }
    if (number != SIGUSR2)
      log.info("received signal; shutting down", {{"signal", std::string(strsignal(number))}});
    member.drain();
    log.info("closing etcd server", {{"name", config.name}, {"data-dir", config.data_dir}});
  }
  log.info("closed etcd server", {{"name", config.name}, {"data-dir", config.data_dir}});
  log.flush();
  return leave_by(number);
}

}  // namespace
}  // namespace keelson

int main(int argc, char** argv) {
  using namespace keelson;
  const SystemClock clock;
  const config::Outcome outcome = config::parse(argc, argv, environ);
  if (!outcome.config) return config::leave(outcome, clock);
  auto log = make_log(config::log_options(*outcome.config), clock);
  if (!log.ok()) {
    std::fprintf(stderr, "cannot open the log: %s\n", log.status().text().c_str());
    return 1;
  }
  return run(*outcome.config, {argv, argv + argc}, **log, outcome.notes, clock);
}
