// Go's names of cipher suites, as --cipher-suites takes them, in OpenSSL's words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace keelson::io {

// The list for SSL_CTX_set_cipher_list (TLS 1.2 and below), in the given order. Suites of TLS 1.3
// are not negotiable in Go and ignored here, too; so are those that OpenSSL no longer has (RC4,
// 3DES). Unknown names: `unexpected TLS cipher suite "X"`.
Result<std::string> openssl_cipher_list(const std::vector<std::string>& go_names);

}  // namespace keelson::io
