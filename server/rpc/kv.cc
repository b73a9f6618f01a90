#include "rpc/kv.h"

#include "base/bytes.h"
#include "rpc/decode.h"
#include "rpc/errors.h"
#include "rpc/txn_check.h"

namespace keelson::rpc {
namespace {

namespace field = apply::field;

// Length of etcd's InternalRaftRequest around a body: the body's own tag and length, and the header
// (field 100) with the request id, whose width follows from the member id as etcd makes ids.
size_t raft_request_size(uint32_t number, size_t body_size, MemberId member) {
  const uint64_t id = (member.value & 0xffff) << 48 | 0xffffffffffff;
  const size_t header_size = wire::uint_size(1, id);
  return wire::message_size(field::kHeader, header_size) + wire::message_size(number, body_size);
}

// Bytes around a body that is a header at its widest.
constexpr size_t kFramingBytesMax = 64;

bool too_large(const Unary& call, const node::Proposal& proposal) {
  const uint64_t limit = call.settings().max_request_bytes;
  if (proposal.body.size() + kFramingBytesMax <= limit) return false;
  return raft_request_size(proposal.field, proposal.body.size(), call.facts().member) > limit;
}

// etcd asks the quota before it looks at the request's shape, so a bad request over the quota is
// answered with the quota's error.
void refuse_costly(Unary& call, const Status& status, int64_t cost) {
  call.refuse(cost > 0 && cost >= call.facts().quota_left ? errors::no_space() : status);
}

}  // namespace

void propose(Unary& call, node::Proposal&& proposal) {
  if (too_large(call, proposal))
    return refuse_costly(call, errors::request_too_large(), proposal.quota_cost);
  call.ask(std::move(proposal));
}

node::RangeQuery to_query(const apply::RangeView& view) {
  node::RangeQuery query;
  query.key = view.key;
  query.end = view.end;
  query.limit = view.limit;
  query.revision = view.revision;
  query.sort_order = static_cast<uint8_t>(view.sort_order);
  query.sort_target = static_cast<uint8_t>(view.sort_target);
  query.serializable = view.serializable;
  query.keys_only = view.keys_only;
  query.count_only = view.count_only;
  query.min_mod_revision = view.min_mod_revision;
  query.max_mod_revision = view.max_mod_revision;
  query.min_create_revision = view.min_create_revision;
  query.max_create_revision = view.max_create_revision;
  return query;
}

void kv_range(Unary& call, std::string_view request) {
  apply::RangeView view;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kRange, request, view))
    return call.refuse(errors::malformed_request());
  if (call.loop().learner() && !view.serializable) return call.refuse(errors::learner());
  const Status status = check_range(view.key, view.sort_order, view.sort_target);
  if (!status.ok()) return call.refuse(status);
  call.ask(to_query(view));
}

void kv_put(Unary& call, std::string_view request) {
  apply::PutView view;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kPut, request, view))
    return call.refuse(errors::malformed_request());
  const int64_t cost = put_cost(view.key.size(), view.value.size());
  const Status status =
      check_put(view.key, view.ignore_value, view.value.size(), view.ignore_lease, view.lease);
  if (!status.ok()) return refuse_costly(call, status, cost);
  propose(call, {.field = field::kPut, .body = std::string(plain.bytes()), .quota_cost = cost});
}

void kv_delete_range(Unary& call, std::string_view request) {
  apply::DeleteView view;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kDeleteRange, request, view))
    return call.refuse(errors::malformed_request());
  if (const Status status = check_delete(view.key); !status.ok()) return call.refuse(status);
  propose(call, {.field = field::kDeleteRange, .body = std::string(plain.bytes())});
}

void kv_txn(Unary& call, std::string_view request) {
  TxnTree& txn = call.loop().txn_tree();
  PlainBytes plain;
  if (!plain.decode(RequestKind::kTxn, request, txn))
    return call.refuse(errors::malformed_request());
  const int64_t cost = txn_cost(txn);
  if (const Status status = check_txn(txn, call.settings().max_txn_ops); !status.ok())
    return refuse_costly(call, status, cost);
  std::string body(plain.bytes());
  const TxnClass found = classify(txn);
  if (found == TxnClass::kWrite)
    return propose(call, {.field = field::kTxn, .body = std::move(body), .quota_cost = cost});
  call.ask(node::ReadTxn{std::move(body), found == TxnClass::kSerializable});
}

void kv_compact(Unary& call, std::string_view request) {
  std::array<int64_t, 2> numbers;  // revision, physical
  PlainBytes plain;
  if (!plain.decode(RequestKind::kCompaction, request, numbers))
    return call.refuse(errors::malformed_request());
  propose(call, {.field = field::kCompaction,
                 .body = std::string(plain.bytes()),
                 .physical = numbers[1] != 0});
}

}  // namespace keelson::rpc
