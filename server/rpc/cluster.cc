#include "rpc/cluster.h"

#include "rpc/decode.h"
#include "rpc/errors.h"
#include "rpc/text.h"

namespace keelson::rpc {
namespace {

Status next_release() { return errors::not_in_this_release("changing the membership"); }

bool is_self(const Unary& call, int64_t id) {
  return MemberId(static_cast<uint64_t>(id)) == call.facts().member;
}

// The first field of a request that holds more than numbers.
struct IdAndUrls {
  int64_t id = 0;
  std::vector<std::string> urls;
  bool urls_good = true;
};

IdAndUrls read_member(std::string_view plain, uint32_t id_field, uint32_t url_field) {
  IdAndUrls out;
  StrictReader reader(plain);
  for (wire::Field f; reader.next(f); reader.allow_repeat()) {
    if (f.number == url_field && f.type == wire::Type::kBytes) {
      out.urls.emplace_back(f.bytes);
      out.urls_good = out.urls_good && is_peer_url(f.bytes);
    } else if (f.number == id_field) {
      out.id = f.as_int64();
    }
  }
  return out;
}

}  // namespace

void cluster_member_add(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kMemberAdd, request))
    return call.refuse(errors::malformed_request());
  const IdAndUrls member = read_member(plain.bytes(), 0, 1);
  if (member.urls.empty() || !member.urls_good) return call.refuse(errors::bad_urls());
  call.ask(node::MemberUrlsCheck{MemberId(), member.urls, next_release()});
}

// The last started voter must stay; a member that is not there cannot be removed.
void cluster_member_remove(Unary& call, std::string_view request) {
  std::array<int64_t, 1> id;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kMemberRemove, request, id))
    return call.refuse(errors::malformed_request());
  if (!is_self(call, id[0])) return call.refuse(errors::member_not_found());
  if (call.settings().strict_reconfig_check) return call.refuse(errors::not_enough_started());
  call.refuse(next_release());
}

void cluster_member_update(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kMemberUpdate, request))
    return call.refuse(errors::malformed_request());
  const IdAndUrls member = read_member(plain.bytes(), 1, 2);
  if (!is_self(call, member.id)) return call.refuse(errors::member_not_found());
  call.ask(node::MemberUrlsCheck{call.facts().member, member.urls, next_release()});
}

void cluster_member_list(Unary& call, std::string_view request) {
  std::array<int64_t, 1> linearizable;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kMemberList, request, linearizable))
    return call.refuse(errors::malformed_request());
  call.ask(node::MemberList{linearizable[0] != 0});
}

void cluster_member_promote(Unary& call, std::string_view request) {
  std::array<int64_t, 1> id;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kMemberPromote, request, id))
    return call.refuse(errors::malformed_request());
  call.refuse(is_self(call, id[0]) ? errors::not_learner() : errors::member_not_found());
}

}  // namespace keelson::rpc
