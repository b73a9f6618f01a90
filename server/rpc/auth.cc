#include "rpc/auth.h"

#include "rpc/decode.h"
#include "rpc/errors.h"
#include "rpc/header.h"

namespace keelson::rpc {

// enabled = false is not written; the auth revision starts at 1 and nothing moves it.
void auth_status(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kEmpty, request))
    return call.refuse(errors::malformed_request());
  constexpr uint32_t kAuthRevisionField = 3;
  const node::Facts facts = call.facts();
  std::string body;
  put_header(body, facts, facts.revision);
  wire::put_uint(body, kAuthRevisionField, 1);
  call.reply(std::move(body));
}

void auth_authenticate(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kAuthenticate, request))
    return call.refuse(errors::malformed_request());
  call.refuse(errors::auth_not_enabled());
}

void auth_not_yet(Unary& call, std::string_view) {
  call.refuse(errors::not_in_this_release("authentication"));
}

}  // namespace keelson::rpc
