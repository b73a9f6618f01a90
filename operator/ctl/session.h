// From flags and environment to a client and a printer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ctl/client.h"
#include "ctl/invocation.h"
#include "ctl/printers/printer.h"

namespace keelson::ctl {

struct Session {
  std::unique_ptr<Client> client;
  std::unique_ptr<Printer> printer;
};

// How to reach the cluster, after the environment was applied; asks for a missing password. Once
// an invocation. `known` as in apply_environment.
Result<ClientConfig> read_config(Invocation& invocation,
                                 const std::vector<std::string>& known = {});

// The printer that --write-out and --hex ask for.
Result<std::unique_ptr<Printer>> read_printer(const Invocation& invocation);

// All of it, for the commands that talk to the cluster as one.
Result<Session> open_session(Invocation& invocation, const std::vector<std::string>& known = {});

// --command-timeout from now on.
Deadline command_deadline(const Invocation& invocation);

// Asks on the terminal without echo; from a pipe it takes a line. A failure when there is no input.
Result<std::string> ask_password(Console& console, const std::string& prompt);

// `name:password`, or `name` with the password from elsewhere.
struct Credentials {
  std::string user;
  std::string password;
};
Result<Credentials> read_credentials(Console& console, const std::string& user,
                                     const std::string& password, const std::string& prompt);

}  // namespace keelson::ctl
