#include "rpc/maintenance.h"

#include "rpc/decode.h"
#include "rpc/errors.h"
#include "rpc/kv.h"
#include "rpc/text.h"

namespace keelson::rpc {
namespace {

// Asks for something that takes no arguments.
template <typename What>
void ask_plainly(Unary& call, std::string_view request) {
  std::array<int64_t, 0> none;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kEmpty, request, none))
    return call.refuse(errors::malformed_request());
  call.ask(What{});
}

enum AlarmAction : int32_t { kGet = 0, kActivate = 1, kDeactivate = 2 };
enum DowngradeAction : int32_t { kValidate = 0, kEnable = 1, kCancel = 2 };

}  // namespace

// etcd answers GET through the log, too; a look at the applied state behind a read barrier says the
// same. An action outside the enum makes etcd crash; it is refused here.
void maintenance_alarm(Unary& call, std::string_view request) {
  std::array<int64_t, 3> numbers;  // action, member, alarm
  PlainBytes plain;
  if (!plain.decode(RequestKind::kAlarm, request, numbers))
    return call.refuse(errors::malformed_request());
  switch (static_cast<int32_t>(numbers[0])) {
    case kGet:
      return call.ask(node::AlarmList{static_cast<int32_t>(numbers[2])});
    case kActivate:
    case kDeactivate:
      return propose(call, {.field = apply::field::kAlarm, .body = std::string(plain.bytes())});
    default:
      return call.refuse(errors::unknown_method());
  }
}

void maintenance_status(Unary& call, std::string_view request) {
  ask_plainly<node::MaintenanceStatus>(call, request);
}

void maintenance_defragment(Unary& call, std::string_view request) {
  ask_plainly<node::Defragment>(call, request);
}

void maintenance_hash(Unary& call, std::string_view request) {
  ask_plainly<node::Hash>(call, request);
}

void maintenance_hash_kv(Unary& call, std::string_view request) {
  std::array<int64_t, 1> numbers;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kHashKv, request, numbers))
    return call.refuse(errors::malformed_request());
  call.ask(node::HashKv{numbers[0]});
}

void maintenance_move_leader(Unary& call, std::string_view request) {
  std::array<int64_t, 1> numbers;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kMoveLeader, request, numbers))
    return call.refuse(errors::malformed_request());
  call.ask(node::MoveLeader{MemberId(static_cast<uint64_t>(numbers[0]))});
}

void maintenance_downgrade(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kDowngrade, request))
    return call.refuse(errors::malformed_request());
  node::Downgrade wanted;
  StrictReader reader(plain.bytes());
  std::string_view version;
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) wanted.action = static_cast<int32_t>(f.number_value);
    if (f.number == 2) version = f.bytes;
  }
  if (wanted.action < kValidate || wanted.action > kCancel)
    return call.refuse(errors::unknown_method());
  if (wanted.action != kCancel) {
    auto target = cluster_version(version);
    if (!target) return call.refuse(errors::downgrade_format());
    wanted.version = std::move(*target);
  }
  call.ask(std::move(wanted));
}

}  // namespace keelson::rpc
