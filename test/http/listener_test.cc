// The metrics port over real sockets: keep-alive, late answers, floods, an end in the middle.
#include "http/listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "config/config.h"

namespace keelson::http {
namespace {

uint16_t port_of(const std::string& address) {
  return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

std::vector<config::Url> urls(const std::string& scheme, uint16_t port) {
  return {{scheme + "://127.0.0.1:" + std::to_string(port), scheme, "127.0.0.1", port}};
}

// A blocking client.
class Client {
 public:
  explicit Client(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_of(address));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& text) {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Until `end` arrives or the peer closes.
  std::string read_until(const std::string& end) {
    char buffer[4096];
    while (text_.find(end) == std::string::npos || end.empty()) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      text_.append(buffer, static_cast<size_t>(n));
    }
    return std::exchange(text_, "");
  }

 private:
  int fd_;
  std::string text_;
};

class ListenerTest : public ::testing::Test {
 protected:
  void start(Listener::Serve serve) {
    auto started = Listener::start(urls("http", 0), nullptr, std::move(serve), clock_, log_);
    ASSERT_TRUE(started.ok()) << started.status().text();
    listener_ = std::move(*started);
    address_ = listener_->bound().at(0);
  }
  static Response page(const std::string& body) {
    return {200, {{"Content-Type", "text/plain"}}, body};
  }

  SystemClock clock_;
  NullLog log_;
  std::unique_ptr<Listener> listener_;
  std::string address_;
};

const char kGet[] = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(ListenerTest, one_connection_serves_many_requests) {
  start([](const Request& request, Listener::Answer answer) { answer(page(request.path + "!")); });
  Client client(address_);
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_TRUE(
        client.read_until("/x!").starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"));
  }
}

TEST_F(ListenerTest, pipelined_requests_are_answered_in_order) {
  start([](const Request& request, Listener::Answer answer) { answer(page(request.path + "!")); });
  Client client(address_);
  client.send(
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string text = client.read_until("");
  EXPECT_LT(text.find("/a!"), text.find("/b!"));
  EXPECT_NE(text.find("/b!"), std::string::npos);
}

// The node answers on its own thread.
TEST_F(ListenerTest, answer_may_come_from_another_thread) {
  std::mutex mutex;
  std::condition_variable asked;
  Listener::Answer kept;
  start([&](const Request&, Listener::Answer answer) {
    std::lock_guard hold(mutex);
    kept = std::move(answer);
    asked.notify_one();
  });
  Client client(address_);
  client.send(kGet);
  std::unique_lock hold(mutex);
  asked.wait(hold, [&] { return kept != nullptr; });
  kept(page("late"));
  EXPECT_TRUE(client.read_until("late").ends_with("\r\n\r\nlate"));
}

// A page whose answer comes after the end must find nobody, not freed memory.
TEST_F(ListenerTest, answer_after_the_end_is_dropped) {
  std::mutex mutex;
  std::condition_variable asked;
  Listener::Answer kept;
  start([&](const Request&, Listener::Answer answer) {
    std::lock_guard hold(mutex);
    kept = std::move(answer);
    asked.notify_one();
  });
  Client client(address_);
  client.send(kGet);
  {
    std::unique_lock hold(mutex);
    asked.wait(hold, [&] { return kept != nullptr; });
  }
  listener_.reset();
  kept(page("too late"));
  EXPECT_EQ(client.read_until(""), "");
}

TEST_F(ListenerTest, large_answers_arrive_whole) {
  const std::string body(5 << 20, 'x');
  start([&](const Request&, Listener::Answer answer) { answer(page(body + "END")); });
  Client client(address_);
  client.send(kGet);
  const std::string text = client.read_until("END");
  EXPECT_EQ(text.size() - text.find("\r\n\r\n") - 4, body.size() + 3);
}

TEST_F(ListenerTest, nonsense_gets_an_answer_and_an_end) {
  start([](const Request&, Listener::Answer answer) { answer(page("no")); });
  Client client(address_);
  client.send("\x16\x03\x01 this is no HTTP\r\n\r\n");
  EXPECT_TRUE(client.read_until("").starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_F(ListenerTest, taken_port_is_an_error) {
  start([](const Request&, Listener::Answer answer) { answer(page("")); });
  const auto second = Listener::start(
      urls("http", port_of(address_)), nullptr, [](const Request&, Listener::Answer) {}, clock_,
      log_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().text(), "listen tcp " + address_ + ": bind: address already in use");
}

TEST_F(ListenerTest, https_needs_material) {
  const auto started = Listener::start(
      urls("https", 0), nullptr, [](const Request&, Listener::Answer) {}, clock_, log_);
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(
      started.status().text(),
      "client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
}

}  // namespace
}  // namespace keelson::http
