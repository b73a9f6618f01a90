#include "ctl/session.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "ctl/environment.h"
#include "ctl/go_quote.h"
#include "ctl/srv_lookup.h"

namespace keelson::ctl {
namespace {

std::string trim(const std::string& text) {
  size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos) return "";
  return text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1);
}

// The value of a flag as --debug shows it.
std::string shown_value(const Values& values, const FlagSpec& flag) {
  if (flag.type == FlagType::kDuration) return format_duration(values.duration(flag.name));
  if (flag.type == FlagType::kStrings) return "[" + values.text(flag.name) + "]";
  return values.text(flag.name);
}

void show_settings(const Invocation& invocation) {
  std::map<std::string, std::string> lines;
  for (const FlagSpec* flag : inherited_flags(invocation.path)) {
    lines[flag->name] = variable_name(flag->name) + "=" + shown_value(invocation.values, *flag);
  }
  for (const auto& [name, line] : lines) invocation.console.err(line + "\n");
}

// Endpoints from DNS where a domain is given, else those of the flag.
Result<std::vector<std::string>> read_endpoints(const Invocation& invocation) {
  const Values& values = invocation.values;
  std::vector<std::string> endpoints;
  std::string domain = values.text("discovery-srv");
  if (!domain.empty()) {
    Result<std::vector<std::string>> found =
        lookup_client_endpoints(domain, values.text("discovery-srv-name"));
    if (!found.ok()) return found.failure();
    for (const std::string& endpoint : *found) {
      if (!values.is_on("insecure-discovery") && endpoint.starts_with("http://")) {
        invocation.console.err("ignoring discovered insecure endpoint " + go_quote(endpoint) +
                               "\n");
      } else {
        endpoints.push_back(endpoint);
      }
    }
  }
  if (!endpoints.empty()) return endpoints;
  for (const std::string& endpoint : values.list("endpoints")) endpoints.push_back(trim(endpoint));
  return endpoints;
}

Status read_tls(const Values& values, TlsConfig* tls) {
  for (const char* name : {"cert", "key", "cacert"}) {
    if (values.text(name).empty() && values.is_given(name)) {
      return bad_args(std::string("empty string is passed to --") + name + " option");
    }
  }
  tls->cert_file = values.text("cert");
  tls->key_file = values.text("key");
  tls->ca_file = values.text("cacert");
  tls->plain_allowed = values.is_on("insecure-transport");
  tls->skip_verify = values.is_on("insecure-skip-tls-verify");
  if (!values.is_on("insecure-discovery")) tls->server_name = values.text("discovery-srv");
  return {};
}

Status read_auth(const Invocation& invocation, ClientConfig* config) {
  const Values& values = invocation.values;
  config->token = values.text("auth-jwt-token");
  if (!config->token.empty() || values.text("user").empty()) return {};
  Result<Credentials> credentials = read_credentials(invocation.console, values.text("user"),
                                                     values.text("password"), "Password: ");
  if (!credentials.ok()) return credentials.failure();
  config->user = credentials->user;
  config->password = credentials->password;
  return {};
}

// Keeps the terminal from showing what is typed for as long as it lives.
class EchoOff {
 public:
  EchoOff() {
    active_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!active_) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
  }
  ~EchoOff() {
    if (active_) tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }

 private:
  bool active_ = false;
  termios before_{};
};

}  // namespace

Result<std::string> ask_password(Console& console, const std::string& prompt) {
  console.out(prompt);
  EchoOff quiet;
  std::string line;
  if (!std::getline(std::cin, line)) return Failure{kExitError, "EOF"};
  console.out("\n");
  return line;
}

Result<Credentials> read_credentials(Console& console, const std::string& user,
                                     const std::string& password, const std::string& prompt) {
  if (!password.empty()) return Credentials{user, password};
  size_t colon = user.find(':');
  if (colon != std::string::npos) return Credentials{user.substr(0, colon), user.substr(colon + 1)};
  Result<std::string> typed = ask_password(console, prompt);
  if (!typed.ok()) return typed.failure();
  return Credentials{user, *typed};
}

Result<ClientConfig> read_config(Invocation& invocation, const std::vector<std::string>& known) {
  Status environment = apply_environment(invocation, process_environment(), known);
  if (!environment.ok()) return environment.failure();
  const Values& values = invocation.values;
  if (values.is_on("debug")) {
    show_settings(invocation);
    set_grpc_log(true);
  }
  Result<std::vector<std::string>> endpoints = read_endpoints(invocation);
  if (!endpoints.ok()) return endpoints.failure();
  ClientConfig config;
  config.endpoints = std::move(*endpoints);
  config.dial_timeout = values.duration("dial-timeout");
  config.keepalive_time = values.duration("keepalive-time");
  config.keepalive_timeout = values.duration("keepalive-timeout");
  config.send_bytes_max = values.integer("max-request-bytes");
  config.recv_bytes_max = values.integer("max-recv-bytes");
  Status tls = read_tls(values, &config.tls);
  if (!tls.ok()) return tls.failure();
  Status auth = read_auth(invocation, &config);
  if (!auth.ok()) return auth.failure();
  return config;
}

Result<std::unique_ptr<Printer>> read_printer(const Invocation& invocation) {
  PrinterOptions options;
  options.hex = invocation.values.is_on("hex");
  std::unique_ptr<Printer> printer =
      make_printer(invocation.values.text("write-out"), options, invocation.console);
  if (printer == nullptr) return Failure{kExitBadFeature, "unsupported output format"};
  return printer;
}

Result<Session> open_session(Invocation& invocation, const std::vector<std::string>& known) {
  Result<ClientConfig> config = read_config(invocation, known);
  if (!config.ok()) return config.failure();
  Result<std::unique_ptr<Printer>> printer = read_printer(invocation);
  if (!printer.ok()) return printer.failure();
  Result<std::unique_ptr<Client>> client = Client::open(*config, invocation.console);
  if (!client.ok()) return client.failure();
  return Session{std::move(*client), std::move(*printer)};
}

Deadline command_deadline(const Invocation& invocation) {
  return deadline_in(invocation.values.duration("command-timeout"));
}

}  // namespace keelson::ctl
