// The client port: listeners, client loops and their threads. gRPC calls go to rpc::Services, other
// HTTP requests to the HttpHandler.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "config/config.h"
#include "front/http_handler.h"
#include "io/event_loop.h"
#include "rpc/call.h"

namespace keelson::front {

// One address that accepts clients.
struct Bound {
  std::string address;                 // "127.0.0.1:2379" or a socket's path
  uint16_t port = 0;                   // 0 for a unix socket
  bool plain = false, secure = false;  // both: one port takes cleartext and TLS
  bool grpc = true, http = true;       // --listen-client-http-urls splits them
};

class Front {
 public:
  // Everything referred to outlives the front. Makes the loops; nothing runs or listens yet.
  // Certificates are read again on `files`.
  Front(const config::Config& config, rpc::Services& services, HttpHandler& http, Executor& files,
        const Clock& clock, Log& log, Registry& registry);
  ~Front();  // stops

  // The client loops, for what services keep per loop (at_turn_end, post). Their indexes are those
  // of Services::start. Registering is safe before start(); later only on the loop itself. What is
  // registered with at_turn_end before start() runs before the sockets are written: a turn's
  // requests are with the node while its answers leave.
  int loops() const;
  io::EventLoop& loop(int index);

  // Loads TLS material, binds every URL, starts the threads. On failure nothing is left running.
  Status listen();  // binds only: clients that connect wait in the backlog
  Status start();   // listen() if that was not done, then serves
  std::vector<Bound> bound() const;

  // SIGTERM: no new connections, GOAWAY, new calls refused. Cleartext connections may end their
  // running calls for up to `grace`; TLS connections are closed at once, as etcd does it. Blocks
  // until all are gone or the time is over; then stops.
  void drain(Duration grace);
  // Closes everything and joins the threads. Handlers are cancelled on their loops first.
  // Idempotent.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace keelson::front
