// watch, for one range and interactive.
#include <cstdlib>
#include <iostream>
#include <mutex>

#include "ctl/child_process.h"
#include "ctl/commands.h"
#include "ctl/go_quote.h"
#include "ctl/key_range.h"
#include "ctl/line_words.h"
#include "ctl/printers/rows.h"
#include "ctl/rewrite.h"
#include "ctl/session.h"
#include "ctl/watch_args.h"
#include "ctl/watcher.h"

namespace keelson::ctl {
namespace {

constexpr const char* kEnvKey = "ETCDCTL_WATCH_KEY";
constexpr const char* kEnvEnd = "ETCDCTL_WATCH_RANGE_END";

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<pb::WatchCreateRequest> watch_request(const Values& values,
                                             const std::vector<std::string>& keys) {
  pb::WatchCreateRequest request;
  request.set_key(keys[0]);
  bool prefix = values.is_on("prefix");
  if (keys.size() == 2 && prefix) {
    return bad_args("`range_end` and `--prefix` are mutually exclusive");
  }
  if (keys.size() == 2) request.set_range_end(keys[1]);
  if (prefix) make_prefix_range(&request);
  request.set_start_revision(values.integer("rev"));
  request.set_prev_kv(values.is_on("prev-kv"));
  request.set_progress_notify(values.is_on("progress-notify"));
  return request;
}

// Prints what a watch tells and runs the command for each event.
class WatchOutput {
 public:
  WatchOutput(Printer& printer, Console& console) : printer_(printer), console_(console) {}

  void show(const WatchUpdate& update, const std::vector<std::string>& command) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (update.response.canceled()) console_.err("watch was canceled (" + update.end + ")\n");
    if (is_progress(update.response)) {
      std::string revision = std::to_string(update.response.header().revision());
      console_.out("progress notify: " + revision + "\n");
    }
    Status printed = printer_.watch(update.response);
    if (!printed.ok()) stop(printed.failure().code, "Error: " + printed.failure().text + "\n");
    if (command.empty()) return;
    for (const mvccpb::Event& event : update.response.events()) {
      run(command, update.response, event);
    }
  }

 private:
  void run(const std::vector<std::string>& command, const pb::WatchResponse& response,
           const mvccpb::Event& event) {
    std::string type = event.type() == mvccpb::Event::PUT ? "PUT" : "DELETE";
    Status status =
        run_child(command, {"ETCD_WATCH_REVISION=" + std::to_string(response.header().revision()),
                            "ETCD_WATCH_EVENT_TYPE=" + go_quote(type),
                            "ETCD_WATCH_KEY=" + go_quote(event.kv().key()),
                            "ETCD_WATCH_VALUE=" + go_quote(event.kv().value())});
    if (status.ok()) return;
    std::vector<std::string> quoted;
    for (const std::string& word : command) quoted.push_back(go_quote(word));
    stop(kExitError, "command [" + join(quoted, " ") + "] error (" + status.failure().text + ")\n");
  }

  // The main thread may sit in a read of standard input, so the process ends right here.
  [[noreturn]] void stop(int code, const std::string& text) {
    console_.err(text);
    std::_Exit(code);
  }

  Printer& printer_;
  Console& console_;
  std::mutex mutex_;  // keeps the output of several watches apart
};

// The words of the line behind `watch`.
std::vector<std::string> words_behind_watch(const std::vector<std::string>& line) {
  for (size_t i = 0; i < line.size(); i++) {
    if (line[i] == "watch") return {line.begin() + static_cast<std::ptrdiff_t>(i) + 1, line.end()};
  }
  return line;
}

// Interactive mode: one line, one watch.
class WatchShell {
 public:
  WatchShell(Invocation& invocation, Session& session)
      : invocation_(invocation),
        output_(*session.printer, invocation.console),
        watcher_(*session.client) {}

  Status run() {
    std::string line;
    while (std::getline(std::cin, line) && !std::cin.eof()) {
      Result<std::vector<std::string>> words = split_words(line);
      if (!words.ok()) return words.failure();
      Status done = run_line(line, *words);
      if (!done.ok()) return done;
    }
    return Failure{kExitInvalidInput, "error reading watch request line: EOF"};
  }

 private:
  Status run_line(const std::string& line, const std::vector<std::string>& words) {
    Console& console = invocation_.console;
    if (words.empty()) {
      console.err("Invalid command: " + line + " (watch and progress supported)\n");
    } else if (words[0] == "progress") {
      watcher_.request_progress();
    } else if (words[0] != "watch") {
      console.err("Invalid command " + line + " (only support watch)\n");
    } else if (words.size() < 2 && env(kEnvKey).empty()) {
      console.err("Invalid command " + line + " (command type or key is not provided)\n");
    } else {
      return start(line, {words.begin() + 1, words.end()});
    }
    return {};
  }

  Status start(const std::string& line, const std::vector<std::string>& words) {
    Rewritten rewritten = rewrite_flags(invocation_.path, words);
    if (rewritten.error) return bad_args(rewritten.error->text);
    Result<WatchWords> split =
        split_watch_words(words, rewritten.line.arguments, env(kEnvKey), env(kEnvEnd));
    if (!split.ok()) return split.failure();
    Values values(rewritten.line.path, rewritten.line.settings);
    Result<pb::WatchCreateRequest> request = watch_request(values, split->keys);
    if (!request.ok()) {
      invocation_.console.err("Invalid command " + line + " (" + request.failure().text + ")\n");
      return {};
    }
    watcher_.add(*request, [this, command = split->command](const WatchUpdate& update) {
      output_.show(update, command);
    });
    return {};
  }

  Invocation& invocation_;
  WatchOutput output_;
  Watcher watcher_;  // its handlers use output_
};

}  // namespace

Status run_watch(Invocation& invocation) {
  std::string env_key = env(kEnvKey);
  std::string env_end = env(kEnvEnd);
  if (env_key.empty() && !env_end.empty()) {
    return bad_args("ETCDCTL_WATCH_KEY is empty but got ETCDCTL_WATCH_RANGE_END=" +
                    go_quote(env_end));
  }
  if (invocation.values.is_on("interactive")) {
    Result<Session> session = open_session(invocation, {kEnvKey, kEnvEnd});
    if (!session.ok()) return session.failure();
    return WatchShell(invocation, *session).run();
  }
  Result<WatchWords> words =
      split_watch_words(words_behind_watch(invocation.raw), invocation.arguments, env_key, env_end);
  if (!words.ok()) return words.failure();
  Result<Session> session = open_session(invocation, {kEnvKey, kEnvEnd});
  if (!session.ok()) return session.failure();
  Result<pb::WatchCreateRequest> request = watch_request(invocation.values, words->keys);
  if (!request.ok()) return request.failure();
  WatchOutput output(*session->printer, invocation.console);
  Watcher watcher(*session->client);
  watcher.add(*request, [&](const WatchUpdate& update) { output.show(update, words->command); });
  watcher.wait();
  return Failure{kExitInterrupted, "watch is canceled by the server"};
}

}  // namespace keelson::ctl
