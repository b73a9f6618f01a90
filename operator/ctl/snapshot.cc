// snapshot save.
#include "ctl/commands.h"
#include "ctl/json_text.h"
#include "ctl/log.h"
#include "ctl/printers/rows.h"
#include "ctl/progress.h"
#include "ctl/session.h"
#include "ctl/snapshot_file.h"

namespace keelson::ctl {
namespace {

using Clock = std::chrono::steady_clock;
constexpr const char* kCaller = "ctl/snapshot.cc";
constexpr const char* kOpened = "opened snapshot stream; downloading";

void log_info(Console& console, const char* logger, const char* message,
              const LogFields& fields = {}) {
  write_log(console, {"info", logger, kCaller, message}, fields);
}

Failure interrupted(std::string text) { return {kExitInterrupted, std::move(text)}; }

// The stream from its first chunk to its end, into the file.
class Download {
 public:
  Download(SnapshotFile& file, Console& console, const std::string& endpoint)
      : file_(file),
        console_(console),
        endpoint_(json_string(endpoint)),
        progress_(console, err_is_terminal()) {}

  Status run(Client& client, Deadline deadline) {
    Clock::time_point start = Clock::now();
    RpcStatus status = client.snapshot(
        [this](const pb::SnapshotResponse& chunk) { return take(chunk); }, deadline);
    progress_.clear();
    if (!written_.ok()) return written_;
    if (!status.ok()) return stream_failure(status);
    log_info(console_, "client", "completed snapshot read; closing");
    Status checked = file_.check_and_sync();
    if (!checked.ok()) return checked;
    log_info(console_, "", "fetched snapshot",
             {{"endpoint", endpoint_},
              {"size", json_string(humanize_bytes(file_.size()))},
              {"took", json_string(format_duration(Clock::now() - start))},
              {"etcd-version", json_string(version_)}});
    return {};
  }

  const std::string& version() const { return version_; }

 private:
  bool take(const pb::SnapshotResponse& chunk) {
    if (!begun_) {
      begun_ = true;
      version_ = chunk.version();
      log_info(console_, "client", kOpened);
      log_info(console_, "", "fetching snapshot", {{"endpoint", endpoint_}});
    }
    written_ = file_.append(chunk.blob());
    uint64_t whole = file_.size() + chunk.remaining_bytes();
    progress_.show("snapshot: " + humanize_bytes(file_.size()) + " of " + humanize_bytes(whole));
    return written_.ok();
  }

  Status stream_failure(const RpcStatus& status) {
    LogFields error = {{"error", json_string(status.long_text())}};
    if (status.unreached) {
      write_log(console_, {"error", "client", kCaller, "streamer failed to create ClientStream"},
                error);
      return interrupted(status.text());
    }
    if (!begun_) log_info(console_, "client", kOpened);
    write_log(console_,
              {"warn", "client", kCaller, "failed to receive from snapshot stream; closing"},
              error);
    if (!begun_) return interrupted(status.long_text());
    return interrupted("could not write snapshot: " + status.text());
  }

  SnapshotFile& file_;
  Console& console_;
  const std::string endpoint_;
  Progress progress_;
  bool begun_ = false;
  std::string version_;
  Status written_;
};

Result<std::string> save(const ClientConfig& config, const std::string& path, Console& console,
                         Deadline deadline) {
  if (config.endpoints.size() != 1) {
    return interrupted("snapshot must be requested to one selected node, not multiple [" +
                       join(config.endpoints, " ") + "]");
  }
  Result<std::unique_ptr<Client>> client = Client::open(config, console);
  if (!client.ok()) {
    bool usage = client.failure().code == kExitBadArgs;
    return usage ? client.failure() : interrupted(client.failure().text);
  }
  Result<std::unique_ptr<SnapshotFile>> file = SnapshotFile::create(path);
  if (!file.ok()) return file.failure();
  log_info(console, "", "created temporary db file", {{"path", json_string((*file)->part_path())}});
  Download download(**file, console, config.endpoints[0]);
  Status done = download.run(**client, deadline);
  if (!done.ok()) return done.failure();
  Status published = (*file)->publish();
  if (!published.ok()) return published.failure();
  log_info(console, "", "saved", {{"path", json_string(path)}});
  return download.version();
}

}  // namespace

Status run_snapshot_save(Invocation& invocation) {
  if (invocation.arguments.size() != 1) {
    return bad_args("snapshot save expects one argument <filename>");
  }
  Result<ClientConfig> config = read_config(invocation);
  if (!config.ok()) return config.failure();
  Result<std::unique_ptr<Printer>> printer = read_printer(invocation);
  if (!printer.ok()) return printer.failure();
  config->logger = "client";
  Deadline deadline;  // a large snapshot takes its time: only an explicit limit counts
  if (invocation.values.is_given("command-timeout")) deadline = command_deadline(invocation);
  const std::string& path = invocation.arguments[0];
  Result<std::string> version = save(*config, path, invocation.console, deadline);
  if (!version.ok()) return version.failure();
  std::string text = "Snapshot saved at " + path + "\n";
  if (!version->empty()) text += "Server version " + *version + "\n";
  invocation.console.out(text);
  return {};
}

}  // namespace keelson::ctl
