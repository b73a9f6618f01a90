// Refusals that the services decide themselves; texts and codes are wire contract (reference
// errors.md).
#pragma once

#include <string>

#include "base/status.h"

namespace keelson::rpc::errors {

inline Status empty_key() { return {Code::kInvalidArgument, "etcdserver: key is not provided"}; }
inline Status value_provided() { return {Code::kInvalidArgument, "etcdserver: value is provided"}; }
inline Status lease_provided() { return {Code::kInvalidArgument, "etcdserver: lease is provided"}; }
inline Status key_not_found() { return {Code::kInvalidArgument, "etcdserver: key not found"}; }
inline Status too_many_ops() {
  return {Code::kInvalidArgument, "etcdserver: too many operations in txn request"};
}
inline Status duplicate_key() {
  return {Code::kInvalidArgument, "etcdserver: duplicate key given in txn request"};
}
inline Status invalid_sort() { return {Code::kInvalidArgument, "etcdserver: invalid sort option"}; }
inline Status invalid_api_version() {
  return {Code::kInvalidArgument, "etcdserver: invalid client api version"};
}
inline Status request_too_large() {
  return {Code::kInvalidArgument, "etcdserver: request is too large"};
}
inline Status no_space() {
  return {Code::kResourceExhausted, "etcdserver: mvcc: database space exceeded"};
}
inline Status no_leader() { return {Code::kUnavailable, "etcdserver: no leader"}; }
inline Status learner() {
  return {Code::kFailedPrecondition, "etcdserver: rpc not supported for learner"};
}
inline Status bad_urls() {
  return {Code::kInvalidArgument, "etcdserver: given member URLs are invalid"};
}
inline Status member_not_found() { return {Code::kNotFound, "etcdserver: member not found"}; }
inline Status not_learner() {
  return {Code::kFailedPrecondition, "etcdserver: can only promote a learner member"};
}
// Declared FailedPrecondition in etcd's table, but arrives as Unknown.
inline Status not_enough_started() {
  return {Code::kUnknown, "etcdserver: re-configuration failed due to not enough started members"};
}
inline Status downgrade_format() {
  return {Code::kInvalidArgument, "etcdserver: wrong downgrade target version format"};
}
inline Status unknown_method() { return {Code::kUnknown, "etcdserver: unknown method"}; }
inline Status auth_not_enabled() {
  return {Code::kFailedPrecondition, "etcdserver: authentication is not enabled"};
}
inline Status stream_sorted() {
  return {Code::kUnimplemented, "RangeStream does not support custom sort orders"};
}
inline Status stream_filtered() {
  return {Code::kUnimplemented, "RangeStream does not support revision filters"};
}
inline Status unknown_service() { return {Code::kNotFound, "unknown service"}; }

// What grpc-go says when its codec refuses the bytes: of a unary request, of a message on a stream.
inline Status malformed_request() {
  return {Code::kInternal,
          "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data"};
}
inline Status malformed_message() {
  return {Code::kInternal,
          "grpc: failed to unmarshal the received message: proto: cannot parse invalid wire-format "
          "data"};
}
inline Status no_request_message() {
  return {Code::kInternal,
          "cardinality violation: received no request message from non-client-streaming RPC"};
}
inline Status several_request_messages() {
  return {Code::kInternal,
          "cardinality violation: received multiple request messages for non-client-streaming RPC"};
}
inline Status not_in_this_release(const std::string& what) {
  return {Code::kUnimplemented, "keelson: " + what + " is not implemented in this release"};
}
inline Status flooded() {
  return {Code::kResourceExhausted,
          "keelson: too many requests waiting on a stream that is not read"};
}

}  // namespace keelson::rpc::errors
