#include "rpc/cluster.h"

#include "rpc/decode.h"
#include "rpc/errors.h"
#include "rpc/text.h"

namespace keelson::rpc {
namespace {

std::string trimmed(std::string_view in) {
  while (!in.empty() && in.front() == ' ') in.remove_prefix(1);
  while (!in.empty() && in.back() == ' ') in.remove_suffix(1);
  return std::string(in);
}

// A request that holds more than numbers.
struct IdAndUrls {
  int64_t number = 0;  // the id, or the learner flag
  std::vector<std::string> urls;
  bool urls_good = true;
};

IdAndUrls read_member(std::string_view plain, uint32_t number_field, uint32_t url_field) {
  IdAndUrls out;
  StrictReader reader(plain);
  for (wire::Field f; reader.next(f); reader.allow_repeat()) {
    if (f.number == url_field && f.type == wire::Type::kBytes) {
      out.urls.emplace_back(trimmed(f.bytes));
      out.urls_good = out.urls_good && is_peer_url(f.bytes);
    } else if (f.number == number_field) {
      out.number = f.as_int64();
    }
  }
  return out;
}

MemberId member_id(int64_t number) { return MemberId(static_cast<uint64_t>(number)); }

}  // namespace

void cluster_member_add(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kMemberAdd, request))
    return call.refuse(errors::malformed_request());
  IdAndUrls member = read_member(plain.bytes(), 2, 1);
  if (member.urls.empty() || !member.urls_good) return call.refuse(errors::bad_urls());
  call.ask(node::MemberAdd{std::move(member.urls), member.number != 0});
}

void cluster_member_remove(Unary& call, std::string_view request) {
  std::array<int64_t, 1> id;
  PlainBytes plain;
  if (!plain.decode(RequestKind::kMemberRemove, request, id))
    return call.refuse(errors::malformed_request());
  call.ask(node::MemberRemove{member_id(id[0])});
}

void cluster_member_update(Unary& call, std::string_view request) {
  PlainBytes plain;
  if (!plain.encode_anew(RequestKind::kMemberUpdate, request))
    return call.refuse(errors::malformed_request());
  IdAndUrls member = read_member(plain.bytes(), 1, 2);
  call.ask(node::MemberUpdate{member_id(member.number), std::move(member.urls)});
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
  call.ask(node::MemberPromote{member_id(id[0])});
}

}  // namespace keelson::rpc
