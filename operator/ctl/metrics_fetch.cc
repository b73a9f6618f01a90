#include "ctl/metrics_fetch.h"

#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>

#include "ctl/certificate_names.h"

namespace keelson::ctl {
namespace {

constexpr size_t kPageBytesMax = 16 * 1024 * 1024;
constexpr time_t kSocketTimeoutS = 10;

Failure fetch_error(const std::string& why) { return {kExitError, "fetch error: " + why}; }

// A connected socket that closes itself.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

int connect_to(const std::string& host, const std::string& port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  timeval limit = {kSocketTimeoutS, 0};
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    int fd = ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol);
    if (fd < 0) continue;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(fd, each->ai_addr, each->ai_addrlen) == 0) return fd;
    ::close(fd);
  }
  return -1;
}

// Bytes to and from the member, plain or over TLS.
class Stream {
 public:
  virtual ~Stream() = default;
  virtual bool write(const std::string& text) = 0;
  // 0 at the end, negative on an error.
  virtual ssize_t read(char* buffer, size_t size) = 0;
};

class PlainStream : public Stream {
 public:
  explicit PlainStream(int fd) : fd_(fd) {}
  bool write(const std::string& text) override {
    ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    return sent == static_cast<ssize_t>(text.size());
  }
  ssize_t read(char* buffer, size_t size) override { return ::recv(fd_, buffer, size, 0); }

 private:
  int fd_;
};

class TlsStream : public Stream {
 public:
  // Shakes hands; a failure when the member or our files do not allow it.
  static Result<std::unique_ptr<Stream>> open(int fd, const std::string& host,
                                              const TlsConfig& config) {
    auto stream = std::make_unique<TlsStream>();
    SSL_CTX* context = stream->context_.get();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, config.skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    const char* ca = config.ca_file.c_str();
    bool roots = config.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                        : SSL_CTX_load_verify_locations(context, ca, nullptr) == 1;
    if (!roots) return fetch_error("unusable CA certificates");
    if (!config.cert_file.empty() &&
        (SSL_CTX_use_certificate_chain_file(context, config.cert_file.c_str()) != 1 ||
         SSL_CTX_use_PrivateKey_file(context, config.key_file.c_str(), SSL_FILETYPE_PEM) != 1)) {
      return fetch_error("unusable client certificate");
    }
    if (!stream->connect(fd, host)) return fetch_error("tls handshake with " + host + " failed");
    return std::unique_ptr<Stream>(std::move(stream));
  }

  TlsStream()
      : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), ssl_(nullptr, &SSL_free) {}
  bool write(const std::string& text) override {
    int size = static_cast<int>(text.size());
    return SSL_write(ssl_.get(), text.data(), size) == size;
  }
  ssize_t read(char* buffer, size_t size) override {
    int count = SSL_read(ssl_.get(), buffer, static_cast<int>(size));
    bool ended = count <= 0 && SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
    return ended ? 0 : count > 0 ? count : -1;
  }

 private:
  bool connect(int fd, const std::string& host) {
    ssl_.reset(SSL_new(context_.get()));
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) != 1) {
      X509_VERIFY_PARAM_set1_host(rules, host.c_str(), host.size());
      SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
    }
    return SSL_set_fd(ssl_.get(), fd) == 1 && SSL_connect(ssl_.get()) == 1;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

// Asks with HTTP/1.0, so that the answer simply ends with the connection.
Result<std::string> get_page(Stream& stream, const std::string& authority) {
  if (!stream.write("GET /metrics HTTP/1.0\r\nHost: " + authority + "\r\n\r\n")) {
    return fetch_error("cannot write to " + authority);
  }
  std::string page;
  std::array<char, 65536> buffer;
  while (page.size() < kPageBytesMax) {
    ssize_t count = stream.read(buffer.data(), buffer.size());
    if (count < 0 && page.empty()) return fetch_error("no answer from " + authority);
    if (count <= 0) return page;
    page.append(buffer.data(), static_cast<size_t>(count));
  }
  return fetch_error("the page is too large");
}

}  // namespace

Result<double> find_metric(std::string_view page, std::string_view name) {
  while (!page.empty()) {
    std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(line.size() + 1, page.size()));
    if (!line.starts_with(name) || line.size() == name.size() || line[name.size()] != ' ') continue;
    std::string value(line.substr(name.size() + 1));
    char* end = nullptr;
    double number = std::strtod(value.c_str(), &end);
    if (end != value.c_str()) return number;
  }
  return Failure{kExitError, "could not find: " + std::string(name)};
}

Result<double> fetch_resident_bytes(const std::string& endpoint, const TlsConfig& tls) {
  bool secure = endpoint.starts_with("https://");
  size_t mark = endpoint.find("://");
  std::string authority = mark == std::string::npos ? endpoint : endpoint.substr(mark + 3);
  size_t colon = authority.rfind(':');
  if (colon == std::string::npos) return fetch_error("no port in " + endpoint);
  std::string host = host_of(authority);
  Socket socket(connect_to(host, authority.substr(colon + 1)));
  if (socket.fd() < 0) return fetch_error("cannot connect to " + endpoint);
  std::unique_ptr<Stream> stream = std::make_unique<PlainStream>(socket.fd());
  if (secure) {
    Result<std::unique_ptr<Stream>> opened = TlsStream::open(socket.fd(), host, tls);
    if (!opened.ok()) return opened.failure();
    stream = std::move(*opened);
  }
  Result<std::string> page = get_page(*stream, authority);
  if (!page.ok()) return page.failure();
  return find_metric(*page, "process_resident_memory_bytes");
}

}  // namespace keelson::ctl
