// TLS for one stream of bytes, apart from any socket: ciphertext goes in and comes out as bytes, so
// that a turn of a loop costs one recv and one send. OpenSSL stays behind this header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/status.h"

namespace keelson::io {

struct TlsOptions {
  std::string cert_file, key_file;
  std::string trusted_ca_file;    // given: clients need a certificate that it signed, as in etcd
  bool client_cert_auth = false;  // without a CA file: the system's CAs count
  std::string crl_file;           // serial numbers in it are refused, whoever issued them
  std::vector<std::string> allowed_cn, allowed_hostname;  // of client certificates; not both
  std::vector<std::string> cipher_suites;                 // Go's names; empty: OpenSSL's choice
  std::string min_version = "TLS1.2", max_version;        // "TLS1.2", "TLS1.3"; empty: no bound
  std::vector<std::string> alpn = {"h2", "http/1.1"};     // in order of preference
};

// The server's side of one connection. One owner.
class TlsSession {
 public:
  enum class State { kHandshake, kOpen, kFailed };
  virtual ~TlsSession() = default;

  // Takes bytes from the peer; they must all be read() or the handshake driven before the next
  // feed().
  virtual void feed(std::string_view ciphertext) = 0;
  // Goes on with the handshake; what has to be sent is appended to `ciphertext` (alerts too).
  virtual State handshake(std::string& ciphertext) = 0;
  // Up to `size` bytes of plaintext; 0: nothing more now, or the peer said goodbye (ended()), or
  // failure.
  virtual size_t read(char* buffer, size_t size, std::string& ciphertext) = 0;
  virtual bool ended() const = 0;
  // Encrypts; false after failure.
  virtual bool write(std::string_view plaintext, std::string& ciphertext) = 0;
  // The goodbye (close_notify).
  virtual void end(std::string& ciphertext) = 0;

  virtual State state() const = 0;
  virtual std::string_view alpn() const = 0;              // chosen protocol; empty if none
  virtual std::string_view certificate_name() const = 0;  // common name of the client's certificate
  virtual std::string_view server_name() const = 0;       // asked for by the client; after failure
  virtual const std::string& failure() const = 0;         // text for the log
  // Subject alternative names of the other side's certificate, when there is one that was checked:
  // addresses in text, names as they stand.
  struct AlternativeNames {
    std::vector<std::string> addresses, names;
  };
  virtual AlternativeNames alternative_names() const = 0;
};

// Certificates and rules of one port. Files are looked at again, at most once a second, by a job on
// `files`: neither look() nor begin() waits for a disk. Sessions that begin after the job has ended
// get what it found; what cannot be loaded (a half-written pair) is reported and the old material
// stays in use. Thread-safe.
class TlsServer {
 public:
  // Reads the files here and now. `files`, `clock` and `log` outlive the server; jobs may outlive
  // it.
  static Result<std::unique_ptr<TlsServer>> create(TlsOptions options, Executor& files,
                                                   const Clock& clock, Log& log);
  virtual ~TlsServer() = default;
  // Looks, too.
  virtual std::unique_ptr<TlsSession> begin() = 0;
  // For the owner of a port to call every kTlsLook: else the first client after a quiet night would
  // be shown a certificate that was replaced hours ago.
  virtual void look() = 0;
};
inline constexpr Duration kTlsLook = std::chrono::seconds(10);

// The other direction: this process dials and checks who answers.
struct TlsClientOptions {
  std::string cert_file, key_file;    // shown when the server asks; empty: none
  std::string trusted_ca_file;        // empty: the system's CAs
  bool insecure_skip_verify = false;  // any certificate will do (--peer-auto-tls)
  std::string crl_file;               // serial numbers in it are refused
  std::vector<std::string> allowed_cn, allowed_hostname;  // of server certificates; not both
  std::vector<std::string> cipher_suites;                 // Go's names; empty: OpenSSL's choice
  std::string min_version = "TLS1.2", max_version;
};

// Rules for all connections to one kind of server. Files are looked at again like TlsServer's.
// Thread-safe.
class TlsClient {
 public:
  static Result<std::unique_ptr<TlsClient>> create(TlsClientOptions options, Executor& files,
                                                   const Clock& clock, Log& log);
  virtual ~TlsClient() = default;
  // `host` is what was dialed, a name or an address: the server's certificate must be good for it.
  // Names are told to the server (SNI), addresses are not. No ALPN is offered.
  virtual std::unique_ptr<TlsSession> begin(const std::string& host) = 0;
  virtual void look() = 0;  // as TlsServer's
};

// --auto-tls: makes `directory`/cert.pem and key.pem unless both are there, and names them in
// `options`. `hosts` are the addresses and names the certificate is good for.
Status make_self_signed(const std::string& directory, const std::vector<std::string>& hosts,
                        uint64_t validity_years, const Clock& clock, Log& log, TlsOptions& options);

}  // namespace keelson::io
