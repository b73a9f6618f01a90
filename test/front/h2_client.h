// An HTTP/2 client for tests: nghttp2's client session over a socket, stepped by the test.
#pragma once

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include <cerrno>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "front/grpc_wire.h"
#include "io/socket.h"

namespace keelson::front::test {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Reply {
  std::map<std::string, std::string> headers, trailers;
  int header_blocks = 0;
  std::string body;
  bool closed = false;
  uint32_t error = 0;  // of the stream's end

  std::string trailer(const std::string& name) const {
    const auto& where = header_blocks > 1 ? trailers : headers;
    const auto it = where.find(name);
    return it == where.end() ? "(none)" : it->second;
  }
  std::string header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? "(none)" : it->second;
  }
  // The messages in the body.
  std::vector<std::string> messages() const {
    std::vector<std::string> out;
    MessageCutter cutter(1u << 30);
    std::string_view rest = body;
    while (const auto message = cutter.next(rest)) out.emplace_back(*message);
    return out;
  }
};

inline std::string framed(std::string_view message, char flag = 0) {
  std::string out(kMessagePrefixBytes, '\0');
  put_message_prefix(out.data(), message.size());
  out[0] = flag;
  return out.append(message);
}

class H2Client {
 public:
  explicit H2Client(io::Fd fd, uint32_t window = 65535) : fd_(std::move(fd)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_option* option = nullptr;
    CHECK(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    CHECK(nghttp2_session_client_new2(&session_, callbacks, this, option) == 0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    CHECK(nghttp2_submit_settings(session_, 0, &entry, 1) == 0);
  }
  ~H2Client() { nghttp2_session_del(session_); }

  // A gRPC request; the body may be given now or later.
  int32_t call(std::string_view path, std::string body, bool end = true, HeaderList extra = {}) {
    HeaderList headers = {{":method", "POST"},
                          {":scheme", "http"},
                          {":path", std::string(path)},
                          {":authority", "test"},
                          {"content-type", "application/grpc"},
                          {"te", "trailers"}};
    for (auto& header : extra) headers.push_back(std::move(header));
    return request(headers, std::move(body), end);
  }

  int32_t request(const HeaderList& headers, std::string body, bool end) {
    std::vector<nghttp2_nv> nv;
    for (const auto& [name, value] : headers) {
      nv.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    if (end && body.empty()) {
      const int32_t only =
          nghttp2_submit_request(session_, nullptr, nv.data(), nv.size(), nullptr, nullptr);
      CHECK(only > 0);
      return only;
    }
    nghttp2_data_provider provider{};
    provider.read_callback = read_body;
    const int32_t id =
        nghttp2_submit_request(session_, nullptr, nv.data(), nv.size(), &provider, nullptr);
    CHECK(id > 0);
    uploads_[id] = {std::move(body), end};
    return id;
  }

  void more(int32_t id, std::string_view body, bool end) {
    uploads_[id].body.append(body);
    uploads_[id].end = end;
    (void)nghttp2_session_resume_data(session_, id);
  }
  void reset(int32_t id, uint32_t code = NGHTTP2_CANCEL) {
    CHECK(nghttp2_submit_rst_stream(session_, 0, id, code) == 0);
  }
  void ping() { CHECK(nghttp2_submit_ping(session_, 0, nullptr) == 0); }
  // Opens the windows for what was read.
  void consume(int32_t id, size_t bytes) {
    CHECK(nghttp2_session_consume(session_, id, bytes) == 0);
  }

  // What would be sent now.
  std::string take_output() {
    std::string out;
    for (;;) {
      const uint8_t* data = nullptr;
      const ssize_t n = nghttp2_session_mem_send(session_, &data);
      CHECK(n >= 0);
      if (n == 0) return out;
      out.append(reinterpret_cast<const char*>(data), static_cast<size_t>(n));
    }
  }

  // Sends and receives what can be; true if anything moved.
  bool step() {
    bool moved = send_all();
    char buffer[65536];
    for (;;) {
      const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN)) {
        if (!closed) moved = true;
        closed = true;
      }
      if (n <= 0) break;
      moved = true;
      raw.append(buffer, static_cast<size_t>(n));
      receives++;
      const ssize_t used = nghttp2_session_mem_recv(
          session_, bytes({buffer, static_cast<size_t>(n)}), static_cast<size_t>(n));
      CHECK(used == n);
    }
    return send_all() || moved;
  }

  int fd() const { return fd_.get(); }
  nghttp2_session* session() { return session_; }

  std::map<int32_t, Reply> replies;
  bool closed = false;  // the server closed
  int receives = 0;     // pieces that came
  int pings_acked = 0, pings = 0;
  std::vector<std::pair<uint32_t, std::string>> goaways;  // code, text
  std::string raw;                                        // all bytes that came

 private:
  struct Upload {
    std::string body;
    bool end = false;
  };

  static uint8_t* bytes(std::string_view s) {
    return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(s.data()));
  }
  static H2Client& self(void* user_data) { return *static_cast<H2Client*>(user_data); }

  bool send_all() {
    unsent_ += take_output();
    bool moved = false;
    while (!unsent_.empty()) {
      const ssize_t n =
          ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) break;
      moved = true;
      unsent_.erase(0, static_cast<size_t>(n));
    }
    return moved;
  }

  static ssize_t read_body(nghttp2_session*, int32_t id, uint8_t* buffer, size_t length,
                           uint32_t* flags, nghttp2_data_source*, void* user_data) {
    Upload& upload = self(user_data).uploads_[id];
    const size_t n = std::min(length, upload.body.size());
    upload.body.copy(reinterpret_cast<char*>(buffer), n);
    upload.body.erase(0, n);
    if (upload.body.empty() && upload.end) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (n == 0 && !upload.end) return NGHTTP2_ERR_DEFERRED;
    return static_cast<ssize_t>(n);
  }
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    self(user_data).replies[frame->hd.stream_id].header_blocks++;
    return 0;
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* user_data) {
    Reply& reply = self(user_data).replies[frame->hd.stream_id];
    auto& where = reply.header_blocks > 1 ? reply.trailers : reply.headers;
    where[std::string(reinterpret_cast<const char*>(name), name_size)] =
        std::string(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size,
                     void* user_data) {
    self(user_data).replies[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_close(nghttp2_session*, int32_t id, uint32_t code, void* user_data) {
    Reply& reply = self(user_data).replies[id];
    reply.closed = true;
    reply.error = code;
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    H2Client& client = self(user_data);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      client.goaways.emplace_back(
          frame->goaway.error_code,
          std::string(reinterpret_cast<const char*>(frame->goaway.opaque_data),
                      frame->goaway.opaque_data_len));
    }
    if (frame->hd.type == NGHTTP2_PING)
      ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 ? client.pings_acked : client.pings)++;
    return 0;
  }

  io::Fd fd_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Upload> uploads_;
  std::string unsent_;
};

}  // namespace keelson::front::test
