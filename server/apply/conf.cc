// Configuration changes: checked again when applied, because two of them may have raced to the log.
#include "apply/applier.h"
#include "base/wire.h"

namespace keelson::apply {

bool decode(std::string_view in, ConfEntry& out) {
  wire::Reader reader(in);
  for (wire::Field f; reader.next(f);) {
    if (f.number == 1) out.request_id = f.number_value;
    if (f.number == 2) out.type = static_cast<uint8_t>(f.number_value);
    if (f.number == 3) out.node = MemberId(f.number_value);
    if (f.number == 4 && f.type == wire::Type::kBytes) out.context = f.bytes;
  }
  return reader.ok();
}

std::string encode(const ConfEntry& in) {
  std::string out;
  wire::put_uint(out, 1, in.request_id);
  wire::put_tag(out, 2, wire::Type::kVarint);  // proto2: etcd writes the zero of AddNode too
  put_varint(out, in.type);
  wire::put_uint(out, 3, in.node.value);
  wire::put_bytes(out, 4, in.context);
  return out;
}

namespace {

Status change_members(Membership& members, const ConfEntry& conf, int learners_max) {
  enum { kAdd = 0, kRemove = 1, kUpdate = 2, kAddLearner = 3 };
  if (conf.type == kRemove) {
    if (Status s = members.check_remove(conf.node); !s.ok()) return s;
    members.remove(conf.node);
    return Status();
  }
  const auto change = member_from_json(conf.context);
  CHECK(change.has_value() && change->member.id == conf.node);
  if (conf.type == kUpdate) {
    if (Status s = members.check_update(conf.node, change->member.peer_urls); !s.ok()) return s;
    members.update_peer_urls(conf.node, change->member.peer_urls);
    return Status();
  }
  if (change->promote) {
    if (Status s = members.check_promote(conf.node); !s.ok()) return s;
    members.promote(conf.node);
    return Status();
  }
  CHECK(conf.type == kAdd || conf.type == kAddLearner);
  if (Status s = members.check_add(change->member, learners_max); !s.ok()) return s;
  members.add(change->member);
  return Status();
}

}  // namespace

AppliedConf Applier::execute_conf(Index index, Term term, std::string_view data) {
  ConfEntry conf;
  CHECK(decode(data, conf));
  state_.store.begin_entry(index, term);
  AppliedConf out;
  out.request_id = conf.request_id;
  out.status = change_members(state_.membership, conf, settings_.learners_max);
  if (out.status.ok()) out.node = conf.node;
  state_.store.end_entry();
  return out;
}

}  // namespace keelson::apply
