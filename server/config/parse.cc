#include "config/parse.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "config/stages.h"
#include "config/values.h"

namespace keelson::config {
namespace {

void refuse(Outcome& outcome, LogLevel level, std::string msg, const std::string& error) {
  add_note(outcome.notes, level, std::move(msg), {{"error", error}});
  outcome.exit_code = 1;
}

std::optional<Outcome> sub_command(const std::vector<std::string>& args) {
  Outcome outcome;
  if (args.empty()) return std::nullopt;
  if (args[0] == "gateway")
    outcome.err =
        "etcd gateway is not part of Keelson. Give clients the URLs of all members (they choose "
        "and fail "
        "over themselves), or put a TCP balancer such as HAProxy or a Kubernetes Service in "
        "front.\n";
  if (args[0] == "grpc-proxy")
    outcome.err =
        "etcd grpc-proxy is not part of Keelson. Let clients connect to the members themselves: "
        "one member "
        "serves thousands of connections and shares the events of equal watches.\n";
  if (outcome.err.empty()) return std::nullopt;
  outcome.exit_code = 1;
  return outcome;
}

// Everything that ends before values are looked at. True when the outcome is final.
bool leaves_early(const CommandLine& line, const Settings& settings, Outcome& outcome) {
  if (line.help) {
    outcome.err = usage_text();
    outcome.out = help_text();
    return true;
  }
  if (!line.error.empty()) {
    outcome.err = line.error + "\n" + usage_text();
    outcome.exit_code = 2;
    return true;
  }
  if (!line.rest.empty()) {
    refuse(outcome, LogLevel::kWarn, "failed to verify flags",
           quote(line.rest[0]) + " is not a valid flag");
    return true;
  }
  if (settings.raw.version) {
    outcome.out = version_text();
    return true;
  }
  return false;
}

std::string file_path(const Inputs& inputs, const Settings& settings) {
  if (!settings.raw.config_file.empty()) return settings.raw.config_file;
  return lookup(inputs.environment, "ETCD_CONFIG_FILE");
}

bool read_values(const Inputs& inputs, const std::string& path, Settings& settings,
                 Outcome& outcome) {
  if (path.empty()) return read_environment(inputs.environment, settings, outcome);
  const auto text = inputs.read_file(path);
  if (!text.ok()) {
    refuse(outcome, LogLevel::kWarn, "failed to verify flags", text.status().text());
    return false;
  }
  settings = Settings();
  add_note(outcome.notes, LogLevel::kInfo,
           "loaded server configuration, other configuration command line flags and "
           "environment variables will be ignored if provided",
           {{"path", path}});
  return read_config_file(*text, settings, outcome);
}

// etcd's order of checks: a configuration with several faults names the same one first.
Status verify(Settings& settings, bool from_file) {
  if (Status log = resolve_log(settings); !log.ok()) return log;
  if (Status urls = check_urls(settings); !urls.ok()) return urls;
  if (Status discovery = check_discovery(settings); !discovery.ok()) return discovery;
  if (Status timers = resolve_timers(settings); !timers.ok()) return timers;
  const bool listens = settings.given.contains("listen-client-urls");
  if (!from_file && listens && !settings.given.contains("advertise-client-urls"))
    return Status(
        Code::kInvalidArgument,
        "--advertise-client-urls is required when --listen-client-urls is set explicitly");
  if (Status features = check_features(settings); !features.ok()) return features;
  return check_tls_versions(settings.config);
}

void finish(const Inputs& inputs, Settings& settings, Outcome& outcome) {
  settings.config.metrics_extensive = settings.raw.metrics == "extensive";
  fill_defaults(settings, inputs.default_host(), outcome.notes);
  Status started = resolve_compaction(settings);
  if (started.ok()) started = check_certificates(settings.config);
  if (!started.ok()) return refuse(outcome, LogLevel::kFatal, "discovery failed", started.text());
  add_notes(settings, outcome.notes);
  outcome.config = settings.config;
}

Result<std::string> read_whole_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return Status(Code::kNotFound,
                  "open " + path + ": " +
                      (errno == ENOENT ? "no such file or directory" : std::strerror(errno)));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Asks the kernel which of our addresses it would send from; nothing is sent.
std::string address_of_default_route() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "";
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(9);
  there.sin_addr.s_addr = htonl(0xc6336401);  // 198.51.100.1, of the block for documentation
  sockaddr_in here{};
  socklen_t size = sizeof here;
  char text[INET_ADDRSTRLEN] = "";
  if (::connect(fd, reinterpret_cast<sockaddr*>(&there), sizeof there) == 0 &&
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) == 0)
    inet_ntop(AF_INET, &here.sin_addr, text, sizeof text);
  ::close(fd);
  return text;
}

}  // namespace

Outcome parse(const Inputs& inputs) {
  if (auto refused = sub_command(inputs.args)) return *std::move(refused);
  Outcome outcome;
  Settings settings;
  const CommandLine line = read_command_line(inputs.args, settings);
  outcome.console = settings.raw.log_format == "console";
  if (leaves_early(line, settings, outcome)) return outcome;
  const std::string path = file_path(inputs, settings);
  if (!read_values(inputs, path, settings, outcome)) return outcome;
  outcome.console = settings.raw.log_format == "console";
  const Status verified = verify(settings, !path.empty());
  if (!verified.ok()) {
    refuse(outcome, LogLevel::kWarn, "failed to verify flags", verified.text());
    return outcome;
  }
  finish(inputs, settings, outcome);
  return outcome;
}

Outcome parse(int argc, char** argv, char** environment) {
  Inputs inputs;
  inputs.args.assign(argv + (argc > 0 ? 1 : 0), argv + argc);
  for (char** entry = environment; entry != nullptr && *entry != nullptr; ++entry)
    inputs.environment.emplace_back(*entry);
  inputs.read_file = read_whole_file;
  inputs.default_host = address_of_default_route;
  return parse(inputs);
}

int leave(const Outcome& outcome, const Clock& clock) {
  std::fputs(outcome.err.c_str(), stderr);
  std::fputs(outcome.out.c_str(), stdout);
  std::fflush(stdout);
  LogOptions options;
  options.console = outcome.console;
  auto log = make_log(options, clock);
  if (log.ok()) write_notes(**log, outcome.notes);
  return outcome.exit_code;
}

LogOptions log_options(const Config& config) {
  return {config.log_outputs, config.log_level, config.log_console, config.log_rotation};
}

}  // namespace keelson::config
