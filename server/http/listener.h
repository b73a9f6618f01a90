// --listen-metrics-urls: a port with a thread of its own, which answers when all else is stuck.
// What the pages need from the node has a time limit here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/status.h"
#include "config/config.h"
#include "http/message.h"
#include "io/tls.h"

namespace keelson::http {

class Listener {
 public:
  using Answer = std::function<void(Response&&)>;
  // Called on the listener's thread; the answer may come from any thread, and after the listener is
  // gone (it is dropped then).
  using Serve = std::function<void(const Request&, Answer)>;

  // Binds every URL and serves. `tls` is needed when one of them is https (or unixs). `clock`,
  // `log` and what `serve` refers to outlive the listener.
  static Result<std::unique_ptr<Listener>> start(const std::vector<config::Url>& urls,
                                                 std::unique_ptr<io::TlsServer> tls, Serve serve,
                                                 const Clock& clock, Log& log);
  ~Listener();  // closes everything and joins the thread
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // "127.0.0.1:2381" for each URL, with the port the kernel gave.
  std::vector<std::string> bound() const;

  struct Impl;

 private:
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// TLS material of the client port, as the https URLs among --listen-metrics-urls use it. Null when
// none of them needs it. Files that change are read on `files`.
Result<std::unique_ptr<io::TlsServer>> metrics_tls(const config::Config& config, Executor& files,
                                                   const Clock& clock, Log& log);

}  // namespace keelson::http
