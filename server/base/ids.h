// Distinct types for the numbers that must never be mixed up. No implicit conversion either way.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace keelson {

template <typename Tag, typename Rep>
struct Id {
  using rep = Rep;
  Rep value{};

  constexpr Id() = default;
  constexpr explicit Id(Rep v) : value(v) {}
  constexpr auto operator<=>(const Id&) const = default;
  constexpr Id next() const { return Id(value + 1); }
  constexpr Id prev() const { return Id(value - 1); }
  constexpr Id plus(Rep n) const { return Id(value + n); }
};

using Term = Id<struct TermTag, uint64_t>;
using Index = Id<struct IndexTag, uint64_t>;      // of a raft log entry
using MemberId = Id<struct MemberTag, uint64_t>;  // 0 = nobody
using ClusterId = Id<struct ClusterTag, uint64_t>;
using Revision = Id<struct RevisionTag, int64_t>;  // main revision of the key space
using LeaseId = Id<struct LeaseTag, int64_t>;      // 0 = no lease
using Seq = Id<struct SeqTag, uint64_t>;  // local row number in the history table, dense, from 1

}  // namespace keelson

template <typename Tag, typename Rep>
struct std::hash<keelson::Id<Tag, Rep>> {
  size_t operator()(keelson::Id<Tag, Rep> id) const noexcept { return std::hash<Rep>()(id.value); }
};
