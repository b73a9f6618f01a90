#include "io/tls.h"

namespace keelson::io {

Result<std::unique_ptr<TlsServer>> TlsServer::create(TlsOptions, const Clock&, Log&) {
  return Status(Code::kUnimplemented, "TLS is not built yet");
}
Status make_self_signed(const std::string&, const std::vector<std::string>&, uint64_t, const Clock&,
                        Log&, TlsOptions&) {
  return {Code::kUnimplemented, "TLS is not built yet"};
}

}  // namespace keelson::io
