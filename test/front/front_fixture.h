// One client loop, stepped by the test: real sockets, no threads, time by hand.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "fake_services.h"
#include "front/client_loop.h"
#include "front/http_handler.h"
#include "front/settings.h"
#include "h2_client.h"
#include "io/event_loop.h"
#include "support/fake_clock.h"

namespace keelson::front::test {

// Answers "/hello" and holds "/later" until the test answers.
class FakeHttp final : public HttpHandler {
 public:
  void handle(HttpRequest&& request, Done done) override {
    seen.push_back(request);
    if (request.path == "/later") {
      held.push_back(std::move(done));
    } else if (request.path == "/hello") {
      done({200, {{"content-type", "text/plain"}}, "hello " + request.body});
    } else {
      done(http_not_found());
    }
  }
  std::vector<HttpRequest> seen;
  std::vector<Done> held;
};

struct FrontFixture : testing::Test {
  config::Config config;
  FakeServices services;
  FakeHttp http;
  keelson::test::FakeClock clock;
  NullLog log;
  std::unique_ptr<io::EventLoop> loop = io::EventLoop::create(clock);
  std::unique_ptr<Settings> settings;
  std::unique_ptr<ClientLoop> clients;
  Port port{.plain = true, .secure = false, .grpc = true, .http = true};
  io::TlsServer* tls = nullptr;

  ClientLoop& server() { return server(log); }
  ClientLoop& server(Log& lines) {
    if (!clients) {
      settings = std::make_unique<Settings>(config);
      clients = std::make_unique<ClientLoop>(*loop, 0, services, http, *settings, clock, lines);
      clients->begin();
    }
    return *clients;
  }

  // A connection to the server; the client's end of it.
  io::Fd connect() {
    int fds[2];
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    server().expect_one();
    server().adopt(io::Fd(fds[0]), "10.1.2.3:4567", port, tls);
    return io::Fd(fds[1]);
  }
  std::unique_ptr<H2Client> client(uint32_t window = 65535) {
    return std::make_unique<H2Client>(connect(), window);
  }

  // Turns until nothing moves any more. A full unix socket needs a few quiet turns before it takes
  // more.
  void settle(H2Client& client) {
    int quiet = 0;
    while (quiet < 6) {
      const bool moved = client.step();
      loop->run_once();
      quiet = moved ? 0 : quiet + 1;
    }
  }
  // Lets time pass, and the loop see it.
  void pass(Duration time) {
    clock.advance(time);
    loop->run_once();
  }
};

}  // namespace keelson::front::test
