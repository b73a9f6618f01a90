// Certificates, keys and lists of one port as OpenSSL holds them: one immutable load of the files.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/tls.h"

namespace keelson::io {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* p) const {
    Free(p);
  }
};
using SslCtx = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;

// The oldest error in OpenSSL's queue, in words; empties the queue.
std::string openssl_error();

struct TlsMaterial {
  TlsOptions options;
  SslCtx context;
  std::set<std::string> revoked;  // serial numbers, big-endian
  // The client certificate was checked against a CA.
  bool verifies_clients = false;
  // Of the side that dials: whoever answers must be good for the name that was dialed.
  bool dials = false, verifies_servers = false;

  // Reads all files. Sessions made from it keep it alive.
  static Result<std::shared_ptr<TlsMaterial>> load(const TlsOptions& options);
  static Result<std::shared_ptr<TlsMaterial>> load_client(const TlsClientOptions& options);
};

// What changes when a file is replaced or written to.
struct FileStamp {
  int64_t mtime_ns = -1, size = -1;
  uint64_t inode = 0, device = 0;
  bool operator==(const FileStamp&) const = default;
};
// Of all files named in the options, in a fixed order.
std::vector<FileStamp> file_stamps(const TlsOptions& options);

// The last common name of a certificate's subject, as Go takes it.
std::string common_name(const X509* certificate);

// `host`: what was dialed, for material that dials.
std::unique_ptr<TlsSession> make_tls_session(std::shared_ptr<const TlsMaterial> material,
                                             const std::string& host = {});

}  // namespace keelson::io
